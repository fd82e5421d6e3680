"""Every use of names that Keras and TensorFlow do not publish, because there is no public alternative.

A test pins the versions that these names were seen with (``tests/model/test_library_internals.py``). With another
version, run ``tests/model`` and add the version here if it passes.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import keras

KERAS_VERSIONS = ("3.15",)
TENSORFLOW_VERSIONS = ("2.21",)


def run_graph(function: keras.Function, tensors: Any, operation_fn: Callable[[Any], Callable[..., Any]]) -> Any:
    """Run a function of Keras with each of its operations replaced by ``operation_fn(operation)``."""
    return function._run_through_graph(tensors, operation_fn=operation_fn)


def forget_consumers(layer: keras.Layer) -> None:
    """Remove the layers that were built on the output of ``layer``; Keras would keep them and their weights."""
    layer._outbound_nodes.clear()


def allow_nondeterminism() -> None:
    """Undo ``tf.config.experimental.enable_op_determinism``."""
    from tensorflow.python.framework import config

    if config.is_op_determinism_enabled():
        config.disable_op_determinism()


class ArrayUpdates:
    """Mixin of an optimizer that updates its arrays of weights by a function of its own; the rest stays Keras'."""

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
    ) -> None:
        apply = self.update_function(learning_rate)
        for gradient, variable in zip(grads, trainable_variables):
            apply(self._get_variable_index(variable), variable, gradient)  # type: ignore[attr-defined]

    @abstractmethod
    def update_function(self, learning_rate: Any) -> Callable[[int, Any, Any], None]:
        """The function that updates one array: its index among all, its variable, its gradient."""

    def slots(self, name: str) -> Sequence[Any]:
        """The optimizer's own variables of one kind, such as ``velocities``, one for each array."""
        slots: Sequence[Any] = getattr(self, f"_{name}")
        return slots
