"""Decoded radiographs, as they are taken out of a cache."""

import hashlib
import json
import logging
import os
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from xraykit.data.cache.mapped_pictures import MappedPictures
from xraykit.data.cache.source_files import Facts, SourceFile, decode_file
from xraykit.data.cache.writing import PICTURES, pictures_header
from xraykit.errors import BrokenImageError, DataError

logger = logging.getLogger(__name__)


class PictureCache:
    """Decoded radiographs, mapped from disk: opening it costs no memory, and processes share its pages.

    Every picture that is taken out is compared with the checksum that it was written with. One that was changed is
    decoded again from its file.

    Attributes:
        folder: Where it is.
        size: Side of the pictures in pixels.
        facts: What is known of each picture, by row.
        readable: The rows that have a picture.
        unreadable: Why files have no picture, by path; they were left out (``data.unreadable``).
    """

    def __init__(
        self,
        folder: Path,
        files: list[SourceFile],
        facts: list[Facts],
        pictures: np.ndarray | MappedPictures,
        max_megapixels: float,
        bit_depth: int | None = None,
    ) -> None:
        self.folder = folder
        self.size = int(pictures.shape[1])
        self.facts = facts
        self._files = files
        self._pictures = pictures
        self._max_megapixels = max_megapixels
        self._bit_depth = bit_depth
        self._row_of = {file.path: row for row, file in enumerate(files)}
        broken = [row for row, each in enumerate(facts) if each.unreadable]
        self.unreadable = {files[row].path: facts[row].why_unreadable(files[row].path) for row in broken}
        self.readable = np.setdiff1d(np.arange(len(files)), broken)
        self._repairing = threading.Lock()

    def __len__(self) -> int:
        return len(self._row_of)

    def contents(self) -> str:
        """SHA-256 over the name of each file and the hash of its bytes; it does not depend on the picture size."""
        pairs = [(file.name, each.sha256) for file, each in zip(self._files, self.facts, strict=True)]
        return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()

    def path_of(self, row: int) -> str:
        """The absolute path of the file of a row."""
        return self._files[row].path

    def rows(self, paths: Iterable[str]) -> np.ndarray:
        """The rows of some paths, ``(k,)`` int64.

        Raises:
            DataError: A path is not in the cache.
        """
        try:
            return np.array([self._row_of[os.path.abspath(path)] for path in paths], dtype=np.int64)
        except KeyError as error:
            raise DataError(
                f"{error.args[0]} is not in the picture cache {self.folder}, which contains {len(self)} others. "
                f"Expected: a path that it was opened for."
            ) from None

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """A copy of some pictures: ``(k, size, size)`` uint8, 0–255.

        Raises:
            DataError: A picture was changed after it was written, and cannot be decoded again; or its file cannot be
                read and was left out; or the disk fails.
        """
        rows = np.asarray(rows, dtype=np.int64)
        self._check_readable(rows)
        try:
            taken = np.ascontiguousarray(self._pictures[rows])
        except OSError as error:
            reason = str(error.strerror or error).rstrip(".")
            raise DataError(
                f"Pictures of the cache {self.folder} cannot be read: {reason}. Check the disk, or delete the folder: "
                f"all radiographs are then decoded again."
            ) from error
        for place, row in enumerate(rows):
            if zlib.crc32(taken[place].data) != self.facts[row].crc32:
                taken[place] = self._decoded_again(int(row))
        return taken

    def _check_readable(self, rows: np.ndarray) -> None:
        if not self.unreadable:
            return
        for row in rows:
            if self.facts[row].unreadable:
                raise DataError(f"There is no picture: {self.unreadable[self._files[row].path]}")

    def _decoded_again(self, row: int) -> np.ndarray:
        file = self._files[row]
        with self._repairing:
            try:
                decoded = decode_file(file, self.size, self._max_megapixels, self._bit_depth)
            except BrokenImageError as error:
                raise self._damaged(file, str(error)) from None
            if decoded.facts.crc32 != self.facts[row].crc32:
                raise self._damaged(file, "its file gives another picture now")
            logger.warning(
                "The picture of %s in the cache %s was changed after it was written; it was decoded again from its "
                "file. Check the disk if this happens more than once.",
                file.path,
                self.folder,
            )
            self._write_back(row, decoded.picture)
        return decoded.picture

    def _damaged(self, file: SourceFile, why: str) -> DataError:
        return DataError(
            f"The picture of {file.path} in the cache {self.folder} was changed after it was written (its checksum is "
            f"wrong), and cannot be decoded again: {why}. Delete the folder {self.folder} and start again: all "
            f"radiographs are then decoded again."
        )

    def _write_back(self, row: int, picture: np.ndarray) -> None:
        start = len(pictures_header(len(self), self.size)) + row * picture.nbytes
        try:
            with (self.folder / PICTURES).open("r+b") as stream:
                stream.seek(start)
                stream.write(picture.data)
        except OSError as error:
            logger.warning("It cannot be written back: %s. It is decoded again each time.", error.strerror)
