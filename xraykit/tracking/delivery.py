"""Outages: a tracking store that does not answer causes a warning and never stops the training.

Every record is put into a queue. A thread, which exists only while the queue has entries, delivers them to the store in
order. The training waits for the store only twice: for the id of the run at the start, where it is needed, and for the
rest of the queue at the end. A delivery that is held begins when it is asked to, after 30 s, or when somebody waits for
it. When the store does not answer, one warning is logged, the queue is kept, and the next attempt follows after 30 s or
more. At the end, a slow store has a limited time; then the rest is left out, but the end of the run is still sent.
"""

import logging
import threading
import time
from collections import deque

from xraykit.system import seconds_from
from xraykit.tracking.entries import Entry
from xraykit.tracking.store import Refused, Store, Unreachable

logger = logging.getLogger(__name__)

RETRY_SECONDS = 30.0
"""Shortest time between two attempts while the store does not answer."""

HOLD_SECONDS = 30.0
"""How long a delivery that is held waits to be asked for."""

PATIENCE_SECONDS = 120.0
"""How long a running training waits for one entry that is on its way."""

END_SECONDS = 120.0
"""How long the end of a run waits in total; the variable XRAYKIT_TRACKING_END_SECONDS sets another limit."""

LAST_SECONDS = 10.0
"""How long it then waits for the end of the run alone; at most the limit itself."""

PROGRESS_SECONDS = 10.0
"""Interval of the progress messages while it waits."""

MOST_NAMED = 5
"""Number of undelivered entries that are named; the others are counted."""

MOST_VALUES = 100_000
"""Largest number of queued values, about 15 MB; later ones are lost."""

NAMED_REFUSALS = 3
"""Number of refused entries that are named one by one; the others are counted."""


def end_seconds() -> float:
    """How long the end of a run may wait in all."""
    return seconds_from("XRAYKIT_TRACKING_END_SECONDS", END_SECONDS)


class Delivery:
    """The queue in front of a store, shared by a run and its children; safe to use from many threads.

    Args:
        store: Where the entries go.
        held: Whether nothing is delivered before :meth:`begin`, for :data:`HOLD_SECONDS` at most.

    Raises:
        XraykitError: XRAYKIT_TRACKING_END_SECONDS is no number of seconds.
    """

    def __init__(self, store: Store, *, held: bool = False) -> None:
        end_seconds()  # a wrong limit is reported now, not after the training
        self.store = store
        self._queue: deque[Entry] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._worker: threading.Thread | None = None
        self._fault: BaseException | None = None
        self._away = False
        self._hurry = False
        self._next_attempt = 0.0
        self._held_until = time.monotonic() + HOLD_SECONDS if held else 0.0
        self._waiting = self._lost = self._refusals = 0
        self._under_way: Entry | None = None
        self._dropped: list[Entry] = []

    def put(self, entry: Entry) -> None:
        """Queue ``entry``; returns at once."""
        with self._changed:
            self._raise_fault()
            if self._waiting + entry.size > MOST_VALUES and not entry.essential:
                self._lose(entry)
                return
            self._waiting += entry.size
            if not (self._queue and self._queue[-1].absorb(entry)):
                self._queue.append(entry)
            self._start_worker()

    def begin(self) -> None:
        """Deliver from now on."""
        with self._changed:
            self._held_until = 0.0
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until the queue is empty, the store does not answer, or nothing is delivered any more."""
        with self._changed:
            self.begin()
            while self._worker is not None and (self._hurry or not self._away):
                before = self._waiting
                if not self._changed.wait(PATIENCE_SECONDS) and self._waiting == before:
                    break
            self._raise_fault()

    def drain(self) -> None:
        """As :meth:`wait`, but with an immediate attempt even if the store did not answer before."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            try:
                self.wait()
            finally:
                self._hurry = False

    def close(self, seconds: float | None = None) -> None:
        """Make a last attempt; entries that are not delivered are reported and dropped.

        Args:
            seconds: How long it may take; left out, :data:`END_SECONDS`. For the end of the run itself at most as
                long again.
        """
        limit = seconds or end_seconds()
        with self._changed:
            if seconds is not None and self._is_held():
                # The run is interrupted before the store has heard of it, and opening the store takes seconds.
                self._forget()
                return
            self._held_until = 0.0
            self._hurry = True
            self._changed.notify_all()
            try:
                if not self._delivered_by(time.monotonic() + limit):
                    self._keep_essential()
                    self._delivered_by(time.monotonic() + min(limit, LAST_SECONDS))
            finally:
                self._hurry = False
            self._raise_fault()
            self._report_missing()

    def _delivered_by(self, deadline: float) -> bool:
        """Wait until nothing is left, or the store does not answer (True), or the deadline has passed (False)."""
        spoken = time.monotonic()
        while self._worker is not None and (self._hurry or not self._away):
            now = time.monotonic()
            if now >= deadline:
                return False
            if now - spoken >= PROGRESS_SECONDS:
                spoken = now
                logger.info(
                    "Waiting for the tracking store %s, which answers slowly: %d entries are still to be delivered, "
                    "for %.0f s at most.", self.store.address, self._waiting, deadline - now,
                )  # fmt: skip
            self._changed.wait(min(deadline - now, PROGRESS_SECONDS))
        return True

    def _keep_essential(self) -> None:
        """Drop the entries that are not needed to end the runs."""
        self._dropped += [entry for entry in self._queue if not entry.essential]
        left = [entry for entry in self._queue if entry.essential]
        self._queue.clear()
        self._queue.extend(left)
        for entry in left:
            entry.note_missing(sum(each.size for each in self._dropped))

    def _report_missing(self) -> None:
        missing, refused = self._waiting + self._lost, self._refusals
        under_way = [self._under_way] if self._under_way is not None else []
        named = [str(entry) for entry in (*under_way, *self._dropped, *self._queue)]
        slow = bool(self._dropped or under_way) and not self._away
        self._waiting = sum(entry.size for entry in under_way)
        self._lost = self._refusals = 0
        self._queue.clear()
        self._dropped.clear()
        self._changed.notify_all()
        if missing:
            logger.warning(
                "%d entries were not delivered to the tracking store %s, which %s: %s%s. The run folder contains "
                "everything.", missing, self.store.address, "answers too slowly" if slow else "does not answer",
                "; ".join(named[:MOST_NAMED]) or "those beyond the size of the queue",
                f"; and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else "",
            )  # fmt: skip
        if refused > NAMED_REFUSALS:
            logger.warning("The tracking store %s refused %d entries in all.", self.store.address, refused)

    def _start_worker(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="xraykit-tracking", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        try:
            while (entry := self._take()) is not None:
                self._deliver(entry)
        # A programming error is raised in the training's thread, by the next call.
        except BaseException as error:  # noqa: BLE001
            with self._changed:
                self._fault, self._worker = error, None
                self._changed.notify_all()

    def _is_held(self) -> bool:
        return time.monotonic() < self._held_until

    def _forget(self) -> None:
        self._queue.clear()
        self._waiting, self._held_until = 0, 0.0
        self._changed.notify_all()

    def _take(self) -> Entry | None:
        with self._changed:
            while self._queue and (left := self._held_until - time.monotonic()) > 0:
                self._changed.wait(left)
            while (
                self._queue and self._away and not self._hurry and (left := self._next_attempt - time.monotonic()) > 0
            ):
                self._changed.wait(left)
            if self._queue:
                self._under_way = self._queue.popleft()
                return self._under_way
            self._worker = None
            self._changed.notify_all()
            return None

    def _deliver(self, entry: Entry) -> None:
        try:
            entry.deliver(self.store)
        except Unreachable as error:
            self._keep(entry, error)
        except Refused as error:
            self._refuse(entry, error)
        else:
            self._arrived(entry)

    def _arrived(self, entry: Entry) -> None:
        with self._changed:
            if self._away:
                logger.info("The tracking store %s answers again; the queue is being sent.", self.store.address)
            self._waiting -= entry.size
            self._under_way = None
            self._away = False
            self._changed.notify_all()

    def _keep(self, entry: Entry, error: Unreachable) -> None:
        with self._changed:
            if not self._away:
                logger.warning(
                    "The tracking store %s does not answer (%s). Training continues; the run folder contains "
                    "everything. Records are queued and sent when the store answers again.", self.store.address, error,
                )  # fmt: skip
            self._queue.appendleft(entry)
            self._under_way = None
            self._away, self._hurry = True, False
            self._next_attempt = time.monotonic() + RETRY_SECONDS
            self._changed.notify_all()

    def _refuse(self, entry: Entry, error: Refused) -> None:
        with self._changed:
            self._under_way = None
            if instead := entry.refuse():
                self._queue.extendleft(reversed(instead))
                return
            self._waiting -= entry.size
            self._refusals += 1
            if self._refusals <= NAMED_REFUSALS:
                logger.warning(
                    "The tracking store %s does not accept %s: %s. It is left out; the run folder "
                    "contains everything.", self.store.address, entry, error,
                )  # fmt: skip
            self._changed.notify_all()

    def _lose(self, entry: Entry) -> None:
        if not self._lost:
            logger.warning(
                "%d values are queued for the tracking store %s, the largest number. Later ones are only in the run "
                "folder.",
                self._waiting, self.store.address,
            )  # fmt: skip
        self._lost += entry.size

    def _raise_fault(self) -> None:
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
