"""Training on several devices under JAX: Keras' ``DataParallel``, each batch sharded over its mesh.

The step is computed on the global batch; where each part of it runs is XLA's business. Batch normalisation, loss and
random numbers are therefore those of one device, up to the order of summation.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import keras
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec

from xraykit.data import Batches
from xraykit.errors import ExperimentError, XraykitError
from xraykit.model.backend import DeviceGroup
from xraykit.model.library_internals import wait_for_processes

Array = Any

# Large contents are sent in pieces of one size, for which one transfer is compiled.
_PIECE = 1 << 24
_LOST = ("GLOO", "NCCL", "COORDINATION", "CONNECTION CLOSED", "CONNECTION RESET", "SOCKET CLOSED", "HEARTBEAT")


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
        counts = [sum(device.process_index == each for device in devices) for each in range(self.processes)]
        if len(set(counts)) > 1:
            raise ExperimentError(
                f"training.devices: all needs as many devices in each process. Received: {counts} in processes 0 to "
                f"{self.processes - 1}. Set CUDA_VISIBLE_DEVICES or JAX_LOCAL_DEVICE_IDS accordingly."
            )
        self._meetings = 0
        own = [place for place, device in enumerate(devices) if device.process_index == self.process]
        self._own = slice(own[0], own[-1] + 1)

    def placement(self) -> AbstractContextManager[Any]:
        """See :class:`.DeviceGroup`."""
        scope: AbstractContextManager[Any] = self._distribution.scope()
        return scope

    @contextmanager
    def training(self) -> Iterator[None]:
        """See :class:`.DeviceGroup`: optimizers and metrics are created on all devices too.

        Raises:
            XraykitError: another process was lost.
        """
        try:
            with self.placement():
                yield
        except (jax.errors.JaxRuntimeError, ValueError) as error:
            if self.processes == 1 or not any(sign in str(error).upper() for sign in _LOST):
                raise
            raise XraykitError(
                f"Another process of this training has ended or cannot be reached: process {self.process} of "
                f"{self.processes} cannot go on alone. Its own messages say why it ended. To continue from the last "
                f"whole epoch, start all processes again with --resume. Message of JAX: "
                f"{str(error).splitlines()[0][:200]}"
            ) from error

    def agree(self, value: Any) -> Any:
        """See :class:`.DeviceGroup`."""
        if self.processes == 1:
            return value
        return json.loads(self._of_first(json.dumps(value).encode()))

    def agree_arrays(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """See :class:`.DeviceGroup`; bit for bit."""
        if self.processes == 1:
            return arrays
        kinds = self.agree([[array.dtype.str, list(array.shape)] for array in arrays])
        content, begin, found = self._of_first(b"".join(array.tobytes() for array in arrays)), 0, []
        for kind, shape in kinds:
            dtype, size = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
            found.append(np.frombuffer(content, dtype, size, begin).reshape(shape))
            begin += dtype.itemsize * size
        return found

    def copy(self, model: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
        """See :class:`.DeviceGroup`: the values are those of process 0."""
        if self.processes > 1:
            values = self.agree_arrays([np.asarray(variable) for variable in model.variables])
            for variable, value in zip(model.variables, values, strict=True):
                variable.assign(value)
        return super().copy(model, build)

    def leave(self) -> None:
        """See :class:`.DeviceGroup`: no process can train together with others again."""
        if self.processes > 1:
            self._meet()
            jax.distributed.shutdown()

    def _meet(self) -> None:
        """Wait for all processes: transfers between them fail if one comes half a minute after another."""
        self._meetings += 1
        wait_for_processes(f"xraykit-{self._meetings}")

    def _of_first(self, content: bytes) -> bytes:
        """What process 0 passes."""
        self._meet()
        length = np.frombuffer(len(content).to_bytes(8, "big"), np.uint8)
        size = int.from_bytes(_sent(length).tobytes(), "big")
        pieces = []
        for begin in range(0, size, _PIECE):
            piece = np.zeros(min(size, _PIECE), np.uint8)
            if self.leads:
                part = content[begin : begin + _PIECE]
                piece[: len(part)] = np.frombuffer(part, np.uint8)
            pieces.append(_sent(piece).tobytes())
        return b"".join(pieces)[:size]

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


def _sent(content: np.ndarray) -> np.ndarray:
    """The bytes of process 0, in every process."""
    return np.asarray(multihost_utils.broadcast_one_to_all(content))


@contextmanager
def _placed_by_hand() -> Iterator[None]:
    """While Keras' loop runs: it would place every batch as it placed the first, and fail on a smaller last one."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)
