"""PNG files: header and completeness, from their chunks and checksums.

Decoders are lenient: depending on their version they return the upper half of a truncated file with no more than a line
on stderr. So the structure is checked here (PNG specification, third edition, section 5), without decoding.
"""

import struct
import zlib
from collections.abc import Iterator

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.opencv import decode_by_opencv
from xraykit.registry import Decoder, Header, register_decoder

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_END = b"IEND\xaeB`\x82"
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}


def _header(content: bytes) -> Header:
    chunks: dict[bytes, memoryview] = {}
    for kind, body in _chunks(content):
        chunks.setdefault(kind, body)
    if len(chunks.get(b"IHDR", b"")) != 13 or b"IDAT" not in chunks:
        raise Damage("its PNG header or pixels are missing")
    width, height, depth, colour_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    declared = min(max(chunks.get(b"sBIT", b""), default=0), depth)
    return Header(width, height, depth, _CHANNELS.get(colour_type, 1), declared or None)


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, start = memoryview(content), len(SIGNATURE)
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


register_decoder(
    Decoder(
        "png",
        (".png",),
        recognises=lambda start: start.startswith(SIGNATURE),
        header=_header,
        decode=decode_by_opencv,
        ends_whole=lambda end: end.endswith(_END),
        may_be_deep=lambda start: start[24:25] == b"\x10",
    )
)
