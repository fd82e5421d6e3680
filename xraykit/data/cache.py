"""Every radiograph decoded once, and read from there in every epoch and every trial."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from xraykit.data.cache_writer import INDEX, PICTURES, cannot_write, write_cache
from xraykit.data.images import READER_VERSION
from xraykit.data.locks import held_lock
from xraykit.errors import BrokenImageError, DataError

logger = logging.getLogger(__name__)


class _File(NamedTuple):
    path: str
    bytes: int
    mtime_ns: int


class PictureCache:
    """Decoded radiographs, mapped from disk: opening it costs no memory, and processes share its pages.

    Attributes:
        folder: Where it is.
        size: Side of the pictures in pixels.
    """

    def __init__(self, folder: Path, paths: list[str], pictures: np.ndarray) -> None:
        self.folder = folder
        self.size = int(pictures.shape[1])
        self._pictures = pictures
        self._row_of = {path: row for row, path in enumerate(paths)}

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
                f"{error.args[0]} is not in the picture cache {self.folder}, which holds {len(self)} others. Expected: "
                f"a path that it was opened for."
            ) from None

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """A copy of some pictures: ``(k, size, size)`` uint8, 0–255."""
        return np.asarray(self._pictures[np.asarray(rows, dtype=np.int64)])


def open_cache(
    paths: Iterable[str], size: int, folder: Path, *, max_megapixels: float = 64, workers: int | None = None
) -> PictureCache:
    """The cache of some radiographs; they are decoded now unless a good cache is there already.

    A cache is the folder ``folder/KEY``, where the key covers all that shapes the pictures: each file's path, size and
    time of change, the picture size, and the versions of our reader and of OpenCV. It is written under another name
    and renamed when it is whole and on disk, so a kill at any moment leaves a good cache or none. Of several
    processes one decodes and the others wait for it. Caches with other keys are left alone.

    Args:
        paths: The image files; order and repeats do not matter.
        size: Side of the pictures in pixels.
        folder: Where caches are kept; made if it is not there.
        max_megapixels: Files with more pixels are refused.
        workers: Decoding threads; as many as processors by default.

    Raises:
        BrokenImageError: Files are missing or broken; the message names the first ten.
        DataError: No files are given, or the cache cannot be written: no space, no permission.
    """
    files = _files(paths)
    names = [file.path for file in files]
    target = Path(os.path.abspath(folder)) / _key(files, size, max_megapixels)
    try:
        cache = _open(target, names, size)
        if cache is not None:
            return cache
        target.parent.mkdir(parents=True, exist_ok=True)
        with held_lock(target.with_suffix(".lock"), f"the picture cache {target}"):
            return _open_or_write(target, names, size, max_megapixels, workers)
    except OSError as error:
        raise cannot_write(error, target.parent, len(names) * size**2) from error


def _open_or_write(
    target: Path, names: list[str], size: int, max_megapixels: float, workers: int | None
) -> PictureCache:
    cache = _open(target, names, size)  # another process may have written it while this one waited
    if cache is not None:
        return cache
    if target.exists():
        logger.warning("The picture cache %s is damaged and is decoded anew", target)
        shutil.rmtree(target)
    write_cache(target, names, size, max_megapixels, workers or os.cpu_count() or 1)
    cache = _open(target, names, size)
    if cache is None:
        raise DataError(f"The picture cache {target} was written but cannot be read back. Choose another `data.cache`.")
    return cache


def _files(paths: Iterable[str]) -> list[_File]:
    files, missing = [], []
    for path in sorted({os.path.abspath(path) for path in paths}):
        try:
            status = os.stat(path)
            files.append(_File(path, status.st_size, status.st_mtime_ns))
        except OSError:
            missing.append(path)
    if missing:
        raise BrokenImageError(
            f"{len(missing)} image files are not there: {', '.join(missing[:10])}. They were there when the label file "
            f"was read; check that nothing moves them, and start again."
        )
    if not files:
        raise DataError("A picture cache needs at least one radiograph. Received: none.")
    return files


def _key(files: list[_File], size: int, max_megapixels: float) -> str:
    shaping = {
        "reader": READER_VERSION,
        "opencv": cv2.__version__,
        "size": size,
        "max_megapixels": float(max_megapixels),
        "files": files,
    }
    return hashlib.sha256(json.dumps(shaping).encode()).hexdigest()[:32]


def _open(folder: Path, names: list[str], size: int) -> PictureCache | None:
    """The cache in ``folder`` if it is whole, else None."""
    try:
        index = json.loads((folder / INDEX).read_bytes())
        pictures = np.load(folder / PICTURES, mmap_mode="r")
        whole = pictures.offset + pictures.nbytes == (folder / PICTURES).stat().st_size
    except (FileNotFoundError, NotADirectoryError, ValueError, EOFError, RecursionError):
        return None
    if index != {"paths": names} or not whole or pictures.dtype != np.uint8:
        return None
    return PictureCache(folder, names, pictures) if pictures.shape == (len(names), size, size) else None
