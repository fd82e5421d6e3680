"""Decoding radiographs in parallel into a folder that appears only when it is complete."""

import errno
import json
import logging
import os
import shutil
import sys
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from xraykit.bars import progress_bar
from xraykit.data.images import read_radiograph
from xraykit.data.locks import try_lock
from xraykit.errors import BrokenImageError, DataError

INDEX, PICTURES = "index.json", "pictures.npy"

_BUILDING = ".building"
_QUEUED_PER_WORKER = 8
_BYTES_PER_NAME = 256

logger = logging.getLogger(__name__)


def write_cache(target: Path, names: list[str], size: int, max_megapixels: float, workers: int) -> None:
    """Decode files into ``target``, which holds ``pictures.npy`` and ``index.json`` afterwards.

    The caller holds the lock of ``target``, so that a half-written folder found here is a dead process's.

    Args:
        target: The folder to appear; it must not be there.
        names: ``n`` paths of files; ``pictures.npy`` has the shape ``(n, size, size)`` and is uint8.
        size: Side of the pictures in pixels.
        max_megapixels: Files with more pixels are refused.
        workers: Decoding threads.

    Raises:
        BrokenImageError: Some files are broken; all are tried, and the message names the first ten.
        DataError: There is not enough space.
        OSError: The folder cannot be written.
    """
    temporary = target.with_suffix(_BUILDING)
    _sweep(target.parent, temporary)
    _check_space(target.parent, len(names) * (size**2 + _BYTES_PER_NAME))
    logger.info("Decoding %s radiographs at %d px into %s", f"{len(names):,}", size, target)
    temporary.mkdir()
    try:
        _write_pictures(temporary / PICTURES, names, size, max_megapixels, workers)
        _write_synced(temporary / INDEX, json.dumps({"paths": names}).encode())
        _sync_folder(temporary)
        temporary.rename(target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def cannot_write(error: OSError, folder: Path, needed: int) -> DataError:
    """The error to raise when the operating system refuses to write a cache of ``needed`` bytes into ``folder``."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    reason = "there is not enough space" if full else f"{error.strerror or error}"
    return DataError(
        f"The picture cache cannot be written to {folder}: {reason}. Expected: a folder that can be written, with "
        f"{_megabytes(needed)} free. Make room, or name another folder by `data.cache`."
    )


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"The picture cache needs {_megabytes(needed)} in {folder}, and {_megabytes(free)} are free. Make room, "
            f"choose a smaller `data.image_size`, or name another folder by `data.cache`."
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _sweep(folder: Path, own: Path) -> None:
    """Remove what processes that were killed left behind: nobody holds the lock of theirs."""
    for leftover in folder.glob(f"*{_BUILDING}"):
        if leftover == own:
            shutil.rmtree(leftover)
            continue
        with try_lock(leftover.with_suffix(".lock")) as locked:
            if locked:
                shutil.rmtree(leftover, ignore_errors=True)


def _write_pictures(file: Path, names: list[str], size: int, max_megapixels: float, workers: int) -> None:
    """Plain sequential writes: on a full disk these fail with an error, where a memory map would be killed."""
    broken: list[str] = []
    with file.open("wb", buffering=2**20) as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(names), size, size)}
        np.lib.format.write_array_header_1_0(stream, header)
        with closing(_decoded(names, size, max_megapixels, workers)) as pictures:
            for picture in progress_bar(
                pictures, "Decoding radiographs", len(names), unit="file", file=sys.stderr, mininterval=1, disable=False
            ):
                if isinstance(picture, BrokenImageError):
                    broken.append(str(picture))
                elif not broken:
                    stream.write(picture.data)
        if broken:
            raise BrokenImageError(_all_broken(broken, len(names)))
        stream.flush()
        os.fsync(stream.fileno())


def _decoded(
    names: list[str], size: int, max_megapixels: float, workers: int
) -> Generator[np.ndarray | BrokenImageError, None, None]:
    """Pictures in the order of ``names``, decoded by threads only a little ahead, so that memory stays bounded."""

    def decode(name: str) -> np.ndarray | BrokenImageError:
        try:
            return read_radiograph(name, size, max_megapixels)
        except BrokenImageError as error:
            return error

    waiting: deque[Future[np.ndarray | BrokenImageError]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for name in names:
            waiting.append(pool.submit(decode, name))
            if len(waiting) >= _QUEUED_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _all_broken(messages: list[str], files: int) -> str:
    more = f"\n... and {len(messages) - 10:,} more" if len(messages) > 10 else ""
    listed = "\n".join(messages[:10])
    return (
        f"{len(messages):,} of {files:,} radiographs cannot be read:\n{listed}{more}\n"
        f"Download them again, or remove their rows from the label file."
    )


def _write_synced(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
