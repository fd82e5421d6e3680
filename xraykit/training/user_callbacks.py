"""The user's own Keras callbacks in a training: called in order, and named in the message if they fail."""

from collections.abc import Sequence
from typing import Any

import keras

from xraykit.errors import CallbackError, XraykitError
from xraykit.training.batch_ends import sees_batch_ends


def check_callbacks(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Check that callbacks are a list of those of Keras.

    Raises:
        CallbackError: they are not a list, or one is no callback of Keras.
    """
    if not isinstance(callbacks, list | tuple):
        raise CallbackError(
            f"callbacks takes a list of Keras callbacks, such as callbacks=[Log()]. Received: {callbacks!r}."
        )
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise CallbackError(
                f"callbacks takes objects of classes that derive from keras.callbacks.Callback. Received: {callback!r}."
            )


def guarded(callbacks: Sequence[keras.callbacks.Callback]) -> list[keras.callbacks.Callback]:
    """The callbacks as ``fit`` is to call them; an error in one becomes a :class:`CallbackError` that names it.

    Raises:
        CallbackError: see :func:`check_callbacks`.
    """
    check_callbacks(callbacks)
    return [(_GuardedWithBatches if sees_batch_ends(callback) else _Guarded)(callback) for callback in callbacks]


class _Guarded(keras.callbacks.Callback):
    def __init__(self, callback: keras.callbacks.Callback) -> None:
        super().__init__()
        self._callback = callback

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        self._callback.set_params(params)

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self._callback.set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._call("on_train_begin", logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._call("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._call("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._call("on_train_batch_begin", batch, logs)

    def _call(self, hook: str, *arguments: Any) -> None:
        try:
            getattr(self._callback, hook)(*arguments)
        except XraykitError:
            raise
        except Exception as error:
            # It is anybody's code, and may raise anything.
            raise CallbackError(
                f"The callback {type(self._callback).__name__} failed in {hook}: {type(error).__name__}: {error}. "
                f"Correct it, then continue the run with xraykit.resume, which takes callbacks too."
            ) from error


class _GuardedWithBatches(_Guarded):
    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._call("on_train_batch_end", batch, logs)
