"""Every radiograph decoded once, and read from there in every epoch and every trial."""

import hashlib
import json
import logging
import os
import shutil
import stat
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from xraykit.data.cache.index import INDEX, index_bytes, read_index
from xraykit.data.cache.source_files import Facts, SourceFile, decode_file, find_sources, same_content
from xraykit.data.cache.writing import PICTURES, cannot_write, pictures_header, write_cache
from xraykit.data.decoders.pictures import READER_VERSION
from xraykit.errors import BrokenImageError, DataError
from xraykit.registry import DECODERS
from xraykit.system import held_lock, write_atomically

CACHE_VERSION = 2
"""Raised by one whenever a cache is written in another way, or files are refused that were read before; caches of other
versions are not read.
"""

logger = logging.getLogger(__name__)


class PictureCache:
    """Decoded radiographs, mapped from disk: opening it costs no memory, and processes share its pages.

    Every picture that is taken out is compared with the checksum that it was written with. One that was changed is
    decoded again from its file.

    Attributes:
        folder: Where it is.
        size: Side of the pictures in pixels.
        facts: What is known of each picture, by row.
    """

    def __init__(
        self, folder: Path, files: list[SourceFile], facts: list[Facts], pictures: np.ndarray, max_megapixels: float
    ) -> None:
        self.folder = folder
        self.size = int(pictures.shape[1])
        self.facts = facts
        self._files = files
        self._pictures = pictures
        self._max_megapixels = max_megapixels
        self._row_of = {file.path: row for row, file in enumerate(files)}
        self._repairing = threading.Lock()

    def __len__(self) -> int:
        return len(self._row_of)

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
            DataError: A picture was changed after it was written, and cannot be decoded again.
        """
        rows = np.asarray(rows, dtype=np.int64)
        taken = np.ascontiguousarray(self._pictures[rows])
        for place, row in enumerate(rows):
            if zlib.crc32(taken[place].data) != self.facts[row].crc32:
                taken[place] = self._decoded_again(int(row))
        return taken

    def _decoded_again(self, row: int) -> np.ndarray:
        file = self._files[row]
        with self._repairing:
            try:
                decoded = decode_file(file, self.size, self._max_megapixels)
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


def open_cache(
    paths: Iterable[str], size: int, folder: Path, *, max_megapixels: float = 64, workers: int | None = None
) -> PictureCache:
    """The cache of some radiographs; they are decoded now unless a good cache exists already.

    A cache is the folder ``folder/KEY``, where the key covers all that shapes the pictures: each file's path, size and
    time of change, the picture size, and the versions of our reader and of OpenCV. A file that was replaced by one of
    the same size and time of change is noticed by its ctime, and compared by its hash. The cache is written under
    another name and renamed when it is complete and on disk, so that an interruption at any moment leaves a good cache
    or none. One of several processes decodes, and the others wait for it. Caches with other keys are left alone.

    Args:
        paths: The image files; order and repeats do not matter.
        size: Side of the pictures in pixels.
        folder: Where caches are kept; created if it does not exist.
        max_megapixels: Files with more pixels are refused.
        workers: Decoding threads; as many as processors by default.

    Raises:
        BrokenImageError: Files are missing or broken; the message names the first ones.
        DataError: No files are given, or the cache cannot be written: no space, no permission.
    """
    files = find_sources(paths)
    target = Path(os.path.abspath(folder)) / _key(files, size, max_megapixels)
    try:
        cache = _open(target, files, size, max_megapixels)
        if cache is not None and not _touched(cache.facts, files):
            return cache
        target.parent.mkdir(parents=True, exist_ok=True)
        with held_lock(target.with_suffix(".lock"), f"the picture cache {target}"):
            return _open_or_write(target, files, size, max_megapixels, workers)
    except OSError as error:
        raise cannot_write(error, target.parent, len(files) * size**2) from error


def _open_or_write(
    target: Path, files: list[SourceFile], size: int, max_megapixels: float, workers: int | None
) -> PictureCache:
    cache = _open(target, files, size, max_megapixels)  # another process may have written it while this one waited
    if cache is not None and _still_good(cache, files):
        return cache
    if target.exists():
        if cache is None:
            logger.warning("The picture cache %s is damaged and is decoded again", target)
        shutil.rmtree(target)
    write_cache(target, files, size, max_megapixels, workers or os.cpu_count() or 1)
    cache = _open(target, files, size, max_megapixels)
    if cache is None:
        raise DataError(f"The picture cache {target} was written but cannot be read back. Choose another `data.cache`.")
    return cache


def _touched(facts: list[Facts], files: list[SourceFile]) -> list[int]:
    """The rows whose file was moved, replaced or given other rights since it was decoded."""
    return [row for row, (each, file) in enumerate(zip(facts, files, strict=True)) if each.ctime_ns != file.ctime_ns]


def _still_good(cache: PictureCache, files: list[SourceFile]) -> bool:
    """Whether files that were touched still hold what was decoded; if so, the index takes note of it."""
    touched = _touched(cache.facts, files)
    if not touched:
        return True
    logger.info("Comparing %s image files that were touched with those that were decoded", f"{len(touched):,}")
    changed = [files[row].path for row in touched if not same_content(files[row], cache.facts[row])]
    if changed:
        logger.warning(
            "%s image files have changed since they were decoded, with the same size and time of change, "
            "such as %s: all are decoded again.",
            f"{len(changed):,}",
            changed[0],
        )
        return False
    for row in touched:
        cache.facts[row] = cache.facts[row]._replace(ctime_ns=files[row].ctime_ns)
    _rewrite_index(cache, files)
    return True


def _rewrite_index(cache: PictureCache, files: list[SourceFile]) -> None:
    """The caller holds the lock, so that an unfinished index found here is a dead process's."""
    try:
        for leftover in cache.folder.glob(f".{INDEX}.*.part"):
            leftover.unlink()
        write_atomically(cache.folder / INDEX, index_bytes([file.path for file in files], cache.facts))
    except (OSError, DataError) as error:
        logger.warning("%s The files are compared again the next time.", error)


def _key(files: list[SourceFile], size: int, max_megapixels: float) -> str:
    shaping = {
        "cache": CACHE_VERSION,
        "reader": READER_VERSION,
        "opencv": cv2.__version__,
        "size": size,
        "max_megapixels": float(max_megapixels),
        "files": [(file.path, file.bytes, file.mtime_ns) for file in files],
    }
    plugins = {name: DECODERS.get(name).version for name in DECODERS.names() if name not in DECODERS.builtins}
    shaping |= {"decoders": plugins} if plugins else {}
    return hashlib.sha256(json.dumps(shaping).encode()).hexdigest()[:32]


def _open(folder: Path, files: list[SourceFile], size: int, max_megapixels: float) -> PictureCache | None:
    """The cache in ``folder`` if it is whole, else None."""
    facts = read_index(folder, [file.path for file in files])
    header, shape = pictures_header(len(files), size), (len(files), size, size)
    if facts is None or not _begins_with(folder / PICTURES, header, len(header) + len(files) * size**2):
        return None
    pictures = np.memmap(folder / PICTURES, np.uint8, "r", len(header), shape)
    return PictureCache(folder, files, facts, pictures, max_megapixels)


def _begins_with(file: Path, header: bytes, length: int) -> bool:
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != length:
            return False
        with file.open("rb") as stream:
            return stream.read(len(header)) == header
    except (FileNotFoundError, NotADirectoryError):
        return False
