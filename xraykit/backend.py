"""Which framework is under Keras: TensorFlow by default, or JAX (``KERAS_BACKEND=jax``).

Besides this room, only ``fused`` and ``steps`` import TensorFlow, and they are imported only where it is in use.
"""

import contextlib
import logging
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from xraykit.startup import without_startup_notices

if TYPE_CHECKING:
    from xraykit.config import Training

Array = Any


# A search builds model after model: that each is traced is no fault to warn of.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# What this process was prepared for; see `prepare`.
_prepared: tuple[object, ...] | None = None


def prepare(training: "Training", seed: int) -> None:
    """Set what holds for a whole process: seeds, precision, determinism, memory.

    A second call for the same leaves TensorFlow alone, which would forget how it runs the functions traced so far.

    Args:
        training: Precision and determinism are read from here.
        seed: Of initial weights, dropout and augmentation.
    """
    global _prepared
    wanted = (seed, training.precision, training.deterministic)
    if wanted == _prepared and keras.config.dtype_policy().name == training.precision:
        seed_python(seed)
        return
    keras.utils.clear_session(free_memory=True)
    # Under JAX, this is where Keras imports TensorFlow if it is there, to seed it too.
    with without_startup_notices():
        keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(training.precision)
    if keras.backend.backend() == "tensorflow":
        _prepare_tensorflow(training.deterministic)
    _prepared = wanted


def seed_python(seed: int) -> None:
    """Seed Python's and NumPy's random numbers, from which Keras draws the seeds of initial weights."""
    random.seed(seed)
    np.random.seed(seed)


def jit_compile(xla: bool) -> bool:
    """Whether to compile steps: as asked under TensorFlow; always under JAX, which is not usable without."""
    return xla or keras.backend.backend() == "jax"


def runs_in_pieces(xla: bool) -> bool:
    """Whether ``xraykit.steps`` trains here: under TensorFlow, unless XLA is to compile Keras' whole step."""
    return keras.backend.backend() == "tensorflow" and not xla


@contextlib.contextmanager
def light_graphs() -> Iterator[None]:
    """Without TensorFlow's graph optimizer, on machines without a GPU.

    On a CPU it takes seconds for each function and makes none faster; on a GPU the layout that it chooses does.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    option = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options().get(option, False)
    tf.config.optimizer.set_experimental_options({option: before or not tf.config.list_physical_devices("GPU")})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})


def gradient(function: Callable[[Array], Array], inputs: np.ndarray) -> np.ndarray:
    """Gradient of a scalar function of Keras operations.

    Args:
        function: From ``inputs`` to a scalar.
        inputs: Where the gradient is taken, float32, any shape.

    Returns:
        float32 of the shape of ``inputs``.
    """
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(keras.ops.convert_to_tensor(inputs)))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        variable = tf.convert_to_tensor(inputs)
        tape.watch(variable)
        value = function(variable)
    return np.asarray(tape.gradient(value, variable))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` is how this backend says that memory ran out."""
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


def _prepare_tensorflow(deterministic: bool) -> None:
    import tensorflow as tf

    if deterministic:
        tf.config.experimental.enable_op_determinism()
    with without_startup_notices():
        gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        if not tf.config.experimental.get_memory_growth(gpu):
            tf.config.experimental.set_memory_growth(gpu, True)
