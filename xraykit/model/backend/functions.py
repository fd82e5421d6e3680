"""Outputs and gradients of a model as functions of NumPy arrays, compiled by the framework under Keras."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

Array = Any

# A trace takes as long as about so many gradients of a DenseNet121.
_CALLS_BEFORE_TRACE = 4


@contextlib.contextmanager
def light_graphs() -> Iterator[None]:
    """Disable TensorFlow's graph optimizer on machines without a GPU.

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
    """The prediction of a model: a function from ``(n, …)`` float32 to float32, for any n from 1."""
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


def in_training(model: keras.Model) -> Callable[[np.ndarray], None]:
    """A function that runs the model on pixels ``(B, S, S, 1)`` as in training, which moves its statistics."""
    if keras.backend.backend() == "jax":
        import jax

        moved = jax.jit(lambda values, others, pixels: model.stateless_call(values, others, pixels, training=True)[1])

        def move(pixels: np.ndarray) -> None:
            kinds = model.trainable_variables, model.non_trainable_variables
            values = moved(*([each.value for each in kind] for kind in kinds), pixels)
            for variable, value in zip(model.non_trainable_variables, values):
                variable.assign(value)

        return move
    import tensorflow as tf

    traced = tf.function(lambda pixels: model(pixels, training=True), reduce_retracing=True)

    def run(pixels: np.ndarray) -> None:
        traced(tf.cast(pixels, tf.float32))

    return run


def _traced_in_time(run: Callable[..., Array], shapes: list[tuple[int | None, ...]]) -> Callable[..., np.ndarray]:
    """Runs eagerly at first and as a TensorFlow graph later: a trace takes as long as the calls until then.

    The number of calls is not known in advance: they take at most about twice as long as the better of the two.
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
    """Calls the function that JAX has compiled with the current values of the model's variables."""

    def call(*arrays: np.ndarray) -> np.ndarray:
        cases = len(arrays[0])
        # JAX compiles for every number of cases: powers of two are few.
        surplus = (1 << (cases - 1).bit_length()) - cases
        filled = [np.concatenate([array, np.repeat(array[-1:], surplus, axis=0)]) for array in arrays]
        variables = model.trainable_variables, model.non_trainable_variables
        return np.asarray(run(*filled, *([each.value for each in kind] for kind in variables)), np.float32)[:cases]

    return call
