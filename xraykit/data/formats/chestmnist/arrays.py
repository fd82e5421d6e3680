"""The arrays in a file of ChestMNIST. Pictures are read one after another, as 5 GB of them may not fit in memory."""

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from xraykit.data.formats.chestmnist.facts import HINTS, LABELS, PARTS
from xraykit.errors import DataError

_MOST = 10_000_000
_LARGEST_SIDE = 1024  # A small file may unpack to any size; the collection has 112,120 pictures of at most 224 pixels.


class Member(NamedTuple):
    """An array as the file's directory lists it: checksum and number of its bytes."""

    crc32: int
    bytes: int


@dataclass(frozen=True)
class Arrays:
    """A file of arrays whose directory was read.

    Attributes:
        path: The file.
        members: Name of each array, such as ``train_images``, to what the directory says of it.
    """

    path: Path
    members: dict[str, Member]

    def labels(self, part: str) -> np.ndarray:
        """The labels ``(n, 14)`` of ``train``, ``val`` or ``test``, 0 or 1.

        Raises:
            DataError: They are not.
        """
        with self._open(f"{part}_labels") as stream:
            shape, kind = _header(stream, self.path)
            fits = len(shape) == 2 and 0 <= shape[0] <= _MOST and shape[1] == len(LABELS)
            if not fits or kind.kind not in "iub":
                raise self._wrong(f"{part}_labels is {shape} {kind}", f"whole numbers (n, {len(LABELS)})")
            content = self._read(stream, kind.itemsize * shape[0] * shape[1], f"{part}_labels")
            self._read(stream, 0, f"{part}_labels")
        values = np.frombuffer(content, kind).reshape(shape)
        if not np.isin(values, (0, 1)).all():
            raise self._wrong(f"{part}_labels has other values than 0 and 1", "0 or 1")
        return values

    def pictures(self, part: str) -> Iterator[np.ndarray]:
        """The pictures ``(S, S)`` uint8 of ``train``, ``val`` or ``test``, one after another.

        Raises:
            DataError: They are no square grey pictures, or the file is damaged.
        """
        with self._open(f"{part}_images") as stream:
            count, side = self._extent(part, stream)
            for number in range(count):
                content = self._read(stream, side * side, f"{part}_images, picture {number}")
                yield np.frombuffer(content, np.uint8).reshape(side, side)
            # Its checksum is compared when the end is reached.
            self._read(stream, 0, f"{part}_images")

    def extent(self, part: str) -> tuple[int, int]:
        """Number and side in pixels of the pictures of a part."""
        with self._open(f"{part}_images") as stream:
            return self._extent(part, stream)

    def _extent(self, part: str, stream: IO[bytes]) -> tuple[int, int]:
        shape, kind = _header(stream, self.path)
        square = len(shape) in (3, 4) and shape[1] == shape[2] and shape[3:] in ((), (1,))
        fits = square and 0 <= shape[0] <= _MOST and 0 < shape[1] <= _LARGEST_SIDE
        if not fits or kind != np.uint8:
            expected = f"grey pictures (n, S, S) uint8 of at most {_LARGEST_SIDE} pixels"
            raise self._wrong(f"{part}_images is {shape} {kind}", expected)
        return int(shape[0]), int(shape[1])

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(self.path) as archive:
            try:
                stream = archive.open(f"{name}.npy")
            except (
                RuntimeError,
                zipfile.BadZipFile,
            ) as error:  # encrypted, or an unknown compression
                raise self._wrong(f"{name} cannot be unpacked ({error})", "a file as it was published") from None
            with stream:
                yield stream

    def _read(self, stream: IO[bytes], count: int, what: str) -> bytes:
        try:
            # At the end one byte shows whether anything follows, which might be gigabytes.
            content = stream.read(count or 1)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise self._wrong(f"{what} is damaged ({error})", "a complete file") from None
        if len(content) != count:
            received = f"{what} has {len(content):,} bytes" if count else f"{what} goes on after its last value"
            raise self._wrong(received, f"{count:,} bytes" if count else "its end")
        return content

    def _wrong(self, received: str, expected: str) -> DataError:
        return DataError(f"{self.path}: {received}. Expected: {expected}. Download it again. {HINTS}")


def open_arrays(path: Path) -> Arrays:
    """Read the directory of a file of arrays.

    Raises:
        DataError: It is no such file, or an array is missing.
    """
    try:
        with zipfile.ZipFile(path) as file:
            members = {info.filename.removesuffix(".npy"): Member(info.CRC, info.file_size) for info in file.infolist()}
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path} is no complete file of arrays (npz): {error}. Download it again. {HINTS}") from None
    absent = [name for name in names_of_arrays() if name not in members]
    if absent:
        raise DataError(
            f"{path} has no array {', '.join(absent)}. Expected: {', '.join(names_of_arrays())}. Download it again. "
            f"{HINTS}"
        )
    return Arrays(path, members)


def names_of_arrays() -> list[str]:
    """The arrays that a file of ChestMNIST contains."""
    return [f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")]


def _header(stream: IO[bytes], path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an array; one of objects, which would run code, is refused by its type."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, columns_first, kind = read(stream)
    except (ValueError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(f"{path} has an array that cannot be read: {error}. Download it again. {HINTS}") from None
    if kind.hasobject or (columns_first and len(shape) > 1):
        raise DataError(f"{path} has an array of {kind} that is not plain numbers row by row. {HINTS}")
    return shape, kind
