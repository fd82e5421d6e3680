"""Locks between processes, freed by the operating system when their holder dies."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from xraykit.errors import DataError

try:
    import fcntl
except ModuleNotFoundError:  # on Windows, which `_lock` reports
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)


@contextmanager
def held_lock(file: Path, what: str) -> Iterator[None]:
    """Hold the lock ``file``; while another process holds it, say so in the log and wait.

    The file stays behind: removing it would let a third process lock a new one beside a waiting second.

    Raises:
        DataError: This system knows no locks between processes.
        OSError: The file cannot be made, or its file system knows no locks.
    """
    with try_lock(file) as locked:
        if locked:
            yield
            return
    logger.info("Waiting for another process that writes %s", what)
    with file.open("ab") as stream:
        _lock(stream, wait=True)
        yield


@contextmanager
def try_lock(file: Path) -> Iterator[bool]:
    """Hold the lock ``file`` if it is free; yields whether it is held.

    Raises:
        DataError: This system knows no locks between processes.
    """
    with file.open("ab") as stream:
        yield _lock(stream, wait=False)


def _lock(stream: IO[bytes], *, wait: bool) -> bool:
    """Whether the lock is held now; it is freed when ``stream`` is closed."""
    if fcntl is None:
        raise DataError(
            "This system has no file locks (Python's module fcntl is missing), and without them two processes could "
            "write the same files at once. Expected: Linux or macOS. On Windows, run xraykit in WSL 2 or in Docker."
        )
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
