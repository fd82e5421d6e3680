"""Which framework is under Keras: TensorFlow by default, or JAX (``KERAS_BACKEND=jax``).

Besides this room, only ``fused`` and ``steps`` import TensorFlow, and they are imported only where it is in use.
"""

import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from xraykit.system.framework import check_framework
from xraykit.system.startup import without_startup_notices

if TYPE_CHECKING:
    from xraykit.config import Training

Array = Any

logger = logging.getLogger(__name__)


# A search builds model after model: that each is traced is no fault to warn of.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# As many gradients of a DenseNet121 take as long as to trace one.
_CALLS_BEFORE_TRACE = 4

# A Keras that was imported before xraykit.
check_framework()

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
    """Put Keras' settings to its own defaults, whatever ``keras.json`` says: other ones train another network."""
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


use_own_settings()


def seed_python(seed: int) -> None:
    """Seed Python's and NumPy's random numbers, from which Keras draws the seeds of initial weights."""
    random.seed(seed)
    np.random.seed(seed)


def jit_compile(xla: bool) -> bool:
    """Whether to compile steps: as asked under TensorFlow; always under JAX, which is not usable without."""
    return xla or keras.backend.backend() == "jax"


def runs_in_pieces(xla: bool) -> bool:
    """Whether ``model.tensorflow.steps`` trains here: under TensorFlow, unless XLA is to compile Keras' whole step."""
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


def outputs(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """What a model gives in prediction: a function from ``(n, …)`` float32 to float32, for any n from 1."""
    if keras.backend.backend() == "jax":
        import jax

        def given(inputs: Array, *values: Array) -> Array:
            return model.stateless_call(*values, inputs, training=False)[0]

        return _with_values_of(model, jax.jit(given))

    def run(inputs: Array) -> Array:
        return model(inputs, training=False)

    return _traced_in_time(run, [model.input_shape])


def slopes(model: keras.Model) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Gradient of one output of each case with regard to the case's input.

    Args:
        model: From ``(B, …)`` to ``(B, L)``.

    Returns:
        A function of inputs ``(n, …)`` float32, for any n from 1, and of the outputs meant ``(n, L)`` float32: 1 for
        the one, 0 for the others. It gives float32 of the shape of the inputs.
    """
    if keras.backend.backend() == "jax":
        import jax

        def chosen(inputs: Array, meant: Array, *values: Array) -> Array:
            return keras.ops.sum(model.stateless_call(*values, inputs, training=False)[0] * meant)

        return _with_values_of(model, jax.jit(jax.grad(chosen)))
    import tensorflow as tf

    def run(inputs: Array, meant: Array) -> Array:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            chosen = keras.ops.sum(model(inputs, training=False) * meant)
        return tape.gradient(chosen, inputs, unconnected_gradients="zero")

    return _traced_in_time(run, [model.input_shape, model.output_shape])


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


def _traced_in_time(run: Callable[..., Array], shapes: list[tuple[int | None, ...]]) -> Callable[..., np.ndarray]:
    """Runs as it is at first, and as a TensorFlow graph later: a trace takes as long as the calls until then.

    How many calls will come is not known: this way they take at most about twice as long as the better of the two.
    """
    import tensorflow as tf

    traced = tf.function(run, input_signature=[tf.TensorSpec(shape) for shape in shapes])
    calls = itertools.count()

    def call(*arrays: np.ndarray) -> np.ndarray:
        tensors = [tf.convert_to_tensor(array, tf.float32) for array in arrays]
        with light_graphs():
            results = run(*tensors) if next(calls) < _CALLS_BEFORE_TRACE else traced(*tensors)
        return np.asarray(results, np.float32)

    return call


def _with_values_of(model: keras.Model, run: Callable[..., Array]) -> Callable[..., np.ndarray]:
    """Calls what JAX has compiled with the values that the model's variables have by then."""

    def call(*arrays: np.ndarray) -> np.ndarray:
        cases = len(arrays[0])
        # JAX compiles for every number of cases: powers of two are few.
        surplus = (1 << (cases - 1).bit_length()) - cases
        filled = [np.concatenate([array, np.repeat(array[-1:], surplus, axis=0)]) for array in arrays]
        variables = model.trainable_variables, model.non_trainable_variables
        return np.asarray(run(*filled, *([each.value for each in kind] for kind in variables)), np.float32)[:cases]

    return call


def _prepare_tensorflow(deterministic: bool) -> None:
    import tensorflow as tf

    if deterministic:
        tf.config.experimental.enable_op_determinism()
    else:
        _allow_nondeterminism()
    with without_startup_notices():
        gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        if tf.config.experimental.get_memory_growth(gpu):
            continue
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            logger.warning(
                "TensorFlow was used in this process before: it keeps all memory of %s for itself, although it may "
                "not need it. Start a new process where others share the GPU.",
                gpu.name,
            )


def _allow_nondeterminism() -> None:
    """Undo what an earlier experiment of this process switched on. TensorFlow has no public way to."""
    from tensorflow.python.framework import config

    if config.is_op_determinism_enabled():
        config.disable_op_determinism()
