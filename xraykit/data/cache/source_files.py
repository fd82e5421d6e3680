"""Image files as they are found, and what is known of each once it was decoded."""

import hashlib
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from xraykit.data.decoders.pictures import content_of, open_radiograph
from xraykit.errors import BrokenImageError, DataError
from xraykit.system import counted

_DIGITS = 32
_LISTED = 10
_PATH = "{path}"


class SourceFile(NamedTuple):
    """An image file and what changes when somebody writes to it.

    Attributes:
        path: Absolute.
        bytes: Its size.
        mtime_ns: When its content was changed, as its last writer wished it to be known.
        ctime_ns: When its content or its entry was changed, as the operating system saw it: a file that was replaced by
            one of the same size with its old time of change still shows here.
        name: What it is called wherever the data set is stored; no two files of a data set have the same.
    """

    path: str
    bytes: int
    mtime_ns: int
    ctime_ns: int
    name: str = ""


class Facts(NamedTuple):
    """What is known of one decoded file, wherever it is stored.

    Attributes:
        sha256: Of the file's bytes, the first 32 digits; blank if they cannot be read.
        crc32: Of the decoded picture's bytes: a changed byte in the cache is noticed by it.
        digest: SHA-256 of the decoded picture's bytes, the first 32 digits: pictures of one digest are the same.
        width: Columns of pixels of the source.
        height: Rows of pixels of the source.
        colourfulness: 0 (grey) to 1; see :class:`~xraykit.data.decoders.pictures.Radiograph`.
        unreadable: Why the file cannot be read as a radiograph, with ``{path}`` for its path; blank if it can. Its
            picture is then black, and is never given out.
    """

    sha256: str
    crc32: int
    digest: str
    width: int
    height: int
    colourfulness: float
    unreadable: str = ""

    def why_unreadable(self, path: str) -> str:
        """:attr:`unreadable` of the file at ``path``, as a sentence."""
        return self.unreadable.replace(_PATH, path)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded file.

    Attributes:
        picture: ``(S, S)`` uint8.
        facts: What is known of it.
    """

    picture: np.ndarray
    facts: Facts


def find_sources(paths: Iterable[str], names: Iterable[str] | None = None) -> list[SourceFile]:
    """The files of some paths, each once, in the order of their names.

    Args:
        paths: Of the files; repeats do not matter.
        names: What each is called wherever the data set is stored; left out, its path below the folder that all have
            in common.

    Raises:
        BrokenImageError: Files are not there, or cannot be looked at; the message names the first ten.
        DataError: No paths are given, or two files have one name.
    """
    absolute = [os.path.abspath(path) for path in paths]
    name_of = dict(zip(absolute, _names_below(absolute) if names is None else names, strict=True))
    files, missing = [], []
    for path in sorted(name_of, key=lambda path: (name_of[path], path)):
        try:
            files.append(_as_found(path, name_of[path]))
        except OSError as error:
            missing.append(f"{path} ({error.strerror})")
    if missing:
        raise BrokenImageError(
            f"Not found: {counted(len(missing), 'image file')}: {', '.join(missing[:_LISTED])}. All were there when "
            f"the label file was read; check that nothing moves them, and start again."
        )
    if not files:
        raise DataError("A picture cache needs at least one radiograph. Received: none.")
    for one, other in pairwise(files):
        if one.name == other.name:
            raise DataError(f"{one.path} and {other.path} have one name, {one.name!r}. Expected: one file for each.")
    return files


def _names_below(paths: list[str]) -> list[str]:
    """The paths below the folder that all have in common, with ``/`` on every system."""
    if not paths:
        return []
    folders = {path[: path.rindex(os.sep) + 1] for path in paths}
    # What the first and the last in alphabetical order have in common, all have.
    common = os.path.commonpath([min(folders), max(folders)])
    return [path[len(common) :].lstrip(os.sep).replace(os.sep, "/") for path in paths]


def decode_file(file: SourceFile, size: int, max_megapixels: float, bit_depth: int | None = None) -> Decoded:
    """Decode a file.

    Args:
        file: As it was found.
        size: Side of the picture in pixels.
        max_megapixels: A file with more pixels is refused.
        bit_depth: Of 16-bit samples whose depth the file does not declare.

    Raises:
        BrokenImageError: It is no whole picture, or was changed since it was found.
    """
    content = content_of(file.path, max_megapixels)
    _check_unchanged(file)
    radiograph = open_radiograph(content, size, max_megapixels, name=file.path, bit_depth=bit_depth)
    facts = Facts(
        hash_of(content),
        zlib.crc32(radiograph.picture.data),
        hash_of(radiograph.picture.data),
        radiograph.width,
        radiograph.height,
        round(radiograph.colourfulness, 6),
    )
    return Decoded(radiograph.picture, facts)


def unreadable_file(file: SourceFile, size: int, error: BrokenImageError) -> Decoded:
    """What stands in the cache for a file that :func:`decode_file` refused: a black picture, and the reason."""
    black = np.zeros((size, size), np.uint8)
    facts = Facts(hash_of_file(file.path), zlib.crc32(black.data), "", 0, 0, 0.0, str(error).replace(file.path, _PATH))
    return Decoded(black, facts)


def hash_of_file(path: str) -> str:
    """:func:`hash_of` of the bytes of a file; blank where they cannot be read."""
    try:
        if not os.path.isfile(path):  # reading a FIFO or a device could take forever
            return ""
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:_DIGITS]
    except OSError:
        return ""


def hash_of(content: bytes | memoryview) -> str:
    """SHA-256, the first 32 digits in hexadecimal."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _as_found(path: str, name: str) -> SourceFile:
    status = os.stat(path)
    return SourceFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, name)


def _check_unchanged(file: SourceFile) -> None:
    try:
        now = _as_found(file.path, file.name)
    except OSError as error:
        raise BrokenImageError(f"{file.path} vanished while it was read: {error.strerror}.") from None
    if now != file:
        raise BrokenImageError(
            f"{file.path} was changed while the picture cache was built. Expected: files that nobody writes to "
            f"meanwhile. Start again when they are complete."
        )
