"""Which rows of a batch each device handles, and sums over all devices."""

from typing import Any

import tensorflow as tf

Tensor = Any


class Rows:
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
        return device_sum([tf.reduce_sum(own * tf.cast(self._end > self._begin, own.dtype), axes, keepdims=True)])[0]

    def of_all(self, own: Tensor) -> Tensor:
        """``(B, …)``, of the rows of all devices."""
        around = [[self._begin, self.total - self._end], *([0, 0] for _ in own.shape[1:])]
        return device_sum([tf.pad(self.counting(own), around)])[0]


def device_number() -> int:
    """Of the device for which a function is traced, from 0."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


def device_sum(values: list[Tensor]) -> list[Tensor]:
    """Sums over all devices; as are their gradients."""
    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values))
