"""The one room that knows which framework is under Keras: TensorFlow by default, or JAX (``KERAS_BACKEND=jax``).

Nothing else in the package imports TensorFlow or JAX.
"""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xraykit.config import Training

Array = Any

# Without an NVIDIA device, TensorFlow's complaint that there is none is no error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if any(Path("/dev").glob("nvidia[0-9]*")) else "3")

_NOTICE = re.compile(r"WARNING: All log messages before absl|I0000 |To enable the following instructions|\d{4}-.*: I ")


@contextmanager
def _without_startup_notices() -> Iterator[None]:
    """Leave out the notices that TensorFlow writes before it can be told not to; pass everything else on."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            written.seek(0)
            lines = written.read().decode(errors="replace").splitlines(keepends=True)
            os.write(2, "".join(line for line in lines if not _NOTICE.match(line)).encode())


with _without_startup_notices():
    import keras

# A search builds model after model: that each is traced is no fault to warn of.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def prepare(training: "Training", seed: int) -> None:
    """Set what holds for a whole process: seeds, precision, determinism, memory.

    Args:
        training: Precision and determinism are read from here.
        seed: Of initial weights, dropout and augmentation.
    """
    keras.utils.clear_session(free_memory=True)
    # Under JAX, this is where Keras imports TensorFlow if it is there, to seed it too.
    with _without_startup_notices():
        keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(training.precision)
    if keras.backend.backend() == "tensorflow":
        _prepare_tensorflow(training.deterministic)


def jit_compile(xla: bool) -> bool:
    """Whether to compile steps: as asked under TensorFlow; always under JAX, which is not usable without."""
    return xla or keras.backend.backend() == "jax"


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

        with _without_startup_notices():
            devices = [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
        version = tf.__version__
    return {"keras": keras.__version__, keras.backend.backend(): version, "devices": ", ".join(devices)}


def _prepare_tensorflow(deterministic: bool) -> None:
    import tensorflow as tf

    if deterministic:
        tf.config.experimental.enable_op_determinism()
    with _without_startup_notices():
        gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        if not tf.config.experimental.get_memory_growth(gpu):
            tf.config.experimental.set_memory_growth(gpu, True)
