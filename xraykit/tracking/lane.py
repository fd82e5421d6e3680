"""Calls to a tracker's library, made in a thread: slow ones do not delay the training, failing ones do not end it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from xraykit.system import counted
from xraykit.tracking.delivery import HOLD_SECONDS, MOST_VALUES, end_seconds

logger = logging.getLogger(__name__)

Call = Callable[[], None]


class Lane:
    """The queue of calls to one tracker, in order, shared by a run and its children.

    A call that raises is left out. The first is warned about; their number is reported at the end.

    Args:
        name: Of the tracker, for people.
        safe: Makes an error message fit to be logged.
        held: Whether nothing is called before :meth:`begin`, for 30 s at most.
    """

    def __init__(self, name: str, safe: Callable[[object], str], *, held: bool = False) -> None:
        self.name = name
        self._safe = safe
        self._calls: deque[Call] = deque()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._held_until = time.monotonic() + HOLD_SECONDS if held else 0.0
        self._left_out = 0

    def put(self, call: Call) -> None:
        """Queue a call; returns at once."""
        with self._changed:
            if len(self._calls) >= MOST_VALUES:
                self._left_out += 1
                return
            self._calls.append(call)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name=f"xraykit-{self.name}", daemon=True)
                self._worker.start()

    def begin(self) -> None:
        """Make the calls from now on."""
        with self._changed:
            self._held_until = 0.0
            self._changed.notify_all()

    def close(self, seconds: float | None = None) -> None:
        """Wait for the rest of the queue; what is not done by then is left out and reported.

        Args:
            seconds: How long it may take; left out, as long as the end of a run may wait for MLflow.
        """
        deadline = time.monotonic() + (seconds or end_seconds())
        with self._changed:
            self._held_until = 0.0
            self._changed.notify_all()
            while self._worker is not None and time.monotonic() < deadline:
                self._changed.wait(max(0.0, deadline - time.monotonic()))
            left_out, self._left_out = self._left_out + len(self._calls), 0
            late = self._worker is not None
            self._calls.clear()
        if left_out or late:
            logger.warning(
                "%s: %s missing%s. The run folder contains everything.",
                self.name, counted(left_out + late, "record"), ", as it answers too slowly" if late else "",
            )  # fmt: skip

    def _work(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            # Each library raises its own errors, and none of them is a reason to lose a training.
            except Exception as error:  # noqa: BLE001
                self._note(error)

    def _next(self) -> Call | None:
        with self._changed:
            while self._calls and (left := self._held_until - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._calls:
                return self._calls.popleft()
            self._worker = None
            self._changed.notify_all()
            return None

    def _note(self, error: Exception) -> None:
        with self._changed:
            first = not self._left_out
            self._left_out += 1
        if first:
            logger.warning(
                "The tracker %s failed (%s). Training continues; the run folder contains everything.",
                self.name, self._safe(f"{type(error).__name__}: {error}"),
            )  # fmt: skip
