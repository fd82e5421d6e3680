"""Decoding radiographs in parallel into a folder that appears only when it is complete."""

import errno
import io
import logging
import shutil
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from xraykit.data.cache.index import INDEX, index_bytes
from xraykit.data.cache.known_files import KnownFiles
from xraykit.data.cache.source_files import Decoded, Facts, SourceFile, decode_file, unreadable_file
from xraykit.errors import BrokenImageError, DataError
from xraykit.system import atomic_folder, progress_bar

PICTURES = "pictures.npy"

_QUEUED_PER_WORKER = 8
_BYTES_PER_NAME = 512
_LISTED = 50

_Decode = Callable[[SourceFile], Decoded]

logger = logging.getLogger(__name__)


def pictures_header(count: int, size: int) -> bytes:
    """What ``pictures.npy`` with ``count`` pictures begins with; their pixels follow, one picture after another."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (count, size, size)})
    return header.getvalue()


def write_cache(
    target: Path,
    files: list[SourceFile],
    size: int,
    max_megapixels: float,
    workers: int,
    *,
    known: KnownFiles,
    keep_unreadable: bool,
    bit_depth: int | None = None,
) -> None:
    """Decode files into ``target``, which contains ``pictures.npy`` and its index afterwards.

    The caller holds the lock of ``target``, so that a half-written folder found here is a dead process's.

    Args:
        target: The folder to appear; it must not be there.
        files: ``n`` files; ``pictures.npy`` has the shape ``(n, size, size)`` and is uint8.
        size: Side of the pictures in pixels.
        max_megapixels: Files with more pixels are refused.
        workers: Decoding threads.
        known: The files, to record where they were found.
        bit_depth: Of 16-bit samples whose depth a file does not declare.
        keep_unreadable: Write a black picture and the reason for a broken file (:attr:`.Facts.unreadable`).

    Raises:
        BrokenImageError: Some files are broken, or with ``keep_unreadable`` all; all are tried, and the message names
            the first fifty.
        DataError: There is not enough space.
        OSError: The folder cannot be written.
    """
    with atomic_folder(target, locked=True) as temporary:
        _check_space(target.parent, len(files) * (size**2 + _BYTES_PER_NAME))
        logger.info("Decoding %s radiographs at %d px into %s", f"{len(files):,}", size, target)

        def decode(file: SourceFile) -> Decoded:
            return decode_file(file, size, max_megapixels, bit_depth)

        facts = _write_pictures(temporary / PICTURES, files, size, decode, workers, keep_unreadable)
        if all(each.unreadable for each in facts):
            raise broken_files(files, facts)
        (temporary / INDEX).write_bytes(index_bytes([file.name for file in files], facts))
        known.write_into(temporary)


def cannot_write(error: OSError, folder: Path, needed: int) -> DataError:
    """The error to raise when the operating system refuses to write a cache of ``needed`` bytes into ``folder``."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    reason = "there is not enough space" if full else f"{error.strerror or error}"
    return DataError(
        f"The picture cache cannot be written to {folder}: {reason}. Expected: a folder that can be written, with "
        f"{_megabytes(needed)} free. Free some space, or set `data.cache` to another folder."
    )


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"The picture cache needs {_megabytes(needed)} in {folder}, and {_megabytes(free)} are free. Free some "
            f"space, choose a smaller `data.image_size`, or set `data.cache` to another folder."
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _write_pictures(
    target: Path, files: list[SourceFile], size: int, decode: _Decode, workers: int, keep_unreadable: bool
) -> list[Facts]:
    """Plain sequential writes: on a full disk these fail with an error, where a memory map would be killed."""
    facts: list[Facts] = []
    whole = True
    with target.open("wb", buffering=2**20) as stream:
        stream.write(pictures_header(len(files), size))
        with closing(_decoded(files, size, decode, workers)) as pictures:
            for decoded in progress_bar(
                pictures, "Decoding radiographs", len(files), unit="file", file=sys.stderr, mininterval=1
            ):
                facts.append(decoded.facts)
                whole = whole and (keep_unreadable or not decoded.facts.unreadable)
                if whole:
                    stream.write(decoded.picture.data)
    if not whole:
        raise broken_files(files, facts)
    return facts


def _decoded(files: list[SourceFile], size: int, read: _Decode, workers: int) -> Generator[Decoded, None, None]:
    """Pictures in the order of ``files``, decoded by threads only a little ahead, so that memory stays bounded."""

    def decode(file: SourceFile) -> Decoded:
        try:
            return read(file)
        except BrokenImageError as error:
            return unreadable_file(file, size, error)

    waiting: deque[Future[Decoded]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for file in files:
            waiting.append(pool.submit(decode, file))
            if len(waiting) >= _QUEUED_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def broken_files(files: Sequence[SourceFile], facts: Sequence[Facts]) -> BrokenImageError:
    """The error to raise for the files that cannot be read; it names the first fifty."""
    messages = [each.why_unreadable(file.path) for file, each in zip(files, facts, strict=True) if each.unreadable]
    more = f"\n... and {len(messages) - _LISTED:,} more" if len(messages) > _LISTED else ""
    listed = "\n".join(messages[:_LISTED])
    return BrokenImageError(
        f"{len(messages):,} of {len(files):,} radiographs cannot be read:\n{listed}{more}\n"
        f"Download them again, or remove their rows from the label file; or set `data.unreadable: leave_out`, which "
        f"leaves them out of all parts and reports it."
    )
