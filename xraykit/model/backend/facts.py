"""Facts about the framework under Keras: how it compiles, how it runs out of memory, its version and devices."""

import keras

from xraykit.system import without_startup_notices


def jit_compile(xla: bool) -> bool:
    """Whether to compile steps: under TensorFlow as configured, under JAX always, as it is not usable without."""
    return xla or keras.backend.backend() == "jax"


def runs_in_pieces(xla: bool) -> bool:
    """Whether ``model.tensorflow.steps`` trains here: under TensorFlow, unless XLA is to compile Keras' whole step."""
    return keras.backend.backend() == "tensorflow" and not xla


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` means that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    words = f"{type(error).__name__}: {error}".upper()
    return any(
        sign in words for sign in ("RESOURCEEXHAUSTED", "RESOURCE_EXHAUSTED", "OUT OF MEMORY", "OOM WHEN ALLOCATING")
    )


def describe() -> dict[str, str]:
    """Backend, its version and its devices, for the record of a run."""
    if keras.backend.backend() == "jax":
        import jax

        devices, version = [str(device.device_kind) for device in jax.devices()], jax.__version__
    else:
        import tensorflow as tf

        with without_startup_notices():
            devices = [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
        version = tf.__version__
    return {"keras": keras.__version__, keras.backend.backend(): version, "devices": ", ".join(devices)}


def accelerators() -> list[str]:
    """The models of the GPUs and TPUs in use, such as ``NVIDIA H100 80GB HBM3``; empty on a CPU."""
    if keras.backend.backend() == "jax":
        import jax

        return [str(device.device_kind) for device in jax.local_devices() if device.platform != "cpu"]
    import tensorflow as tf

    found = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
    details = [tf.config.experimental.get_device_details(device) for device in found]
    return [str(each.get("device_name", device.name)) for each, device in zip(details, found, strict=True)]
