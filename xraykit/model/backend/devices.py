"""The devices that one training is divided among: ``training.devices: all``.

A group has one copy of the network on each device. Each of its steps computes what one device would compute on the
whole batch: loss, statistics of batch normalisation, dropout and augmentation are those of the global batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np


class DeviceGroup(ABC):
    """Several devices, of one process or of several.

    Attributes:
        devices: Number of devices of all processes.
        processes: Number of processes that train together.
        process: Number of this one; 0 writes files, the others none.
    """

    devices: int
    processes: int = 1
    process: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows the progress."""
        return self.process == 0

    @abstractmethod
    def placement(self) -> AbstractContextManager[Any]:
        """While it is open, variables are created on all devices."""

    def training(self) -> AbstractContextManager[Any]:
        """To be open during the training."""
        return nullcontext()

    @abstractmethod
    def trainee(self, model: keras.Model) -> keras.Model:
        """A model of the same layers, to be compiled, whose ``fit`` and ``predict`` use all devices.

        Args:
            model: Built in :meth:`placement`.
        """

    def agree(self, value: Any) -> Any:
        """What process 0 passes, in every process: plain JSON values."""
        return value

    def agree_arrays(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """The arrays that process 0 passes, in every process."""
        return arrays

    def leave(self) -> None:
        """Wait for the other processes and separate from them: what follows is for one process alone."""
        return

    def copy(self, model: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
        """A network on all devices with the values of ``model``.

        Args:
            model: On one device.
            build: Builds a network of the same structure.
        """
        with self.placement():
            copied = build()
            copy_values(model, copied)
        return copied


def copy_values(source: keras.Model, target: keras.Model) -> None:
    """Give a network the values of another one of the same structure, and what is trainable in it."""
    for layer, other in zip(target.layers, source.layers, strict=True):
        if layer.trainable != other.trainable:
            layer.trainable = other.trainable
    for variable, value in zip(target.variables, source.variables, strict=True):
        variable.assign(np.asarray(value))


def placement_key() -> object:
    """What determines where variables that are built now are placed; ``None``: on one device, as ever."""
    if keras.backend.backend() == "jax":
        return keras.distribution.distribution()
    import tensorflow as tf

    return tf.distribute.get_strategy() if tf.distribute.has_strategy() else None
