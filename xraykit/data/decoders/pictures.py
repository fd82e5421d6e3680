"""From one file to one grey picture, by the decoder of its kind; training and serving both use this."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from xraykit.data.decoders.choice import decoder_of, known_kinds, may_be_deep
from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.greys import (
    colourfulness_of,
    grey_of,
    is_undeclared,
    luma,
    resized,
    sample_bits_of,
    to_eight_bits,
)
from xraykit.errors import BrokenImageError, RegistryError
from xraykit.registry import DECODERS, Decoder, Header, Viewable
from xraykit.system import regular_bytes

Used = TypeVar("Used")

READER_VERSION = 1
"""Raised by one whenever the same file gives other pixels than before; caches and bundles of other versions are not
read. Files that were read before and are refused now do not count: see
:data:`xraykit.data.cache.opening.CACHE_VERSION`.
"""

_MOST_BYTES_PER_PIXEL, _MOST_METADATA = 9, 2**26  # four samples of 16 bits that could not be compressed
_LARGE = 2**26
_one_large_picture = threading.Lock()


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One picture as a network takes it, and what its source was before.

    Attributes:
        picture: ``(S, S)`` uint8, 0–255.
        width: Columns of pixels of the source, as viewers show it.
        height: Rows of pixels of the source.
        colourfulness: 0 (grey) to 1 (pure colours): the sum of the differences between each pixel's brightest and
            darkest channel, as a share of the sum of the brightest ones. Measured on the colours of the source,
            averaged to at most 256×256 pixels, so that the coloured grain of a JPEG file does not count.
        facts: What the header of the file says about the radiograph; see :attr:`.Header.facts`.
        depth: Bits per sample of the source, as stored.
        white_bits: Of 16-bit samples whose depth the file does not declare: the depth that they were read with, so that
            ``2**white_bits - 1`` is white; None for all others.
        sample_bits: Of the same, the depth that the samples take, without a share of :data:`.HOT_PIXELS`.
    """

    picture: np.ndarray
    width: int
    height: int
    colourfulness: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 8
    white_bits: int | None = None
    sample_bits: int | None = None


def read_radiograph(
    path: Path | str, size: int, max_megapixels: float = 64, *, bit_depth: int | None = None
) -> np.ndarray:
    """The picture of :func:`open_radiograph` alone, ``(size, size)`` uint8, of a file.

    Raises:
        BrokenImageError: The file is missing, empty, cut short, damaged, too large or of an unknown kind.
    """
    return open_radiograph(path, size, max_megapixels, bit_depth=bit_depth).picture


def undeclared_bits(path: Path | str, max_megapixels: float = 64) -> int | None:
    """The depth that the 16-bit samples of a file take, without hot pixels; None where it is declared or 8 bits.

    Raises:
        BrokenImageError: The file cannot be read.
    """
    if not may_be_deep(str(path)):
        return None

    def taken(colours: np.ndarray, header: Header) -> int | None:
        return sample_bits_of(luma(colours)) if is_undeclared(colours, header) else None

    try:
        return _opened(path, max_megapixels, taken)
    except Damage as damage:
        raise _unreadable(path, str(path), damage) from None
    except RegistryError as error:
        raise BrokenImageError(f"{path} cannot be read as a radiograph. {error}") from error


def most_bytes(max_megapixels: float) -> int:
    """More bytes than this no image file of so many megapixels needs."""
    return int(max_megapixels * 1e6 * _MOST_BYTES_PER_PIXEL) + _MOST_METADATA


def content_of(path: Path | str, max_megapixels: float = 64) -> bytes:
    """The bytes of an image file, undecoded.

    Raises:
        BrokenImageError: It is missing, no regular file or cannot be opened, or has far more bytes than
            ``max_megapixels`` take.
    """
    try:
        return _content(Path(path), max_megapixels)
    except Damage as damage:
        raise _unreadable(path, str(path), damage) from None


def open_radiograph(
    source: Path | str | bytes | np.ndarray,
    size: int,
    max_megapixels: float = 64,
    *,
    name: str | None = None,
    bit_depth: int | None = None,
) -> Radiograph:
    """Read a picture file, its bytes or its pixels as one grey square picture.

    - Colour is turned to luma (ITU-R BT.601), which leaves grey stored as RGB as it is. Transparency is ignored.
    - 16-bit samples are scaled by the bits that are really used: those that PNG's sBIT chunk or a DICOM header
      declares, else ``bit_depth``, where brighter samples are white; without that 8, 10, 12, 14 or 16, the fewest that
      the brightest sample fits into. A file with sBIT whose samples exceed the declared range was scaled to full range
      by its writer, as the PNG specification asks.
    - The orientation in EXIF data is obeyed, so that the picture stands as viewers show it.
    - A picture that is not square is resized to a square along each axis on its own, as published collections of
      square pictures were made from 2500×2048 and other sizes; and black bars would reveal to a model the source of a
      picture.
    - An axis that shrinks is area-averaged (``INTER_AREA``), one that grows is interpolated (``INTER_LINEAR``).

    Args:
        source: A file's path, its content, or pixels ``(H, W)`` or ``(H, W, C)`` uint8 or uint16, C being 1 (grey),
            3 (red, green, blue) or 4 (the same and transparency). Pixels give the same picture as a file of them.
        size: Side of the result in pixels.
        max_megapixels: A source with more pixels is refused, a file before it is decoded.
        name: What error messages call it; left out, its path or "The picture".
        bit_depth: Bits of 16-bit samples whose depth the file does not declare, 8-16: that of the data set
            (:func:`.find_bit_depth`), as a single hot pixel would else decide about the greys of a picture.

    Of pictures with more than 64 MB of pixels, such as 64 megapixels of 16 bits, a process decodes one at a time, and
    others wait: several at once would fill the memory of a small machine.

    Raises:
        BrokenImageError: The source is missing, empty, cut short, damaged, too large, of an unknown kind, no regular
            file, or pixels of another shape or type. A JPEG file is damaged when its decoder warns of it. Changed
            bytes that leave its code valid give no warning; docs/radiographs.md says how often.
    """
    try:
        return _opened(source, max_megapixels, lambda colours, header: _shrunk(colours, header, size, bit_depth))
    except Damage as damage:
        raise _unreadable(source, name or _name_of(source), damage) from None
    except RegistryError as error:
        raise BrokenImageError(f"{name or _name_of(source)} cannot be read as a radiograph. {error}") from error


def original_picture(
    source: Path | str | bytes | np.ndarray,
    max_megapixels: float = 64,
    *,
    name: str | None = None,
    bit_depth: int | None = None,
) -> np.ndarray:
    """A picture at its own size and aspect, with the greys that :func:`open_radiograph` gives a network.

    Args:
        source: As for :func:`open_radiograph`.
        max_megapixels: A source with more pixels is refused.
        name: What error messages call it; left out, its path or "The picture".
        bit_depth: As for :func:`open_radiograph`.

    Returns:
        ``(H, W)`` uint8, 0–255, as viewers show it.

    Raises:
        BrokenImageError: as :func:`open_radiograph`.
    """
    try:
        return _opened(source, max_megapixels, lambda colours, header: _whole(colours, header, bit_depth))
    except Damage as damage:
        raise _unreadable(source, name or _name_of(source), damage) from None
    except RegistryError as error:
        raise BrokenImageError(f"{name or _name_of(source)} cannot be read as a radiograph. {error}") from error


def viewable_picture(path: Path | str, max_megapixels: float = 64, *, bit_depth: int | None = None) -> Viewable:
    """A picture file at its own size, with all its values, for a reader who chooses the window.

    Args:
        path: The file.
        max_megapixels: A file with more pixels is refused.
        bit_depth: As for :func:`open_radiograph`.

    Returns:
        Its ``greys`` of its ``positions`` are the picture of :func:`original_picture`.

    Raises:
        BrokenImageError: as :func:`open_radiograph`.
    """
    try:
        found = _with_values(path, max_megapixels)
        return found or _opened(path, max_megapixels, lambda colours, header: _seen(colours, header, bit_depth))
    except Damage as damage:
        raise _unreadable(path, str(path), damage) from None
    except RegistryError as error:
        raise BrokenImageError(f"{path} cannot be read as a radiograph. {error}") from error


def _with_values(path: Path | str, max_megapixels: float) -> Viewable | None:
    content = _content(Path(path), max_megapixels)
    decoder = decoder_of(content)
    if decoder.view is None:
        return None
    with DECODERS.naming_plugin(decoder.name):
        header = decoder.header(content)
        _check_extent(header.width, header.height, max_megapixels)
        with _memory_for(header):
            return decoder.view(content)


def _seen(colours: np.ndarray, header: Header, bit_depth: int | None) -> Viewable:
    """The luma of a file without other values."""
    grey, bits = grey_of(colours, header, bit_depth)
    values = np.arange(2**bits, dtype=np.uint16)
    greys = to_eight_bits(values, bits) if bits > 8 else values.astype(np.uint8)
    return Viewable(grey, values.astype(np.float32), greys)


def _unreadable(source: object, name: str, damage: Damage) -> BrokenImageError:
    return BrokenImageError(f"{name} cannot be read as a radiograph: {damage}. Expected: {_expected(source)}.")


def _opened(
    source: Path | str | bytes | np.ndarray, max_megapixels: float, use: Callable[[np.ndarray, Header], Used]
) -> Used:
    """What is made of the decoded pixels: grey ``(H, W)`` or red, green and blue ``(H, W, 3)``, uint8 or uint16."""
    if isinstance(source, np.ndarray):
        header = _header_of_array(source)
        _check_extent(header.width, header.height, max_megapixels)
        with _memory_for(header):
            return use(_from_array(source), header)
    if not isinstance(source, Path | str | bytes):
        raise Damage(f"it is of the type {type(source).__name__}")
    content = source if isinstance(source, bytes) else _content(Path(source), max_megapixels)
    decoder = decoder_of(content)
    with DECODERS.naming_plugin(decoder.name):
        header = decoder.header(content)
        _check_extent(header.width, header.height, max_megapixels)
        with _memory_for(header):
            return use(_decoded(decoder, content), header)


def _memory_for(header: Header) -> AbstractContextManager[object]:
    needed = header.width * header.height * header.channels * (1 if header.depth <= 8 else 2)
    return _one_large_picture if needed > _LARGE else nullcontext()


def _whole(colours: np.ndarray, header: Header, bit_depth: int | None) -> np.ndarray:
    grey, bits = grey_of(colours, header, bit_depth)
    if grey.dtype == np.uint8:
        return grey
    # A table of all greys takes a tenth of the memory of a floating-point picture.
    greys = np.minimum(np.arange(2**16), 2**bits - 1).astype(np.uint16)
    return np.asarray(to_eight_bits(greys, bits)[grey])


def _shrunk(colours: np.ndarray, header: Header, size: int, bit_depth: int | None) -> Radiograph:
    grey, bits = grey_of(colours, header, bit_depth)
    height, width = grey.shape
    undeclared = is_undeclared(colours, header)
    return Radiograph(
        to_eight_bits(resized(grey, size), bits),
        width,
        height,
        colourfulness_of(colours),
        header.facts,
        header.depth,
        bits if undeclared else None,
        sample_bits_of(luma(colours)) if undeclared else None,
    )


def _name_of(source: object) -> str:
    return str(source) if isinstance(source, Path | str) else "The picture"


def _expected(source: object) -> str:
    if isinstance(source, Path | str | bytes):
        return f"a complete {known_kinds()} file of 8 or 16 bits"
    return "a file's path, the bytes of one, or uint8 or uint16 pixels (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"


def _header_of_array(pixels: np.ndarray) -> Header:
    grey = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1)
    colour = pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if not (grey or colour) or pixels.dtype not in (np.uint8, np.uint16):
        raise Damage(f"its pixels are {pixels.shape} {pixels.dtype}")
    height, width = pixels.shape[:2]
    return Header(width, height, 8 * pixels.itemsize, 1 if grey else 3)


def _from_array(pixels: np.ndarray) -> np.ndarray:
    colour = pixels.ndim == 3 and pixels.shape[2] > 1
    return np.ascontiguousarray(pixels[..., :3] if colour else pixels.reshape(pixels.shape[:2]))


def _content(path: Path, max_megapixels: float) -> bytes:
    try:
        return regular_bytes(path, most_bytes(max_megapixels))
    except FileNotFoundError:
        raise Damage("there is no such file") from None
    except OSError as error:
        raise Damage(f"it cannot be opened ({error.strerror})") from None
    except ValueError as error:
        raise Damage(f"its name is no file name ({error})") from None


def _check_extent(width: int, height: int, max_megapixels: float) -> None:
    if not width or not height:
        raise Damage(f"it declares {width}×{height} pixels")
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise Damage(
            f"it has {width}×{height} pixels, {megapixels:.1f} megapixels, and at most "
            f"{max_megapixels:g} are read (data.max_megapixels)"
        )


def _decoded(decoder: Decoder, content: bytes) -> np.ndarray:
    """Grey ``(H, W)`` or red, green and blue ``(H, W, 3)``, uint8 or uint16."""
    pixels = np.asarray(decoder.decode(content))
    colour = pixels.ndim == 3 and pixels.shape[2] == 3
    if not (pixels.ndim == 2 or colour) or pixels.dtype not in (np.uint8, np.uint16):
        raise RegistryError(
            f"The decoder {decoder.name!r} returned pixels {pixels.shape} {pixels.dtype}. Expected: (H, W) or "
            f"(H, W, 3), uint8 or uint16."
        )
    return pixels
