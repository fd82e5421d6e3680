"""Locks between processes, freed by the operating system when their holder dies."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def held_lock(file: Path, what: str) -> Iterator[None]:
    """Hold the lock ``file``; while another process holds it, say so in the log and wait.

    The file stays behind: removing it would let a third process lock a new one beside a waiting second.

    Raises:
        OSError: The file cannot be made, or its file system knows no locks.
    """
    with try_lock(file) as locked:
        if locked:
            yield
            return
    logger.info("Waiting for another process that writes %s", what)
    with file.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def try_lock(file: Path) -> Iterator[bool]:
    """Hold the lock ``file`` if it is free; yields whether it is held."""
    with file.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
