"""What is set for a whole process before a network is built: seeds, precision, determinism, memory."""

import logging
import random
from typing import TYPE_CHECKING

import keras
import numpy as np

from xraykit.model.library_internals import allow_nondeterminism
from xraykit.system import check_framework, without_startup_notices

if TYPE_CHECKING:
    from xraykit.config import Training

logger = logging.getLogger(__name__)

# A search builds many models; TensorFlow would warn that each is traced.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# Keras may have been imported before xraykit.
check_framework()

# The settings that this process was prepared with; see `prepare`.
_prepared: tuple[object, ...] | None = None


def prepare(training: "Training", seed: int) -> None:
    """Set seeds, precision, determinism and memory for the whole process.

    A second call with the same settings leaves TensorFlow's state: it would drop the functions traced so far.

    Args:
        training: Precision and determinism are read from here.
        seed: Of initial weights, dropout and augmentation.
    """
    global _prepared
    use_own_settings()
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


def use_own_settings() -> None:
    """Reset Keras' settings to its defaults, whatever ``keras.json`` sets: other ones train another network."""
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


use_own_settings()


def seed_python(seed: int) -> None:
    """Seed Python's and NumPy's random numbers, from which Keras draws the seeds of initial weights."""
    random.seed(seed)
    np.random.seed(seed)


def _prepare_tensorflow(deterministic: bool) -> None:
    import tensorflow as tf

    if deterministic:
        tf.config.experimental.enable_op_determinism()
    else:
        # An earlier experiment of this process may have switched it on.
        allow_nondeterminism()
    with without_startup_notices():
        gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        if tf.config.experimental.get_memory_growth(gpu):
            continue
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            logger.warning(
                "TensorFlow was already used in this process: it reserves all memory of %s. Start a new process if "
                "others share the GPU.",
                gpu.name,
            )
