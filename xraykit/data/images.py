"""One file to one grey picture: the only place where radiographs are decoded, in training and in serving."""

from pathlib import Path

import cv2
import numpy as np

from xraykit.data.headers import Damage, Header, read_header
from xraykit.errors import BrokenImageError

READER_VERSION = 1
"""Raised by one whenever the same file gives other pixels than before; caches of other versions are not read."""

_USUAL_DEPTHS = (8, 10, 12, 14, 16)


def read_radiograph(path: Path | str, size: int, max_megapixels: float = 64) -> np.ndarray:
    """Read a PNG or JPEG file as one grey square picture.

    - Colour is turned to luma (ITU-R BT.601), which leaves grey stored as RGB as it is. Transparency is ignored.
    - 16-bit samples are scaled by the bits that are really used: those that PNG's sBIT chunk declares, or else 8, 10,
      12, 14 or 16, the fewest that hold the brightest sample. A file with sBIT whose samples exceed the declared
      range was scaled to full range by its writer, as the PNG specification asks.
    - The orientation in EXIF data is obeyed, so that the picture stands as viewers show it.
    - A picture that is not square is resized to a square along each axis on its own. NIH's 1024×1024 files were made
      from 2500×2048 and other sizes in the same way, so other sources are treated as NIH treated its own; and
      black bars would tell a model the source of a picture.
    - An axis that shrinks is area-averaged (``INTER_AREA``), one that grows is interpolated (``INTER_LINEAR``).

    Args:
        path: The file.
        size: Side of the result in pixels.
        max_megapixels: A file with more pixels is refused before it is decoded.

    Returns:
        ``(size, size)`` uint8, 0–255.

    Raises:
        BrokenImageError: The file is missing, empty, cut short, damaged, too large or no PNG or JPEG.
    """
    try:
        content = _content(Path(path))
        header = read_header(content)
        _check_extent(header, max_megapixels)
        grey = _decode(content)
    except Damage as damage:
        raise BrokenImageError(
            f"{path} cannot be read as a radiograph: {damage}. Expected: a whole 8- or 16-bit PNG or JPEG file."
        ) from None
    bits = _bits_used(grey, header) if grey.dtype == np.uint16 else 8
    return _to_eight_bits(_resize(grey, size), bits)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Damage("there is no such file") from None
    except OSError as error:
        raise Damage(f"it cannot be opened ({error.strerror})") from None
    except ValueError as error:
        raise Damage(f"its name is no file name ({error})") from None


def _check_extent(header: Header, max_megapixels: float) -> None:
    if not header.width or not header.height:
        raise Damage(f"it declares {header.width}×{header.height} pixels")
    megapixels = header.width * header.height / 1e6
    if megapixels > max_megapixels:
        raise Damage(
            f"it has {header.width}×{header.height} pixels, {megapixels:.1f} megapixels, and at most "
            f"{max_megapixels:g} are read (data.max_megapixels)"
        )


def _decode(content: bytes) -> np.ndarray:
    """Grey ``(H, W)`` uint8 or uint16."""
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        raise Damage(f"OpenCV cannot decode it ({error.err})") from None
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        raise Damage("OpenCV cannot decode it: its pixels are damaged or stored in a way that it does not know")
    return np.asarray(picture if picture.ndim == 2 else cv2.cvtColor(picture[..., :3], cv2.COLOR_BGR2GRAY))


def _bits_used(grey: np.ndarray, header: Header) -> int:
    brightest = int(grey.max())
    if header.significant_bits is not None:
        return header.significant_bits if brightest < 2**header.significant_bits else 16
    return next(bits for bits in _USUAL_DEPTHS if brightest < 2**bits)


def _resize(grey: np.ndarray, size: int) -> np.ndarray:
    height, width = grey.shape
    smaller = cv2.resize(grey, (min(width, size), min(height, size)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(smaller, (size, size), interpolation=cv2.INTER_LINEAR))


def _to_eight_bits(grey: np.ndarray, bits: int) -> np.ndarray:
    if grey.dtype == np.uint8:
        return grey
    return np.asarray(np.rint(grey * (255 / (2**bits - 1))), dtype=np.uint8)
