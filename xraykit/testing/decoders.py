"""The contract of a decoder, checked on one file."""

import numpy as np

from xraykit.data import open_radiograph
from xraykit.errors import BrokenImageError
from xraykit.registry import DECODERS, END, START
from xraykit.testing.contract import require

_SIZE = 32


def check_decoder(name: str, content: bytes, pixels: np.ndarray) -> None:
    """Check that a registered decoder keeps the contract.

    It recognises the file by its beginning, and no PNG, JPEG or empty file; header and pixels agree and are those
    expected; xraykit reads the same radiograph from file and pixels; and a file that is cut short is refused.

    Args:
        name: The decoder's name.
        content: A whole file of the kind.
        pixels: What it shows: grey ``(H, W)`` or red, green and blue ``(H, W, 3)``, uint8 or uint16.

    Raises:
        RegistryError: nothing is registered under ``name``, or the code of the decoder failed.
        BrokenImageError: the contract is broken; the message says where.
    """
    decoder = DECODERS.get(name)
    with DECODERS.naming_plugin(name):
        _require(name, decoder.recognises(content[:START]), "does not recognise the file by its beginning")
        for other in (b"", b"\x89PNG\r\n\x1a\n" + bytes(56), b"\xff\xd8\xff\xe0" + bytes(60)):
            claimed = name not in DECODERS.builtins and decoder.recognises(other)
            _require(name, not claimed, f"recognises a file of another kind, which begins with {other[:4]!r}")
        header, decoded = decoder.header(content), np.asarray(decoder.decode(content))
        _require(name, decoder.ends_whole(content[-END:]), "takes the end of the whole file for that of a part")
    extent = (header.height, header.width)
    _require(name, decoded.shape[:2] == extent, f"has a header of {extent} and pixels of {decoded.shape[:2]}")
    _require(name, decoded.dtype in (np.uint8, np.uint16), f"gives {decoded.dtype}, not uint8 or uint16")
    _require(name, np.array_equal(decoded, pixels), "gives other pixels than expected")
    read, expected = open_radiograph(content, _SIZE).picture, open_radiograph(pixels, _SIZE).picture
    _require(name, np.array_equal(read, expected), "gives another radiograph than its pixels")
    _check_cut(name, content)


def _check_cut(name: str, content: bytes) -> None:
    try:
        open_radiograph(content[: len(content) // 2], _SIZE)
    except BrokenImageError:
        return
    _require(name, False, "reads a file that is cut in half")


def _require(name: str, kept: bool, broken: str) -> None:
    require(BrokenImageError, f"The decoder {name!r}", kept, broken)
