"""Batches out of concurrent requests: the network computes several pictures in little more time than one.

A single thread owns the network. The first picture of a batch waits a few milliseconds for others; while the network is
busy, pictures gather by themselves. How a picture is batched does not change its answer beyond the rounding of float32.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from xraykit.serve.refusals import unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Item, Answer]):
    item: Item
    since: float
    answer: "Future[Answer]" = field(default_factory=Future)


class Batcher(Generic[Item, Answer]):
    """A queue of bounded length, and the thread that empties it.

    Args:
        compute: From the items of a batch, 1 or more, to their answers, in order. Called in one thread only.
        most: Items of a batch.
        seconds: How long the first item of a batch waits for others.
        capacity: Items that may wait.
    """

    def __init__(
        self, compute: Callable[[list[Item]], Sequence[Answer]], *, most: int, seconds: float, capacity: int
    ) -> None:
        self._compute, self._most, self._seconds, self._capacity = compute, most, seconds, capacity
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="xraykit-batches", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Items in the queue."""
        return len(self._queue)

    def submit(self, items: Sequence[Item]) -> "list[Future[Answer]]":
        """Queue the items of a request, all or none; a future that is cancelled in time is not computed.

        Raises:
            Refused: 503, the queue is full or closed.
        """
        now = time.monotonic()
        entries = [_Waiting[Item, Answer](item, now) for item in items]
        with self._changed:
            if self._closed:
                raise unavailable("stopping", "The server is stopping.")
            if len(self._queue) + len(entries) > self._capacity:
                raise unavailable("overloaded", "Too many pictures are waiting.")
            self._queue.extend(entries)
            self._changed.notify_all()
        return [entry.answer for entry in entries]

    def close(self, seconds: float | None = None) -> None:
        """Answer what is in the queue, and end the thread; after ``seconds`` it is left alone."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def _work(self) -> None:
        while batch := self._next():
            wanted = [entry for entry in batch if entry.answer.set_running_or_notify_cancel()]
            if not wanted:
                continue
            try:
                answers = self._compute([entry.item for entry in wanted])
                for entry, answer in zip(wanted, answers, strict=True):
                    entry.answer.set_result(answer)
            # Whatever the network raises is the answer to these requests, and others may succeed.
            except Exception as error:  # noqa: BLE001
                for entry in wanted:
                    if not entry.answer.done():
                        entry.answer.set_exception(error)

    def _next(self) -> list[_Waiting[Item, Answer]]:
        """The next batch; empty when all is answered and the queue closed."""
        with self._changed:
            while not self._queue:
                if self._closed:
                    return []
                self._changed.wait()
            until = self._queue[0].since + self._seconds
            while len(self._queue) < self._most and not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
