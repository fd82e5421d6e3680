"""The callbacks of a training, called at the ends of batches in a thread of their own."""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import keras

_HOOKS = ("on_batch_end", "on_train_batch_end")

_STEPS_IN_ADVANCE = 16
"""A device keeps the pictures of the steps that it has been given and has not begun."""


def sees_batch_ends(callback: keras.callbacks.Callback) -> bool:
    """Whether it has a method for the ends of training batches: then somebody has to read the loss of each."""
    return any(
        getattr(getattr(callback, name), "__func__", None) is not getattr(keras.callbacks.Callback, name)
        for name in _HOOKS
    )


class BatchEnds(keras.callbacks.CallbackList):
    """A list of callbacks for ``fit``, which does not make a step wait for the loss of the one before.

    To read a loss is to wait for the device. A thread reads the losses and calls the callbacks, batch after batch; the
    thread that trains is a few steps in advance at most, and waits for all of them before an epoch ends. An error of
    the device or of a callback is raised where a later batch, or the epoch, ends.

    If a callback has a method for the ends of batches and is not ``async_safe``, as those of users, each step
    waits until all callbacks have returned.

    Args:
        callbacks: In the order in which they are called.
        model: Compiled.
        epochs: The number of the last epoch.
        steps: Batches of an epoch.
    """

    def __init__(
        self, callbacks: Sequence[keras.callbacks.Callback], model: keras.Model, epochs: int, steps: int
    ) -> None:
        super().__init__(list(callbacks), add_history=True, model=model, verbose=0, epochs=epochs, steps=steps)
        seeing = [callback for callback in self.callbacks if sees_batch_ends(callback)]
        self._apart = all(getattr(callback, "async_safe", False) for callback in seeing)
        self._seeing = seeing
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xraykit-batch-ends")
        self._open: deque[Future[None]] = deque()

    def __enter__(self) -> "BatchEnds":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After an error or an interruption, what was not begun does not matter any more.
        self._thread.shutdown(wait=True, cancel_futures=True)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Have the callbacks called with the batch's metrics, as numbers."""
        given = dict(logs or {})
        if not self._apart:
            self._call(batch, given)
            return
        self._open.append(self._thread.submit(self._call, batch, given))
        while self._open and (len(self._open) > _STEPS_IN_ADVANCE or self._open[0].done()):
            self._open.popleft().result()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Wait for the batches' callbacks, then call all for the epoch."""
        while self._open:
            self._open.popleft().result()
        super().on_epoch_end(epoch, logs)

    def _call(self, batch: int, logs: Mapping[str, Any]) -> None:
        if not self._seeing:
            return
        numbers = {name: float(value) for name, value in logs.items()}
        for callback in self._seeing:
            callback.on_train_batch_end(batch, numbers)
