"""What a PNG or JPEG file says of itself, and whether all of it is there, without decoding it.

Decoders are lenient: depending on their version they return the upper half of a truncated file with no more than a
line on stderr. So the structure is checked here: PNG by its chunks and their checksums (PNG specification, third
edition, section 5), JPEG by its markers (ITU-T T.81, annex B).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"

_NOT_FRAME_HEADERS = {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}


class Damage(ValueError):
    """Why some bytes are no whole picture, as a clause without the file's name."""


@dataclass(frozen=True)
class Header:
    """Size and depth of a picture.

    Attributes:
        width: Columns of pixels.
        height: Rows of pixels.
        depth: Bits per sample as stored: 1, 2, 4, 8, 12 or 16.
        significant_bits: Bits per sample that the writer declared to carry information (PNG's sBIT chunk).
    """

    width: int
    height: int
    depth: int
    significant_bits: int | None = None


def read_header(content: bytes) -> Header:
    """Size and depth of a whole PNG or JPEG file.

    Raises:
        Damage: ``content`` is neither, or is not complete.
    """
    if not content:
        raise Damage("it is empty (0 bytes)")
    if content.startswith(PNG_SIGNATURE):
        return _png_header(content)
    if content.startswith(JPEG_SIGNATURE):
        return _jpeg_header(content)
    if content[128:132] == b"DICM":
        raise Damage("it is a DICOM file; convert it to PNG first")
    raise Damage(f"it is no PNG or JPEG file: it begins with {content[:8]!r}")


def _png_header(content: bytes) -> Header:
    chunks: dict[bytes, memoryview] = {}
    for kind, body in _png_chunks(content):
        chunks.setdefault(kind, body)
    if len(chunks.get(b"IHDR", b"")) != 13 or b"IDAT" not in chunks:
        raise Damage("its PNG header or pixels are missing")
    width, height, depth = struct.unpack(">IIB", chunks[b"IHDR"][:9])
    declared = min(max(chunks.get(b"sBIT", b""), default=0), depth)
    return Header(width, height, depth, declared or None)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, start = memoryview(content), len(PNG_SIGNATURE)
    while start + 12 <= len(view):
        length, kind = struct.unpack(">I4s", view[start : start + 8])
        end = start + 12 + length
        if end > len(view):
            break
        critical = kind[:1].isupper()
        if critical and zlib.crc32(view[start + 4 : end - 4]) != struct.unpack(">I", view[end - 4 : end])[0]:
            raise Damage(f"it is damaged: the checksum of its {kind.decode('latin-1')} part at byte {start} is wrong")
        yield kind, view[start + 8 : end - 4]
        if kind == b"IEND":
            return
        start = end
    raise Damage(f"it is cut short: {len(content):,} bytes, and PNG's end is not among them")


def _jpeg_header(content: bytes) -> Header:
    header = None
    for marker, start, body in _jpeg_segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_HEADERS and header is None and len(body) >= 5:
            depth, height, width = struct.unpack(">BHH", body[:5])
            header = Header(width, height, depth)
        if marker == _START_OF_SCAN and header is not None:
            if content.find(b"\xff\xd9", start) < 0:
                break
            return header
    raise Damage(f"it is cut short: {len(content):,} bytes, and JPEG's end is not among them")


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, offset and body of each segment up to the first scan."""
    start = 2
    while start + 4 <= len(content):
        if content[start] != 0xFF:
            raise Damage(f"it is damaged: no JPEG marker at byte {start}")
        marker = content[start + 1]
        if marker == 0xFF:
            start += 1
        elif marker in _WITHOUT_LENGTH:
            start += 2
        else:
            (length,) = struct.unpack(">H", content[start + 2 : start + 4])
            yield marker, start, content[start + 4 : start + 2 + length]
            if marker in (_START_OF_SCAN, _END_OF_IMAGE):
                return
            start += 2 + length
