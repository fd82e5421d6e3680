"""What waits for the first step of a training, so that the step comes sooner."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from xraykit.training import Trainer


def at_first_step(trainer: Trainer, *actions: Callable[[], None]) -> Sequence[keras.callbacks.Callback]:
    """The callback that calls ``actions`` when the first step of a training was begun.

    Building and tracing a network is Python's work, as that of the actions is: side by side, each would only take
    longer. A step is the device's work.

    Args:
        trainer: One without epochs has no use for a callback; then the actions are called here.
        actions: Return at once, and change nothing that a training depends on, such as the state of random numbers.
    """
    if trainer.stages():
        return [_AtFirstStep(actions)]
    for action in actions:
        action()
    return []


class _AtFirstStep(keras.callbacks.Callback):
    def __init__(self, actions: Sequence[Callable[[], None]]) -> None:
        super().__init__()
        self._actions = actions
        self._steps = 0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The second step is about to begin. Keras waits for the loss of a step only where its end is asked for."""
        self._steps += 1
        if self._steps == 2:
            self._act()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """An epoch may have one step."""
        self._act()

    def _act(self) -> None:
        actions, self._actions = self._actions, ()
        for action in actions:
            action()
