"""Which files a cache need not compare again: those that still are as they were when their content was compared.

The index of a cache names no folder, so that a data set that was moved or mounted elsewhere keeps its cache. Where the
files were found with the content that was decoded is recorded beside it, one small file for each place, with their
times of change: at a known place only files that were touched since are compared, at a new one all of them, once.
"""

import hashlib
import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from xraykit.data.cache.source_files import Facts, SourceFile, hash_of_file
from xraykit.errors import DataError
from xraykit.system import progress_bar, regular_bytes, write_atomically

PLACES = "places"
"""Folder of the records: SHA-256 of the rest, then the times of change of all files, int64."""

_MOST_PLACES = 8
_FIRST_COMPARED = 64
_MOST_BYTES = 2**31

logger = logging.getLogger(__name__)


class KnownFiles:
    """The files of a data set at one place, and what is known of their contents.

    Args:
        files: As they are found now, ``n``.
        workers: Threads that read files.
    """

    def __init__(self, files: Sequence[SourceFile], workers: int) -> None:
        self._files = files
        self._workers = workers
        self._place = hashlib.sha256(
            "\0".join(file.path for file in files).encode(errors="surrogateescape")
        ).hexdigest()[:32]
        self._times = np.array([(file.mtime_ns, file.ctime_ns) for file in files], np.int64)
        # Several caches may have to be compared with the same files.
        self._hashes: dict[int, str] = {}

    def touched(self, folder: Path) -> np.ndarray:
        """The rows whose file is not known to have the content that was decoded into the cache ``folder``."""
        recorded = self._recorded(folder)
        return np.arange(len(self._files)) if recorded is None else np.flatnonzero((recorded != self._times).any(1))

    def trusts(self, folder: Path) -> bool:
        """Whether all files are known to have the content that was decoded into the cache ``folder``."""
        recorded = self._recorded(folder)
        return recorded is not None and np.array_equal(recorded, self._times)

    def is_known_place(self, folder: Path) -> bool:
        """Whether the cache was used with files at this place before."""
        return self._recorded(folder) is not None

    def first_changed(self, rows: np.ndarray, facts: Sequence[Facts]) -> int | None:
        """Compare files by their hash; the first row found whose file is another one, None if there is none.

        Some from all over the data set are compared first, as two data sets differ in most of their files.
        """
        first = rows[np.unique(np.linspace(0, len(rows) - 1, min(_FIRST_COMPARED, len(rows))).astype(int))]
        for some in (first, np.setdiff1d(rows, first)):
            self._hash(some)
            changed = [int(row) for row in some if self._hashes[int(row)] != facts[row].sha256]
            if changed:
                return changed[0]
        return None

    def write_into(self, folder: Path) -> None:
        """Record the place in a cache that is being written.

        Raises:
            OSError: It cannot be written.
        """
        path = self._path(folder)
        path.parent.mkdir()
        path.write_bytes(self._content())

    def record(self, folder: Path) -> None:
        """Record that all files have the content of the cache ``folder``; its lock must be held."""
        path = self._path(folder)
        try:
            path.parent.mkdir(exist_ok=True)
            for leftover in path.parent.glob(".*.part"):  # of processes that died while they held the lock
                leftover.unlink(missing_ok=True)
            others = sorted(path.parent.glob("*.bin"), key=lambda each: each.stat().st_mtime, reverse=True)
            for old in islice((each for each in others if each != path), _MOST_PLACES - 1, None):
                old.unlink(missing_ok=True)
            write_atomically(path, self._content())
        except (OSError, DataError) as error:
            logger.warning("%s The files are compared again the next time.", error)

    def _content(self) -> bytes:
        times = self._times.tobytes()
        return hashlib.sha256(times).digest() + times

    def _path(self, folder: Path) -> Path:
        return folder / PLACES / f"{self._place}.bin"

    def _recorded(self, folder: Path) -> np.ndarray | None:
        """The times of change at this place, ``(n, 2)`` int64; None where there is no whole record."""
        try:
            content = regular_bytes(self._path(folder), _MOST_BYTES)
        except (OSError, ValueError):
            return None
        digest, times = content[:32], content[32:]
        if hashlib.sha256(times).digest() != digest or len(times) != self._times.nbytes:
            return None
        return np.frombuffer(times, np.int64).reshape(self._times.shape)

    def _hash(self, rows: np.ndarray) -> None:
        missing = [int(row) for row in rows if int(row) not in self._hashes]
        if not missing:
            return
        with ThreadPoolExecutor(self._workers) as pool:
            hashes = pool.map(lambda row: hash_of_file(self._files[row].path), missing)
            shown = progress_bar(hashes, "Comparing files", len(missing), unit="file", file=sys.stderr, mininterval=1)
            self._hashes.update(zip(missing, shown, strict=True))
