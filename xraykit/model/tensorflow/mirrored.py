"""Training on several devices under TensorFlow: ``MirroredStrategy`` with the arithmetic of one device.

The network that is trained stays on the first device, with its optimizer. A copy of it with mirrored variables, which
takes its values at each step, computes the gradients: each device handles its rows of the batch. Sums over all devices
make the statistics of batch normalisation, the loss and the gradients those of the whole batch. What is random is
drawn for the whole batch, and each device takes its rows. The result is that of one device up to the order of
summation; checkpoints, optimizers and schedules are those of one device.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xraykit.errors import ModelError
from xraykit.model.augmentation import RadiographAugmentation
from xraykit.model.backend import DeviceGroup
from xraykit.model.build import FEATURE_MAP
from xraykit.model.library_internals import run_graph
from xraykit.model.networks import network_of
from xraykit.model.tensorflow.steps import ModelInPieces

Tensor = Any

_DROPOUTS = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)


class MirroredGroup(DeviceGroup):
    """The devices of this machine that TensorFlow has.

    Args:
        names: Of the devices, as TensorFlow calls them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        gpus = all("GPU" in name for name in names)
        # Named, so that a sum is one operation over all devices. By default each device would take part in collectives
        # that are numbered in the order of tracing, which sums of sums do not keep.
        sums = tf.distribute.NcclAllReduce() if gpus else tf.distribute.ReductionToOneDevice()
        self.strategy = tf.distribute.MirroredStrategy(list(names), cross_device_ops=sums)
        self.devices = len(names)

    def placement(self) -> AbstractContextManager[Any]:
        """See :class:`.DeviceGroup`."""
        scope: AbstractContextManager[Any] = self.strategy.scope()
        return scope

    def copy(self, model: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
        """See :class:`.DeviceGroup`: the copy is for the gradients, and ``model`` itself is trained."""
        self._mirrored = super().copy(model, build)
        return model

    def trainee(self, model: keras.Model) -> keras.Model:
        """See :class:`.DeviceGroup`."""
        trainee = MirroredModel(model.inputs, model.outputs, name=model.name)
        trainee.take(network_of(model, FEATURE_MAP), one_call=True)
        trainee.mirror(self._mirrored, self.strategy)
        return trainee


class MirroredModel(ModelInPieces):
    """A model whose ``fit`` and ``predict`` divide each batch among devices; made by :class:`MirroredGroup`."""

    def mirror(self, copied: keras.Model, strategy: tf.distribute.Strategy) -> None:
        """Compute on the devices of a strategy.

        Args:
            copied: A network of the same structure with mirrored variables.
            strategy: That it was built with.
        """
        self._copy = _Copy(self, copied, strategy)
        self._step: Callable[[Tensor, Tensor], Tensor] | None = None
        self._forward: Callable[[Tensor], Tensor] | None = None

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile as every Keras model."""
        self._step = None
        super().compile(*args, **settings)

    def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """One step; gives the mean loss of the epoch so far, as Keras does."""
        if self._step is None:
            self._step = _Step(self, self._copy).traced()
        pixels, targets = data
        return {"loss": self._step(tf.cast(pixels, self.inputs[0].dtype), targets)}

    def predict(self, *args: Any, **settings: Any) -> np.ndarray:
        """Outputs ``(n, …)`` of all batches in order."""
        self._copy.refresh()
        outputs: np.ndarray = super().predict(*args, **settings)
        return outputs

    def predict_step(self, data: Any) -> Tensor:
        """Logits of one batch."""
        pixels, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        if self._forward is None:
            self._forward = self._copy.inference()
        return self._forward(tf.cast(pixels, self.inputs[0].dtype))


class _Copy:
    """A network with mirrored variables. No layer itself, so that Keras does not count its variables.

    Args:
        model: The network that is trained.
        network: Of the same structure.
        strategy: That it was built with.
    """

    def __init__(self, model: keras.Model, network: keras.Model, strategy: tf.distribute.Strategy) -> None:
        self.model, self.network, self.strategy = model, network, strategy
        self.devices: int = strategy.num_replicas_in_sync
        self._pairs = list(zip(network.variables, model.variables, strict=True))

    def refresh(self) -> None:
        """Take the values of the network that is trained."""
        for variable, source in self._pairs:
            variable.assign(source.value)

    def learning(self) -> list[Any]:
        """The variables of the copy that correspond to what the model trains, in its order."""
        mirrored = {source.path: variable for variable, source in self._pairs}
        return [mirrored[variable.path] for variable in self.model.trainable_variables]

    def rows(self, total: Tensor) -> "list[_Rows]":
        """Which rows of a batch each device handles."""
        return [_Rows(number, total, self.devices) for number in range(self.devices)]

    def first(self, values: Any) -> Tensor:
        """The value of the first device, of values that are the same on all."""
        return self.strategy.experimental_local_results(values)[0]

    def inference(self) -> Callable[[Tensor], Tensor]:
        """From pixels of a whole batch to outputs."""

        def infer(pixels: Tensor) -> Tensor:
            rows = self.rows(tf.shape(pixels)[0])
            parts = [each.own(pixels) for each in rows]
            results = self.strategy.run(lambda: self.network(parts[_number()], training=False))
            outputs = self.strategy.experimental_local_results(results)
            return tf.concat([each.counting(part) for each, part in zip(rows, outputs, strict=True)], 0)

        takes = [_spec(self.model.inputs[0])]
        return tf.function(infer, input_signature=takes, autograph=False)  # type: ignore[no-any-return]


class _Step:
    """One training step on all devices."""

    def __init__(self, model: MirroredModel, copy: _Copy) -> None:
        self._model, self._copy = model, copy
        self._augment = keras.Function(model.inputs[0], _augmented(model))
        self._network = keras.Function(_augmented(copy.network), copy.network.outputs[0])
        # What is trainable may have changed since the copy was made.
        for layer, other in zip(copy.network.layers, model.layers, strict=True):
            if layer.trainable != other.trainable:
                layer.trainable = other.trainable
        self._tracker = next(metric for metric in model.metrics if metric.name == "loss")
        self._random = list(zip(_generators(model.layers), _generators(copy.network.layers), strict=True))

    def traced(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The step as a function of pixels and labels of a whole batch; gives the epoch's loss so far."""
        logits = _spec(self._model.outputs[0])
        labels = tf.TensorSpec(logits.shape, tf.float32)
        # Traced outside of the strategy, in which Keras divides losses by the number of devices.
        self._loss = tf.function(self._model.loss, autograph=False).get_concrete_function(labels, logits)
        takes = [_spec(self._model.inputs[0]), labels]
        return tf.function(self, input_signature=takes, autograph=False)  # type: ignore[no-any-return]

    def __call__(self, pixels: Tensor, targets: Tensor) -> Tensor:
        self._copy.refresh()
        pixels = run_graph(self._augment, pixels, _in_training)
        rows = self._copy.rows(tf.shape(targets)[0])
        # Divided here, so that each device gets its own rows alone.
        parts = [each.own(pixels) for each in rows]
        with _seeded([(generator, own.of.next()) for own, generator in self._random]):
            results = self._copy.strategy.run(lambda: self._replica(rows[_number()], parts[_number()], targets))
        loss, gradients, statistics = tf.nest.map_structure(self._copy.first, results)
        self._model.optimizer.apply(gradients, self._model.trainable_variables)
        for name, (mean, variance) in statistics.items():
            layer = self._model.get_layer(name)
            for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
                moving.assign(moving * layer.momentum + batch * (1 - layer.momentum))
        self._tracker.update_state(loss, sample_weight=tf.shape(targets)[0])
        return self._tracker.result()

    def _replica(self, rows: "_Rows", pixels: Tensor, targets: Tensor) -> tuple[Tensor, list[Tensor], dict[str, Any]]:
        """On one device: the loss of the whole batch, all its gradients, and the statistics of normalisation."""
        statistics: dict[str, tuple[Tensor, Tensor]] = {}
        with tf.GradientTape() as tape:
            own = run_graph(self._network, pixels, lambda each: _on_rows(each, rows, statistics))
            # Every device computes the loss of the whole batch, whatever the loss is: `mean` in it means all rows.
            loss = self._loss(targets, rows.of_all(own)) + _penalty(self._copy.network.layers)
            scaled = self._model.optimizer.scale_loss(loss) / self._copy.devices
        learning = [variable.value for variable in self._copy.learning()]
        return loss, _sum(tape.gradient(scaled, learning, unconnected_gradients="zero")), statistics


def _augmented(model: keras.Model) -> Any:
    """The pixels after the augmentation, symbolically."""
    changed = [layer.output for layer in model.layers if isinstance(layer, RadiographAugmentation)]
    return changed[-1] if changed else model.inputs[0]


class _Rows:
    """The rows of a batch that one device handles: neighbours, and as many as on the others or one more.

    A device without rows of its own, in a last batch that is smaller than the number of devices, computes one that
    counts nowhere: convolutions of TensorFlow fail on none.

    Args:
        number: Of the device, from 0.
        total: Rows of the whole batch.
        devices: Number of devices.
    """

    def __init__(self, number: int, total: Tensor, devices: int) -> None:
        self.total = total
        self._begin, self._end = number * total // devices, (number + 1) * total // devices

    def own(self, values: Tensor) -> Tensor:
        """This device's rows of ``(B, …)``."""
        return values[self._begin : tf.maximum(self._end, self._begin + 1)]

    def counting(self, own: Tensor) -> Tensor:
        """Of what this device computed, the rows that count."""
        return own[: self._end - self._begin]

    def sum(self, own: Tensor, axes: list[int]) -> Tensor:
        """The sum over the rows of all devices and over other axes; summed axes stay, of size 1."""
        return _sum([tf.reduce_sum(own * tf.cast(self._end > self._begin, own.dtype), axes, keepdims=True)])[0]

    def of_all(self, own: Tensor) -> Tensor:
        """``(B, …)``, of the rows of all devices."""
        around = [[self._begin, self.total - self._end], *([0, 0] for _ in own.shape[1:])]
        return _sum([tf.pad(self.counting(own), around)])[0]


def _number() -> int:
    """Of the device for which a function is traced, from 0."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


def _sum(values: list[Tensor]) -> list[Tensor]:
    """Sums over all devices; as are their gradients."""
    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values))


def _on_rows(operation: Any, rows: _Rows, statistics: dict[str, tuple[Tensor, Tensor]]) -> Callable[..., Tensor]:
    """``operation`` as it is called in training, such that all devices together compute what one would."""
    if type(operation) is keras.layers.BatchNormalization and operation.trainable:
        return lambda features, mask=None: _normalise(operation, features, rows, statistics)
    if isinstance(operation, _DROPOUTS):
        return lambda features, **settings: features * _mask(operation, features, rows)
    return _in_training(operation)


def _normalise(
    layer: keras.layers.BatchNormalization, features: Tensor, rows: _Rows, statistics: dict[str, tuple[Tensor, Tensor]]
) -> Tensor:
    """Normalise by mean and variance of the whole batch."""
    wide = tf.cast(features, tf.float32)
    axis = layer.axis % wide.shape.rank
    others = [each for each in range(wide.shape.rank) if each != axis]
    shape = tf.shape(wide)
    count = tf.cast(tf.reduce_prod(tf.gather(shape, others[1:])) * rows.total, tf.float32)
    mean = rows.sum(wide, others) / count
    centred = wide - mean
    variance = rows.sum(tf.square(centred), others) / count
    statistics[layer.name] = tf.reshape(mean, [-1]), tf.reshape(variance, [-1])
    channels = [1] * wide.shape.rank
    channels[axis] = -1
    normal = centred * tf.math.rsqrt(variance + layer.epsilon)
    if layer.scale:
        normal *= tf.reshape(tf.convert_to_tensor(layer.gamma.value), channels)
    if layer.center:
        normal += tf.reshape(tf.convert_to_tensor(layer.beta.value), channels)
    return tf.cast(normal, layer.compute_dtype)


def _mask(layer: keras.layers.Layer, features: Tensor, rows: _Rows) -> Tensor:
    """What dropout multiplies this device's rows by."""
    ones = tf.ones(tf.concat([[rows.total], tf.shape(features)[1:]], 0), features.dtype)
    return rows.own(layer(tf.ensure_shape(ones, features.shape), training=True))


def _in_training(operation: Any) -> Callable[..., Tensor]:
    """``operation`` as it is called in training."""
    if not isinstance(operation, keras.Layer):
        return operation  # type: ignore[no-any-return]
    return lambda *tensors, **settings: _called(operation, *tensors, **{**settings, "training": True})


def _called(layer: keras.Layer, *tensors: Tensor, **settings: Any) -> Tensor:
    try:
        return layer(*tensors, **settings)
    except ValueError as error:
        if "aggregation" not in str(error):
            raise
        raise ModelError(
            f"The layer {layer.name!r} ({type(layer).__name__}) changes a variable of its own in training, which "
            f"TensorFlow cannot do on several devices. Use training.devices: one, or JAX (KERAS_BACKEND=jax)."
        ) from error


def _penalty(layers: Sequence[keras.Layer]) -> Tensor:
    """The sum of the layers' regularisation."""
    return tf.add_n([tf.zeros([]), *(tf.cast(each, tf.float32) for layer in layers for each in layer.losses)])


@dataclass(frozen=True)
class _Generator:
    """A generator of random numbers, and whether its numbers are drawn for the whole batch."""

    of: keras.random.SeedGenerator
    whole: bool

    def seeds(self, seed: Tensor) -> Callable[..., Tensor]:
        """Stands in for ``next``: a device cannot move the state that all share, so that it was moved before."""
        calls = itertools.count()

        def following(ordered: bool = True) -> Tensor:
            if self.whole:
                return seed
            # Each device draws numbers of its own.
            return seed + tf.cast([_number() * 0x9E3779B9 % 2**32, next(calls) << 20], seed.dtype)

        return following


def _generators(layers: Iterable[keras.Layer]) -> Iterator[_Generator]:
    """Those of layers, without those of the augmentation, which is computed for the whole batch."""
    for layer in layers:
        if isinstance(layer, RadiographAugmentation):
            continue
        for value in vars(layer).values():
            if isinstance(value, keras.random.SeedGenerator):
                yield _Generator(value, isinstance(layer, _DROPOUTS))
            elif isinstance(value, keras.Layer):
                yield from _generators([value])


@contextmanager
def _seeded(seeds: Sequence[tuple[_Generator, Tensor]]) -> Iterator[None]:
    """While it is open, the generators give seeds that follow from these."""
    for generator, seed in seeds:
        generator.of.next = generator.seeds(seed)
    try:
        yield
    finally:
        for generator, _ in seeds:
            del generator.of.next


def _spec(tensor: Any) -> tf.TensorSpec:
    """Of a batch of any size."""
    return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
