"""Training on several devices under JAX: Keras' ``DataParallel``, each batch sharded over its mesh.

The step is computed on the global batch; where each part of it runs is XLA's business. Batch normalisation, loss and
random numbers are therefore those of one device, up to the order of summation.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import keras
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from xraykit.data import Batches
from xraykit.model.backend import DeviceGroup

Array = Any


class ShardedGroup(DeviceGroup):
    """All devices that JAX has, of all processes."""

    def __init__(self) -> None:
        # The rows of a process are neighbours, so that it reads one stretch of each batch.
        devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
        self.devices = len(devices)
        self.processes, self.process = jax.process_count(), jax.process_index()
        self._distribution = keras.distribution.DataParallel(
            devices=[f"{device.platform}:{device.id}" for device in devices], auto_shard_dataset=False
        )
        mesh = self._distribution.device_mesh.backend_mesh
        self.replicated = NamedSharding(mesh, PartitionSpec())
        self._divided = NamedSharding(mesh, PartitionSpec(self._distribution.batch_dim_name))
        own = [place for place, device in enumerate(devices) if device.process_index == self.process]
        self._own = slice(own[0], own[-1] + 1)

    def placement(self) -> AbstractContextManager[Any]:
        """See :class:`.DeviceGroup`."""
        scope: AbstractContextManager[Any] = self._distribution.scope()
        return scope

    def training(self) -> AbstractContextManager[Any]:
        """See :class:`.DeviceGroup`: optimizers and metrics are created on all devices too."""
        return self.placement()

    def trainee(self, model: keras.Model) -> keras.Model:
        """See :class:`.DeviceGroup`."""
        trainee = ShardedModel(model.inputs, model.outputs, name=model.name)
        trainee.take(self)
        return trainee

    def placed(self, batches: Batches, index: int, *, pad: bool = False) -> tuple[Array, ...]:
        """One batch as global arrays, of which this process reads its own rows.

        The last batch of an epoch may not divide by the number of devices. Each device then computes all of it, which
        is what one device does, and costs no more than a step on one device.

        Args:
            batches: Of the whole training.
            index: Of the batch.
            pad: Repeat the last row until the batch divides; for predictions, in which rows are independent.
        """
        rows = batches.rows_in(index)
        total = rows + -rows % self.devices if pad else rows
        whole = total % self.devices != 0
        each = total // self.devices
        wanted = np.arange(total) if whole else np.arange(self._own.start * each, self._own.stop * each)
        sharding = self.replicated if whole else self._divided
        return tuple(
            jax.make_array_from_process_local_data(sharding, array, (total, *array.shape[1:]))
            for array in batches.some_of(index, np.minimum(wanted, rows - 1))
        )


class PlacedBatches(keras.utils.PyDataset):
    """Batches as global arrays, for ``fit``.

    Args:
        batches: Of the whole training.
        group: Where they go.
    """

    def __init__(self, batches: Batches, group: ShardedGroup) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._batches, self._group = batches, group

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Array, ...]:
        return self._group.placed(self._batches, index)


class ShardedModel(keras.Model):
    """A model whose ``fit`` and ``predict`` divide each batch among the devices of a group."""

    def take(self, group: ShardedGroup) -> None:
        """Train on the devices of this group."""
        self._group = group
        self._forward: Any = None
        self.train_function: Any = None

    def fit(self, batches: Batches, **settings: Any) -> Any:
        """Keras' own ``fit``, on batches that are placed already."""
        with _placed_by_hand():
            return super().fit(PlacedBatches(batches, self._group), **settings)

    def make_train_function(self, force: bool = False) -> None:
        """One compiled call per step; the state stays on every device."""
        if self.train_function is not None and not force:
            return
        step = jax.jit(self.train_step, donate_argnums=0, out_shardings=self._group.replicated)
        self.train_function = lambda state, iterator: step(state, next(iterator))

    def predict(self, batches: Batches, **settings: Any) -> np.ndarray:
        """Outputs ``(n, …)`` of all batches in order, the same in every process."""
        if self._forward is None:

            def forward(pixels: Array, *values: Array) -> Array:
                return self.stateless_call(*values, pixels, training=False)[0]

            self._forward = jax.jit(forward, out_shardings=self._group.replicated)
        values = [[each.value for each in kind] for kind in (self.trainable_variables, self.non_trainable_variables)]
        found = []
        for index in range(len(batches)):
            pixels = self._group.placed(batches, index, pad=True)[0]
            found.append(np.asarray(self._forward(pixels, *values))[: batches.rows_in(index)])
        return np.concatenate(found)


@contextmanager
def _placed_by_hand() -> Iterator[None]:
    """While Keras' loop runs: it would place every batch as it placed the first, and fail on a smaller last one."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)
