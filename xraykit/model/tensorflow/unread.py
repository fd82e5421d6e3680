"""Training steps under TensorFlow whose results nobody reads before the next step begins."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

Step = Callable[[Iterator[Any]], dict[str, Any]]


class UnreadSteps(keras.Model):
    """A model whose ``fit`` calls its training step and leaves the result where it was computed.

    Keras wraps what a step gives in a ``tf.experimental.Optional``, which TensorFlow places on the processor: on a GPU
    that copies the loss of each step to the host, which waits for it. Here the result is passed on as it is.
    """

    def make_train_function(self, force: bool = False) -> None:
        """Keras' function for several steps at once; for single ones, the step on the next batch."""
        if self.train_function is not None and not force:
            return
        if self.steps_per_execution > 1:
            super().make_train_function(force)
            return
        step = self.train_step
        if not self.run_eagerly:
            step = tf.function(step, jit_compile=self.jit_compile, reduce_retracing=True)

        def train(batches: Iterator[Any]) -> dict[str, Any]:
            logs: dict[str, Any] = step(next(batches))
            return logs

        self.train_function: Step | None = train
