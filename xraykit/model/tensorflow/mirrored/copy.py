"""The network with mirrored variables, of which every device computes its rows."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from xraykit.model.tensorflow.mirrored.rows import Rows, device_number

Tensor = Any


class MirroredCopy:
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

    def rows(self, total: Tensor) -> "list[Rows]":
        """Which rows of a batch each device handles."""
        return [Rows(number, total, self.devices) for number in range(self.devices)]

    def first(self, values: Any) -> Tensor:
        """The value of the first device, of values that are the same on all."""
        return self.strategy.experimental_local_results(values)[0]

    def inference(self) -> Callable[[Tensor], Tensor]:
        """From pixels of a whole batch to outputs."""

        def infer(pixels: Tensor) -> Tensor:
            rows = self.rows(tf.shape(pixels)[0])
            parts = [each.own(pixels) for each in rows]
            results = self.strategy.run(lambda: self.network(parts[device_number()], training=False))
            outputs = self.strategy.experimental_local_results(results)
            return tf.concat([each.counting(part) for each, part in zip(rows, outputs, strict=True)], 0)

        takes = [batch_spec(self.model.inputs[0])]
        return tf.function(infer, input_signature=takes, autograph=False)  # type: ignore[no-any-return]


def batch_spec(tensor: Any) -> tf.TensorSpec:
    """Of a batch of any size."""
    return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
