"""One training step on all devices."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from xraykit.model.augmentation import RadiographAugmentation
from xraykit.model.library_internals import run_graph
from xraykit.model.tensorflow.mirrored.copy import MirroredCopy, batch_spec
from xraykit.model.tensorflow.mirrored.layers import in_training, on_rows
from xraykit.model.tensorflow.mirrored.rows import Rows, device_number, device_sum
from xraykit.model.tensorflow.mirrored.seeds import generators, seeded

Tensor = Any


class MirroredStep:
    """One training step on all devices.

    Args:
        model: The network that is trained, compiled.
        copy: Of it, which computes the gradients.
    """

    def __init__(self, model: keras.Model, copy: MirroredCopy) -> None:
        self._model, self._copy = model, copy
        self._augment = keras.Function(model.inputs[0], _augmented(model))
        self._network = keras.Function(_augmented(copy.network), copy.network.outputs[0])
        # What is trainable may have changed since the copy was made.
        for layer, other in zip(copy.network.layers, model.layers, strict=True):
            if layer.trainable != other.trainable:
                layer.trainable = other.trainable
        self._tracker = next(metric for metric in model.metrics if metric.name == "loss")
        self._random = list(zip(generators(model.layers), generators(copy.network.layers), strict=True))

    def traced(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The step as a function of pixels and labels of a whole batch; gives the epoch's loss so far."""
        logits = batch_spec(self._model.outputs[0])
        labels = tf.TensorSpec(logits.shape, tf.float32)
        # Traced outside of the strategy, in which Keras divides losses by the number of devices.
        self._loss = tf.function(self._model.loss, autograph=False).get_concrete_function(labels, logits)
        takes = [batch_spec(self._model.inputs[0]), labels]
        return tf.function(self, input_signature=takes, autograph=False)  # type: ignore[no-any-return]

    def __call__(self, pixels: Tensor, targets: Tensor) -> Tensor:
        """Train on a whole batch, pixels and labels; gives the epoch's loss so far."""
        self._copy.refresh()
        pixels = run_graph(self._augment, pixels, in_training)
        rows = self._copy.rows(tf.shape(targets)[0])
        # Divided here, so that each device gets its own rows alone.
        parts = [each.own(pixels) for each in rows]
        with seeded([(generator, own.of.next()) for own, generator in self._random]):
            results = self._copy.strategy.run(
                lambda: self._replica(rows[device_number()], parts[device_number()], targets)
            )
        loss, gradients, statistics = tf.nest.map_structure(self._copy.first, results)
        self._model.optimizer.apply(gradients, self._model.trainable_variables)
        for name, (mean, variance) in statistics.items():
            layer = self._model.get_layer(name)
            for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
                moving.assign(moving * layer.momentum + batch * (1 - layer.momentum))
        self._tracker.update_state(loss, sample_weight=tf.shape(targets)[0])
        return self._tracker.result()

    def _replica(self, rows: "Rows", pixels: Tensor, targets: Tensor) -> tuple[Tensor, list[Tensor], dict[str, Any]]:
        """On one device: the loss of the whole batch, all its gradients, and the statistics of normalisation."""
        statistics: dict[str, tuple[Tensor, Tensor]] = {}
        with tf.GradientTape() as tape:
            own = run_graph(self._network, pixels, lambda each: on_rows(each, rows, statistics))
            # Every device computes the loss of the whole batch, whatever the loss is: `mean` in it means all rows.
            loss = self._loss(targets, rows.of_all(own)) + _penalty(self._copy.network.layers)
            scaled = self._model.optimizer.scale_loss(loss) / self._copy.devices
        learning = [variable.value for variable in self._copy.learning()]
        return loss, device_sum(tape.gradient(scaled, learning, unconnected_gradients="zero")), statistics


def _augmented(model: keras.Model) -> Any:
    """The pixels after the augmentation, symbolically."""
    changed = [layer.output for layer in model.layers if isinstance(layer, RadiographAugmentation)]
    return changed[-1] if changed else model.inputs[0]


def _penalty(layers: Sequence[keras.Layer]) -> Tensor:
    """The sum of the layers' regularisation."""
    return tf.add_n([tf.zeros([]), *(tf.cast(each, tf.float32) for layer in layers for each in layer.losses)])
