"""Which devices one training is divided among."""

from functools import cache

import keras

from xraykit.errors import ExperimentError
from xraykit.model.backend import DeviceGroup
from xraykit.system import join_processes


def device_group(devices: str, xla: bool = False) -> DeviceGroup | None:
    """The devices that ``training.devices`` means; ``None`` for a single one, on which training is as ever.

    To be called after :func:`.backend.prepare`.

    Args:
        devices: ``one`` or ``all``.
        xla: ``training.xla``.

    Raises:
        ExperimentError: this cannot be done with the framework in use.
        XraykitError: this is one of several processes that cannot train together.
    """
    if devices == "one":
        return None
    join_processes(devices)
    if keras.backend.backend() == "jax":
        import jax

        return _sharded() if jax.device_count() > 1 else None
    found = _of_tensorflow()
    if len(found) < 2:
        return None
    if xla:
        raise ExperimentError(
            f"training.devices: all divides each batch among {len(found)} devices, which TensorFlow cannot do together "
            f"with training.xla: true. Set one of the two to its default, or use JAX (KERAS_BACKEND=jax), which "
            f"compiles every step."
        )
    return _mirrored(found)


def check_batch_size(group: DeviceGroup, batch_size: int) -> None:
    """Check that a batch can be divided equally among the devices of a group.

    Raises:
        ExperimentError: it cannot.
    """
    rest = batch_size % group.devices
    if rest == 0:
        return
    above = batch_size - rest + group.devices
    near = f"{above}" if above == group.devices else f"{batch_size - rest} or {above}"
    raise ExperimentError(
        f"training.batch_size is the size of the whole batch, which is divided equally among {group.devices} devices. "
        f"Expected: a multiple of {group.devices}, such as {near}. Received: {batch_size}. Change it, or give fewer "
        f"devices: training.devices=one, or CUDA_VISIBLE_DEVICES."
    )


def _of_tensorflow() -> tuple[str, ...]:
    """The GPUs, or without any the processors, of which TensorFlow makes one unless it is configured otherwise."""
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tuple(device.name for device in devices)


@cache
def _sharded() -> DeviceGroup:
    from xraykit.model.jax.sharded import ShardedGroup

    return ShardedGroup()


@cache
def _mirrored(names: tuple[str, ...]) -> DeviceGroup:
    from xraykit.model.tensorflow.mirrored import MirroredGroup

    return MirroredGroup(names)
