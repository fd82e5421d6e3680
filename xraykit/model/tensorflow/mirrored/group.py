"""The devices of a machine, and the model whose batches they share."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xraykit.model.backend import DeviceGroup
from xraykit.model.build import FEATURE_MAP
from xraykit.model.networks import network_of
from xraykit.model.tensorflow.mirrored.copy import MirroredCopy
from xraykit.model.tensorflow.mirrored.layers import check_composed
from xraykit.model.tensorflow.mirrored.step import MirroredStep
from xraykit.model.tensorflow.steps import ModelInPieces

Tensor = Any


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

        Raises:
            ModelError: a layer that is composed of others normalises by the batch, or drops values at random.
        """
        check_composed(copied)
        self._copy = MirroredCopy(self, copied, strategy)
        self._step: Callable[[Tensor, Tensor], Tensor] | None = None
        self._forward: Callable[[Tensor], Tensor] | None = None

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile as every Keras model."""
        self._step = None
        super().compile(*args, **settings)

    def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """One step; gives the mean loss of the epoch so far, as Keras does."""
        if self._step is None:
            self._step = MirroredStep(self, self._copy).traced()
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
