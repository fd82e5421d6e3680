"""What a PNG or JPEG file says of itself, and whether all of it is there, without decoding it.

Decoders are lenient: depending on their version they return the upper half of a truncated file with no more than a
line on stderr. So the structure is checked here: PNG by its chunks and their checksums (PNG specification, third
edition, section 5), JPEG by its markers (ITU-T T.81, annex B) up to the end of the picture. What a JPEG file lost
between two markers shows only when it is decoded; see :mod:`xraykit.data.decoders.messages`.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"

_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"

_NOT_FRAME_HEADERS = {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_HUFFMAN_TABLES, _SEQUENTIAL_HUFFMAN = 0xC4, {0xC0, 0xC1}
_IN_LONG_RUNS = {0x00, 0xF0}  # symbols that empty parts of a picture repeat: end of block, 16 zeros
_MOST_ZEROS = 8
_MARKER_AFTER_PIXELS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")

_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}


class Damage(ValueError):
    """Why some bytes are no whole picture, as a clause without the file's name."""


@dataclass(frozen=True)
class Header:
    """Size and depth of a picture.

    Attributes:
        width: Columns of pixels.
        height: Rows of pixels.
        depth: Bits per sample as stored: 1, 2, 4, 8, 12 or 16.
        channels: Values per pixel once decoded: 1 (grey), 3 (colours) or, in some JPEG files, 4; transparency
            does not count.
        significant_bits: Bits per sample that the writer declared to carry information (PNG's sBIT chunk).
    """

    width: int
    height: int
    depth: int
    channels: int = 1
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


def looks_whole(path: str) -> bool:
    """Whether a file begins and ends as a whole PNG or JPEG file does: a quick look, for very many files."""
    try:
        with open(path, "rb") as file:
            start = file.read(len(PNG_SIGNATURE))
            file.seek(-min(len(_PNG_END), os.fstat(file.fileno()).st_size), os.SEEK_END)
            end = file.read()
    except OSError:
        return False
    if start == PNG_SIGNATURE:
        return end.endswith(_PNG_END)
    return start.startswith(JPEG_SIGNATURE) and end.endswith(_JPEG_END)


def _png_header(content: bytes) -> Header:
    chunks: dict[bytes, memoryview] = {}
    for kind, body in _png_chunks(content):
        chunks.setdefault(kind, body)
    if len(chunks.get(b"IHDR", b"")) != 13 or b"IDAT" not in chunks:
        raise Damage("its PNG header or pixels are missing")
    width, height, depth, colour_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    declared = min(max(chunks.get(b"sBIT", b""), default=0), depth)
    return Header(width, height, depth, _PNG_CHANNELS.get(colour_type, 1), declared or None)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, start = memoryview(content), len(PNG_SIGNATURE)
    while start + 12 <= len(view):
        length, kind = struct.unpack(">I4s", view[start : start + 8])
        end = start + 12 + length
        if end > len(view):
            break
        if zlib.crc32(view[start + 4 : end - 4]) != struct.unpack(">I", view[end - 4 : end])[0]:
            raise Damage(f"it is damaged: the checksum of its {kind.decode('latin-1')} part at byte {start} is wrong")
        yield kind, view[start + 8 : end - 4]
        if kind == b"IEND":
            return
        start = end
    raise Damage(f"it is cut short: {len(content):,} bytes, and PNG's end is not among them")


def _jpeg_header(content: bytes) -> Header:
    """Of the whole file: every segment up to the end of the picture is walked, the coded pixels too."""
    header, interval, huffman = None, 0, False
    precision: dict[int, dict[int, int]] = {}
    shortest: dict[int, int] = {}
    for marker, start, body in _jpeg_segments(content):
        if marker == _END_OF_IMAGE:
            if header is None or not precision:
                raise Damage("its JPEG header or pixels are missing")
            if any(bit for bits in precision.values() for bit in bits.values()):
                raise Damage("it is cut short: the last scans of a progressive JPEG file are missing")
            return header
        if _is_frame_header(marker) and len(body) >= 6:
            depth, height, width, channels = struct.unpack(">BHHB", body[:6])
            header, huffman = Header(width, height, depth, channels), marker in _SEQUENTIAL_HUFFMAN
        elif marker == _HUFFMAN_TABLES:
            shortest |= _shortest_codes(body)
        elif marker == _RESTART_INTERVAL and len(body) == 2:
            (interval,) = struct.unpack(">H", body)
        elif marker == _START_OF_SCAN:
            _note_precision(body, precision)
            _check_restarts(content, start + 4 + len(body), interval)
            if huffman and {shortest.get(table & 15, 0) for table in body[2:-3:2]} - _IN_LONG_RUNS:
                _check_zeros(content, start + 4 + len(body))
    raise Damage(f"it is cut short: {len(content):,} bytes, and JPEG's end is not among them")


def _note_precision(scan: bytes, precision: dict[int, dict[int, int]]) -> None:
    """Note the lowest bit that a scan brings of each coefficient of its components (annex B.2.3; 0 if not progressive).

    Coefficients that no scan begins are zero, as some writers want; one that was begun is brought down to bit 0.
    """
    if not scan or len(scan) != 4 + 2 * scan[0]:
        raise Damage("it is damaged: a JPEG scan has a header of the wrong length")
    first, last, bits = scan[-3:]
    for component in scan[1:-3:2]:
        precision.setdefault(component, {}).update(dict.fromkeys(range(first, last + 1), bits & 15))


def _shortest_codes(tables: bytes) -> dict[int, int]:
    """The symbol whose code is all zeros, of each table for coefficients but the first (AC); see annex C."""
    found, start = {}, 0
    while start + 17 < len(tables):
        if tables[start] >> 4 == 1:
            found[tables[start] & 15] = tables[start + 17]
        start += 17 + sum(tables[start + 1 : start + 17])
    return found


def _check_zeros(content: bytes, start: int) -> None:
    """Zero bytes in a row, as a faulty disk leaves them; decoders take them for pixels without a warning.

    For a scan with a table in which zeros stand for a coefficient, and not for the end of a block: so many zero bits
    would be ten or more equal coefficients one after another, which no picture has.
    """
    found = content.find(bytes(_MOST_ZEROS + 1), start, _end_of_coded_pixels(content, start))
    if found >= 0:
        raise Damage(f"it is damaged: more than {_MOST_ZEROS} bytes from byte {found} on are zero")


def _is_frame_header(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_HEADERS


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, offset and body of each segment up to the end of the picture; coded pixels are passed over."""
    start = 2
    while start + 2 <= len(content):
        if content[start] != 0xFF:
            raise Damage(f"it is damaged: no JPEG marker at byte {start}")
        marker = content[start + 1]
        if marker == 0xFF:  # one of any number of filling bytes
            start += 1
        elif marker == _END_OF_IMAGE:
            yield marker, start, b""
            return
        elif marker in _WITHOUT_LENGTH:
            start += 2
        else:
            end = _end_of_segment(content, start)
            yield marker, start, content[start + 4 : end]
            start = _end_of_coded_pixels(content, end) if marker == _START_OF_SCAN else end


def _end_of_segment(content: bytes, start: int) -> int:
    length = int.from_bytes(content[start + 2 : start + 4])
    if start + 4 > len(content) or start + 2 + length > len(content):
        raise Damage(f"it is cut short: {len(content):,} bytes, and JPEG's end is not among them")
    if length < 2:
        raise Damage(f"it is damaged: the JPEG segment at byte {start} has the length {length}")
    return start + 2 + length


def _end_of_coded_pixels(content: bytes, start: int) -> int:
    found = _MARKER_AFTER_PIXELS.search(content, start)
    return found.start() if found else len(content)


def _check_restarts(content: bytes, start: int, interval: int) -> None:
    """Restart markers count from 0 to 7 again and again: where one is lost, so are the pixels before it."""
    end = _end_of_coded_pixels(content, start)
    for place, found in enumerate(_RESTART.finditer(content, start, end)):
        if not interval:
            raise Damage(f"it is damaged: a JPEG restart marker at byte {found.start()}, though none are declared")
        if content[found.start() + 1] - 0xD0 != place % 8:
            raise Damage(f"it is damaged: a JPEG restart marker is missing before byte {found.start()}")
