"""Whether a study's files are in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: nobody can be told to be there, so nobody is known to be gone.
    fcntl = None  # type: ignore[assignment]


class StudyLock:
    """Who works on a study just now. The operating system frees the lock of a process that is killed.

    Attributes:
        alone: Certainly no other process works on the study.
        taken: Certainly another one does.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.alone = fcntl is not None and self._try_exclusive()
        self.taken = fcntl is not None and not self.alone

    def _try_exclusive(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(self) -> None:
        """From now on others may work on the study too; waits for one that does not share."""
        if fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_SH)


@contextmanager
def study_lock(path: Path) -> Iterator[StudyLock]:
    """Hold the lock file ``path`` while a search runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        yield StudyLock(file)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Be the only process that holds the lock file ``path``; waits for another one, and is free when this one dies."""
    with path.open("a", encoding="utf-8") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
