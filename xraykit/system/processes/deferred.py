"""A result that is computed in a thread of its own, at a moment when the main thread has little to do."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """The result of ``work()``, which runs once: in a thread after :meth:`begin`, at the latest in :meth:`result`.

    A process that ends does not wait for it.

    Args:
        work: What to compute.
        name: Of the thread.
    """

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work = work
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._begun = False

    def begin(self) -> None:
        """Begin in a thread; returns at once. A second call does nothing."""
        if not self._begun:
            self._begun = True
            self._thread.start()

    def result(self) -> T:
        """The result, waited for.

        Raises:
            BaseException: what the work raised.
        """
        self.begin()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 (raised again in result)
            self._error = error
