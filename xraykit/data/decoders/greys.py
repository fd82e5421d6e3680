"""From the pixels of a file to 8-bit greys: luma, the depth of 16-bit samples, and the size of the network."""

import cv2
import numpy as np

from xraykit.registry import Header

HOT_PIXELS = 0.002
"""Share of a picture's pixels that may be brighter than its depth: hot pixels, dust, a burnt-in letter."""

_USUAL_DEPTHS = (8, 10, 12, 14, 16)
_COLOUR_SIDE = 256


def luma(colours: np.ndarray) -> np.ndarray:
    """Grey ``(H, W)`` of grey or of red, green and blue pixels (ITU-R BT.601)."""
    return colours if colours.ndim == 2 else np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY))


def is_undeclared(colours: np.ndarray, header: Header) -> bool:
    """Whether these are 16-bit samples whose depth the file does not declare."""
    return colours.dtype == np.uint16 and header.significant_bits is None


def grey_of(colours: np.ndarray, header: Header, bit_depth: int | None) -> tuple[np.ndarray, int]:
    """The luma, and how many bits of it are used; none of its values is above these."""
    grey = luma(colours)
    if grey.dtype == np.uint8:
        return grey, 8
    if bit_depth is None or header.significant_bits is not None:
        return grey, _bits_used(grey, header.significant_bits)
    return np.minimum(grey, 2**bit_depth - 1, dtype=np.uint16), bit_depth


def sample_bits_of(grey: np.ndarray) -> int:
    """The fewest of the usual depths that all samples but a share of hot pixels fit into."""
    most = HOT_PIXELS * grey.size
    return next((bits for bits in _USUAL_DEPTHS[:-1] if np.count_nonzero(grey >= 2**bits) <= most), 16)


def _bits_used(grey: np.ndarray, significant_bits: int | None) -> int:
    brightest = int(grey.max())
    if significant_bits is not None:
        return significant_bits if brightest < 2**significant_bits else 16
    return next(bits for bits in _USUAL_DEPTHS if brightest < 2**bits)


def resized(grey: np.ndarray, size: int) -> np.ndarray:
    """``(size, size)`` of ``(H, W)``, each axis on its own: area-averaged or interpolated."""
    height, width = grey.shape
    smaller = cv2.resize(grey, (min(width, size), min(height, size)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(smaller, (size, size), interpolation=cv2.INTER_LINEAR))


def to_eight_bits(grey: np.ndarray, bits: int) -> np.ndarray:
    """uint8, 0-255, of samples from 0 to ``2**bits - 1``."""
    if grey.dtype == np.uint8:
        return grey
    return np.asarray(np.rint(grey * (255 / (2**bits - 1))), dtype=np.uint8)


def colourfulness_of(colours: np.ndarray) -> float:
    """See :attr:`.Radiograph.colourfulness`."""
    if colours.ndim == 2:
        return 0.0
    height, width = colours.shape[:2]
    extent = (min(width, _COLOUR_SIDE), min(height, _COLOUR_SIDE))
    channels = cv2.resize(colours, extent, interpolation=cv2.INTER_AREA).astype(np.int64)
    brightest = channels.max(axis=2)
    return float((brightest - channels.min(axis=2)).sum() / max(brightest.sum(), 1))
