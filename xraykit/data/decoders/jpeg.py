"""JPEG files: header and completeness, from their markers (ITU-T T.81, annex B) up to the end of the picture.

Decoders are lenient: they return the upper half of a truncated file. What a file lost between two markers shows only
when it is decoded, in the warnings of the decoder; see :mod:`xraykit.data.decoders.messages`.
"""

import re
import struct
from collections.abc import Iterator

import numpy as np

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.messages import is_jpeg_warning
from xraykit.data.decoders.opencv import decode_by_opencv
from xraykit.registry import Decoder, Header, register_decoder

SIGNATURE = b"\xff\xd8\xff"

_END = b"\xff\xd9"
_NOT_FRAME_HEADERS = {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_HUFFMAN_TABLES, _SEQUENTIAL_HUFFMAN = 0xC4, {0xC0, 0xC1}
_IN_LONG_RUNS = {0x00, 0xF0}  # symbols that empty parts of a picture repeat: end of block, 16 zeros
_MOST_ZEROS = 8
_MARKER_AFTER_PIXELS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


def read_jpeg_header(content: bytes) -> Header:
    """The header of a whole file; every segment up to the end of the picture is walked, the coded pixels too.

    Raises:
        Damage: It is cut short, or its segments are not those of a JPEG file.
    """
    header, interval, huffman = None, 0, False
    precision: dict[int, dict[int, int]] = {}
    shortest: dict[int, int] = {}
    for marker, start, body in _segments(content):
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


def _segments(content: bytes) -> Iterator[tuple[int, int, bytes]]:
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


def _decode(content: bytes) -> np.ndarray:
    return decode_by_opencv(content, is_damage=is_jpeg_warning)


register_decoder(
    Decoder(
        "jpeg",
        (".jpg", ".jpeg"),
        recognises=lambda start: start.startswith(SIGNATURE),
        header=read_jpeg_header,
        decode=_decode,
        ends_whole=lambda end: end.endswith(_END),
        may_be_deep=lambda start: False,
    )
)
