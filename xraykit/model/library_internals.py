"""Every use of names that Keras and TensorFlow do not publish, because there is no public alternative.

A test pins the versions that these names were seen with (``tests/model/test_library_internals.py``). With another
version, run ``tests/model`` and add the version here if it passes.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
from keras import ops

KERAS_VERSIONS = ("3.15",)
TENSORFLOW_VERSIONS = ("2.21",)

# Process 0 may decode all pictures while the others wait; those that are lost end the wait at once.
_WAIT_MILLISECONDS = 7 * 24 * 3600 * 1000


def run_graph(function: keras.Function, tensors: Any, operation_fn: Callable[[Any], Callable[..., Any]]) -> Any:
    """Run a function of Keras with each of its operations replaced by ``operation_fn(operation)``."""
    return function._run_through_graph(tensors, operation_fn=operation_fn)


def with_inner_layers(layers: Iterable[keras.Layer]) -> list[keras.Layer]:
    """The layers and, after each, those that it is composed of, at any depth."""
    return [each for layer in layers for each in layer._flatten_layers()]


def forget_consumers(layer: keras.Layer) -> None:
    """Remove the layers that were built on the output of ``layer``; Keras would keep them and their weights."""
    layer._outbound_nodes.clear()


def allow_nondeterminism() -> None:
    """Undo ``tf.config.experimental.enable_op_determinism``."""
    from tensorflow.python.framework import config

    if config.is_op_determinism_enabled():
        config.disable_op_determinism()


def wait_for_processes(name: str) -> None:
    """Wait until all processes of JAX's distributed runtime call this with a name that is used once.

    Raises:
        jax.errors.JaxRuntimeError: one of them was lost.
    """
    from jax._src import distributed

    distributed.global_state.client.wait_at_barrier(name, _WAIT_MILLISECONDS)


def with_constant_weights(function: Any) -> Any:
    """A concrete function of TensorFlow with the values of its variables as constants; it gives a list of tensors."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    return convert_variables_to_constants_v2(function)


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


class RecipeUpdates:
    """Mixin of an optimizer of Keras: arrays may learn at rates of their own, and an average moves once per update."""

    _shares: tuple[float, ...] = ()
    _share = 1.0

    def take_shares(self, shares: Sequence[float]) -> None:
        """Learn at these shares of the learning rate, one for each array in the order of ``build``; none: 1 for all."""
        self._shares = tuple(shares)

    def share_of(self, variable: Any) -> float:
        """The share of the learning rate that an array learns at."""
        return self._shares[self._get_variable_index(variable)] if self._shares else 1.0  # type: ignore[attr-defined]

    def rates_from_here(self) -> Callable[[int], float]:
        """The learning rates of the batches from now on, by their number from 0; -1 is the last one before."""
        rate: Any = self._learning_rate  # type: ignore[attr-defined]
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            done = int(self._iterations)  # type: ignore[attr-defined]
            return lambda batch: float(rate(max(done + batch, 0)))
        constant = float(rate)
        return lambda batch: constant

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one array at its own rate."""
        share = self.share_of(variable)
        rate = learning_rate if share == 1.0 else learning_rate * share
        super().update_step(gradient, variable, rate)  # type: ignore[misc]

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        for share in sorted({self.share_of(variable) for variable in variables}):
            self._share = share
            try:
                super()._apply_weight_decay(  # type: ignore[misc]
                    [variable for variable in variables if self.share_of(variable) == share]
                )
            finally:
                self._share = 1.0

    def _get_current_learning_rate(self) -> Any:
        rate = super()._get_current_learning_rate()  # type: ignore[misc]
        return rate if self._share == 1.0 else rate * self._share

    def _update_model_variables_moving_average(self, trainable_variables: Sequence[Any]) -> None:
        """Keras moves the average with every batch, also where the weights wait for the rest of their group."""
        steps = self.gradient_accumulation_steps  # type: ignore[attr-defined]
        if not steps:
            super()._update_model_variables_moving_average(trainable_variables)  # type: ignore[misc]
            return
        averages = self._model_variables_moving_average  # type: ignore[attr-defined]
        before = [ops.convert_to_tensor(average) for average in averages]
        super()._update_model_variables_moving_average(trainable_variables)  # type: ignore[misc]
        updates = ops.equal((self._iterations + 1) % steps, 0)  # type: ignore[attr-defined]
        for average, earlier in zip(averages, before):
            average.assign(ops.where(updates, ops.convert_to_tensor(average), earlier))


class AdamByChoice:
    """Mixin of Keras' Muon that decides itself which arrays are left to Adam."""

    def _should_use_adamw(self, variable: Any) -> bool:
        return self.uses_adam(variable)

    @abstractmethod
    def uses_adam(self, variable: Any) -> bool:
        """Whether Adam updates this array."""
