"""From a file's bytes to its text: other kinds of files are refused before they are read."""

import hashlib
import logging
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from xraykit.errors import DataError
from xraykit.system.files import read_regular_file

MAX_BYTES = 1 << 29
"""Larger files are refused: the label file of 377,000 radiographs has about 60 MB."""

_SNIFFED = 4096
_GZIP = b"\x1f\x8b"
_NO_TABLES = {
    b"PK\x03\x04": "an Excel workbook (.xlsx), an OpenDocument file (.ods) or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one that is protected by a password",
    _GZIP: "compressed with gzip",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "a database",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
}
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """A text file.

    Attributes:
        path: The file.
        text: Its text, without byte order mark.
        encoding: How it was encoded, as Python names it.
        sha256: Hash of its bytes, in hexadecimal.
    """

    path: Path
    text: str
    encoding: str
    sha256: str


def read_content(path: Path) -> Content:
    """Read a text file in UTF-8, UTF-16, UTF-32 or else Windows-1252.

    A file whose name ends with ``.gz`` is decompressed; its hash is that of the file as it is.

    Raises:
        DataError: It is not a regular file (a pipe or device), larger than :data:`MAX_BYTES`, also after it is
            decompressed, cannot be read, or is not text (an Excel workbook, a picture, ...).
    """
    return content_of(path, read_regular_file(path, MAX_BYTES))


def content_of(path: Path, data: bytes) -> Content:
    """:func:`read_content` of a file whose bytes were read already.

    Args:
        path: The file, for messages and for its suffix.
        data: Its bytes.

    Raises:
        DataError: They are not text, or too many after they are decompressed.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if path.suffix.lower() == ".gz" and data.startswith(_GZIP):
        data = _decompressed(path, data)
    refuse_binary(path, data[:_SNIFFED])
    text, encoding = _decoded(path, data)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: a NUL character. Expected: a text table. The file may be damaged.")
    return Content(path, text, encoding, sha256)


def _decompressed(path: Path, data: bytes) -> bytes:
    """The content of a gzip file; one of a few kilobytes could contain gigabytes, so that it is read up to a limit."""
    parts, size = [], 0
    try:
        while data:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(data, MAX_BYTES + 1 - size))
            size += len(parts[-1])
            if size > MAX_BYTES:
                raise DataError(
                    f"{path} contains more than {MAX_BYTES:,} bytes of text. Expected: a table of radiographs."
                )
            if not member.eof:
                raise zlib.error("it ends too early")
            data = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise DataError(
            f"{path} is damaged: {error}. Expected: a whole file that gzip wrote. Download or copy it again."
        ) from error
    return b"".join(parts)


def read_start(path: Path) -> str:
    """The first lines of a text file, also of a compressed one, to recognise it; blank if it is none or unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(_SNIFFED * 16)
        if path.suffix.lower() == ".gz" and data.startswith(_GZIP):
            data = zlib.decompressobj(wbits=31).decompress(data, _SNIFFED * 16)
        refuse_binary(path, data[:_SNIFFED])
        # The last character may be cut in two.
        lines = data[: data.rfind(b"\n") + 1] or data
        return _decoded(path, lines)[0]
    except (OSError, zlib.error, DataError):
        return ""


def refuse_binary(path: Path, start: bytes) -> None:
    """Refuse a file whose first bytes show that it is not text.

    Raises:
        DataError: it is an Excel workbook, an archive, a picture or the like.
    """
    kinds = [kind for signature, kind in _NO_TABLES.items() if start.startswith(signature)]
    kinds += ["a DICOM file"] if start[128:132] == b"DICM" else []
    if kinds:
        remedies = {"an Excel": "Save it as CSV", "an old": "Save it without a password as .xlsx or as CSV"}
        remedy = next((each for kind, each in remedies.items() if kinds[0].startswith(kind)), None)
        excel = f"{remedy} (in Excel: Save as, CSV UTF-8)" if remedy else "Give the table itself"
        raise DataError(f"{path} is {kinds[0]}. Expected: a text table (CSV). {excel}.")


def _decoded(path: Path, data: bytes) -> tuple[str, str]:
    encodings = [encoding for mark, encoding in _MARKS.items() if data.startswith(mark)][:1]
    encodings = encodings or _unmarked(data[:_SNIFFED])
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            _warn_of_windows(path)
        return text, encoding
    raise DataError(f"{path} cannot be read as {' or '.join(encodings)}. Expected: a text table in UTF-8.")


@lru_cache(100)
def _warn_of_windows(path: Path) -> None:
    """Once for each file, as it may be read more than once."""
    logger.warning("%s is not in UTF-8 and was read as Windows-1252; save it as UTF-8 to be sure.", path)


def _unmarked(start: bytes) -> list[str]:
    """Which encodings to try for a file without byte order mark.

    Text of Latin letters has a zero in every second byte in UTF-16, and none in UTF-8.
    """
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) > len(start) / 6 and min(even, odd) == 0:
        return ["utf-16-le" if odd else "utf-16-be"]
    return ["utf-8", "cp1252"]
