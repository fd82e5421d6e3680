"""Locks between processes. The operating system frees the lock of a process that ends, however it ends."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from xraykit.errors import DataError

try:
    import fcntl
except ModuleNotFoundError:  # on Windows; FileLock reports it
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)


class FileLock:
    """A lock file that this process has open; see :func:`try_lock`.

    Args:
        stream: The open file; closing it frees the lock.

    Attributes:
        held: Whether this process holds the lock alone. If not, another process holds or shares it.

    Raises:
        DataError: This system has no locks between processes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        if fcntl is None:
            raise DataError(
                "This system has no file locks (Python's module fcntl is missing), and without them two processes "
                "could write the same files at once. Expected: Linux or macOS. On Windows, run xraykit in WSL 2 or in "
                "Docker."
            )
        self._stream = stream
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held = True
        except BlockingIOError:
            self.held = False

    def wait(self) -> None:
        """Wait until no other process holds or shares the lock, then hold it alone."""
        fcntl.flock(self._stream, fcntl.LOCK_EX)
        self.held = True

    def share(self) -> None:
        """Share the lock with others from now on; waits while another process holds it alone."""
        fcntl.flock(self._stream, fcntl.LOCK_SH)
        self.held = False


@contextmanager
def try_lock(file: Path) -> Iterator[FileLock]:
    """Hold the lock ``file`` if it is free, without waiting; :attr:`FileLock.held` says whether it was.

    The file remains: removing it would let a third process lock a new one while a second waits for the old one.

    Raises:
        DataError: This system has no locks between processes.
        OSError: The file cannot be created, or its file system has no locks.
    """
    with file.open("ab") as stream:
        yield FileLock(stream)


@contextmanager
def held_lock(file: Path, purpose: str | None = None) -> Iterator[None]:
    """Hold the lock ``file`` alone, after waiting for another process that holds it; see :func:`try_lock`.

    Args:
        file: The lock file.
        purpose: What the other process writes, for a message in the log; without it, the wait is not logged.
    """
    with try_lock(file) as lock:
        if not lock.held:
            if purpose is not None:
                logger.info("Waiting for another process that writes %s", purpose)
            lock.wait()
        yield
