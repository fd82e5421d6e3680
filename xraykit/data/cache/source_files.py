"""Image files as they are found, and what is known of each once it was decoded."""

import hashlib
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xraykit.data.decoders.pictures import content_of, open_radiograph
from xraykit.errors import BrokenImageError, DataError
from xraykit.system import counted

_DIGITS = 32
_LISTED = 10


class SourceFile(NamedTuple):
    """An image file and what changes when somebody writes to it.

    Attributes:
        path: Absolute.
        bytes: Its size.
        mtime_ns: When its content was changed, as its last writer wished it to be known.
        ctime_ns: When its content or its entry was changed, as the operating system saw it: a file that was replaced by
            one of the same size with its old time of change still shows here.
    """

    path: str
    bytes: int
    mtime_ns: int
    ctime_ns: int


class Facts(NamedTuple):
    """What is known of one decoded file.

    Attributes:
        ctime_ns: :attr:`SourceFile.ctime_ns` of the file that was decoded.
        sha256: Of the file's bytes, the first 32 digits.
        crc32: Of the decoded picture's bytes: a changed byte in the cache is noticed by it.
        digest: SHA-256 of the decoded picture's bytes, the first 32 digits: pictures of one digest are the same.
        width: Columns of pixels of the source.
        height: Rows of pixels of the source.
        colourfulness: 0 (grey) to 1; see :class:`~xraykit.data.decoders.pictures.Radiograph`.
    """

    ctime_ns: int
    sha256: str
    crc32: int
    digest: str
    width: int
    height: int
    colourfulness: float


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded file.

    Attributes:
        picture: ``(S, S)`` uint8.
        facts: What is known of it.
    """

    picture: np.ndarray
    facts: Facts


def find_sources(paths: Iterable[str]) -> list[SourceFile]:
    """The files of some paths, each once, in the order of their absolute paths.

    Raises:
        BrokenImageError: Files are not there, or cannot be looked at; the message names the first ten.
        DataError: No paths are given.
    """
    files, missing = [], []
    for path in sorted({os.path.abspath(path) for path in paths}):
        try:
            files.append(_as_found(path))
        except OSError as error:
            missing.append(f"{path} ({error.strerror})")
    if missing:
        raise BrokenImageError(
            f"Not found: {counted(len(missing), 'image file')}: {', '.join(missing[:_LISTED])}. All were there when "
            f"the label file was read; check that nothing moves them, and start again."
        )
    if not files:
        raise DataError("A picture cache needs at least one radiograph. Received: none.")
    return files


def decode_file(file: SourceFile, size: int, max_megapixels: float) -> Decoded:
    """Decode a file.

    Args:
        file: As it was found.
        size: Side of the picture in pixels.
        max_megapixels: A file with more pixels is refused.

    Raises:
        BrokenImageError: It is no whole picture, or was changed since it was found.
    """
    content = content_of(file.path, max_megapixels)
    _check_unchanged(file)
    radiograph = open_radiograph(content, size, max_megapixels, name=file.path)
    facts = Facts(
        file.ctime_ns,
        hash_of(content),
        zlib.crc32(radiograph.picture.data),
        hash_of(radiograph.picture.data),
        radiograph.width,
        radiograph.height,
        round(radiograph.colourfulness, 6),
    )
    return Decoded(radiograph.picture, facts)


def same_content(file: SourceFile, facts: Facts) -> bool:
    """Whether a file still holds the bytes that were decoded; False where it cannot be read."""
    try:
        return hash_of(Path(file.path).read_bytes()) == facts.sha256
    except OSError:
        return False


def hash_of(content: bytes | memoryview) -> str:
    """SHA-256, the first 32 digits in hexadecimal."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _as_found(path: str) -> SourceFile:
    status = os.stat(path)
    return SourceFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _check_unchanged(file: SourceFile) -> None:
    try:
        now = _as_found(file.path)
    except OSError as error:
        raise BrokenImageError(f"{file.path} vanished while it was read: {error.strerror}.") from None
    if now != file:
        raise BrokenImageError(
            f"{file.path} was changed while the picture cache was built. Expected: files that nobody writes to "
            f"meanwhile. Start again when they are complete."
        )
