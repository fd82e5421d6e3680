"""Pictures in a file: mapped where they are in memory, read by several threads where they come from the disk.

A page that is not in memory stops whoever touches it until the disk has answered, one page after another. Threads
keep several answers waiting. From memory they would be slower than the mapping, so the system is asked first whether
the pictures of a batch are there (``RWF_NOWAIT`` of Linux; where it is not known, the mapping is used).
"""

import contextlib
import mmap
import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

READERS = 8
"""Threads that wait for the disk."""

_ASKED = 4  # pictures of a batch, while all were in memory


class MappedPictures:
    """Pictures ``(n, S, S)`` uint8 of a file, of which some are taken at a time.

    Args:
        path: The file.
        offset: Bytes before the first picture.
        shape: ``(n, S, S)``.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self._offset = offset
        self._bytes = shape[1] * shape[2]
        self._path, self._descriptor = path, os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        self._pool: ThreadPoolExecutor | None = None
        self._from_disk = False
        mapping = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
        # Batches are drawn at random: what lies behind a picture is another batch's.
        with contextlib.suppress(AttributeError, OSError):
            mapping.madvise(mmap.MADV_RANDOM)
        count = shape[0] * self._bytes
        self._mapped = np.frombuffer(mapping, np.uint8, count, offset).reshape(shape)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """A copy of the pictures of some rows, ``(k, S, S)``."""
        # To ask for every picture would cost a tenth of taking them from memory.
        asked = rows if self._from_disk else rows[:: max(1, len(rows) // _ASKED)]
        self._from_disk = not all(self._in_memory(row) for row in asked.tolist())
        return self._read(rows) if self._from_disk else np.ascontiguousarray(self._mapped[rows])

    def _in_memory(self, row: int) -> bool:
        """Whether the middle of a picture can be read without waiting; True where the system does not say."""
        middle = self._offset + row * self._bytes + self._bytes // 2
        try:
            os.preadv(self._descriptor, [bytearray(1)], middle, os.RWF_NOWAIT)
        except BlockingIOError:
            return False
        except (OSError, AttributeError):  # another file system, another operating system
            return True
        return True

    def _read(self, rows: np.ndarray) -> np.ndarray:
        taken = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def read(first: int) -> None:
            for place in range(first, len(rows), READERS):
                self._read_one(int(rows[place]), memoryview(taken[place].reshape(-1)))

        self._pool = self._pool or ThreadPoolExecutor(READERS, thread_name_prefix="xraykit-cache")
        for _ in self._pool.map(read, range(min(READERS, len(rows)))):
            pass
        return taken

    def _read_one(self, row: int, into: memoryview) -> None:
        start, done = self._offset + row * self._bytes, 0
        while done < self._bytes:
            received = os.preadv(self._descriptor, [into[done:]], start + done)
            if not received:
                raise OSError(f"{self._path.name} ends within a picture.")
            done += received
