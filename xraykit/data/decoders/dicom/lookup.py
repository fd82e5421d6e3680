"""From stored values to greys: Modality LUT, VOI LUT or window, and inversion, as DICOM prescribes (PS3.3, C.11).

All of these map a value to a value, whatever its place. So they are applied to each possible value once, and the
pixels are looked up in the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.dicom.acceptance import PixelFormat
from xraykit.data.decoders.dicom.dataset import numbers, text

if TYPE_CHECKING:
    from pydicom import Dataset

WHITE = 65535
_DEPTHS = (8, 10, 12, 14, 16)


@dataclass(frozen=True, eq=False)
class _Values:
    """Values after a step, and the range that they may have.

    Attributes:
        values: ``(n,)`` float64.
        low: Lowest possible value.
        high: Highest possible value.
    """

    values: np.ndarray
    low: float
    high: float

    def shares(self) -> np.ndarray:
        """Where each value is in the range, 0–1."""
        return np.asarray(np.clip((self.values - self.low) / max(self.high - self.low, np.finfo(float).tiny), 0, 1))


def grey_table(data_set: "Dataset", pixels: PixelFormat, stored: np.ndarray) -> np.ndarray:
    """The grey of each stored value: ``(n,)`` uint16, 0 (air) to 65,535 (bone).

    Args:
        data_set: With the elements of the modules Modality LUT, VOI LUT and Image Pixel.
        pixels: How its pixels are stored.
        stored: ``(n,)`` whole numbers.

    A VOI LUT is preferred to a window, and the first of several is taken. Without both, the whole range of stored
    values is shown. A negative rescale slope turns the scale of greys: low values after it are dark, as the standard
    says (``pydicom.pixels.apply_windowing`` shows them bright). Values of pixel padding become 0.

    Raises:
        Damage: A lookup table is shorter than it declares.
    """
    shares = _displayed(data_set, _after_modality(data_set, pixels, stored))
    if is_inverted(data_set, pixels):
        shares = 1 - shares
    greys = np.asarray(np.rint(shares * WHITE), np.uint16)
    greys[_is_padding(data_set, pixels, stored)] = 0
    return greys


def is_inverted(data_set: "Dataset", pixels: PixelFormat) -> bool:
    """Whether low values are bright."""
    return pixels.photometric == "MONOCHROME1" or text(data_set, "PresentationLUTShape").upper() == "INVERSE"


def modality_values(data_set: "Dataset", pixels: PixelFormat, stored: np.ndarray) -> np.ndarray:
    """What stored values mean, ``(n,)`` float64, to which a window refers; NaN: padding.

    Raises:
        Damage: A lookup table is shorter than it declares.
    """
    values = _after_modality(data_set, pixels, stored).values.copy()
    values[_is_padding(data_set, pixels, stored)] = np.nan
    return np.asarray(values)


def _after_modality(data_set: "Dataset", pixels: PixelFormat, stored: np.ndarray) -> _Values:
    low = -(2 ** (pixels.stored - 1)) if pixels.signed else 0
    values = _Values(stored.astype(np.float64), low, low + 2**pixels.stored - 1)
    table = _table(data_set, "ModalityLUTSequence")
    if table is not None:
        return table.applied(values)
    slopes, intercepts = numbers(data_set, "RescaleSlope"), numbers(data_set, "RescaleIntercept")
    if not slopes or not intercepts or not slopes[0]:
        return values
    slope, intercept = slopes[0], intercepts[0]
    ends = sorted((values.low * slope + intercept, values.high * slope + intercept))
    return _Values(values.values * slope + intercept, *ends)


def _displayed(data_set: "Dataset", values: _Values) -> np.ndarray:
    """Shares of white, 0–1."""
    table = _table(data_set, "VOILUTSequence")
    if table is not None:
        return table.applied(values).shares()
    centers, widths = numbers(data_set, "WindowCenter"), numbers(data_set, "WindowWidth")
    if not centers or not widths or widths[0] <= 0:
        return values.shares()
    return _windowed(values.values, centers[0], widths[0], text(data_set, "VOILUTFunction").upper())


def _windowed(values: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """PS3.3, C.11.2.1.2 and C.11.2.1.3."""
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700))))
    if function != "LINEAR_EXACT" and width >= 1:
        center, width = center - 0.5, width - 1
    if not width:
        return np.asarray(values > center, np.float64)
    return np.asarray(np.clip((values - center) / width + 0.5, 0, 1))


@dataclass(frozen=True, eq=False)
class _Table:
    """A lookup table.

    Attributes:
        first: The value that the first entry is for.
        entries: ``(n,)`` uint16.
        bits: Of each entry, as declared.
    """

    first: int
    entries: np.ndarray
    bits: int

    def applied(self, values: _Values) -> _Values:
        """Values below and above the table get its first and its last entry."""
        places = np.clip(np.floor(values.values - self.first), 0, len(self.entries) - 1).astype(np.int64)
        return _Values(self.entries[places].astype(np.float64), 0, 2**self._used_bits - 1)

    @property
    def _used_bits(self) -> int:
        """Some writers declare 16 bits and use 12, whose picture would be black."""
        fitting = next(bits for bits in _DEPTHS if int(self.entries.max()) < 2**bits)
        return min(fitting, self.bits) if int(self.entries.max()) < 2**self.bits else fitting


def _table(data_set: "Dataset", keyword: str) -> _Table | None:
    """The first table of a sequence; None where it is absent or has no data."""
    items: Sequence[Dataset] = data_set.get(keyword) or ()
    if not len(items) or items[0].get("LUTDescriptor") is None or items[0].get("LUTData") is None:
        return None
    descriptor, data = items[0].LUTDescriptor, items[0].LUTData
    words = np.frombuffer(descriptor, _words(data_set)) if isinstance(descriptor, bytes) else descriptor
    count, first, bits = (int(each) for each in words)
    count, bits = count % 2**16 or 2**16, min(max(bits, 1), 16)
    return _Table(first, _entries(data_set, data, count, bits), bits)


def _entries(data_set: "Dataset", data: object, count: int, bits: int) -> np.ndarray:
    """Entries of up to 8 bits may be packed, two to a word."""
    if isinstance(data, bytes):
        content = data
        words = np.frombuffer(data[: len(data) // 2 * 2], _words(data_set)).astype(np.uint16)
    else:
        numbers_in = [data] if isinstance(data, int) else list(data)  # type: ignore[call-overload]
        words = np.array([int(each) % 2**16 for each in numbers_in], np.uint16)
        content = words.astype("<u2").tobytes()
    if len(words) < count and bits <= 8 and len(content) >= count:
        words = np.frombuffer(content, np.uint8).astype(np.uint16)
    if len(words) < count:
        raise Damage(f"a lookup table of its header has {len(words)} entries, and declares {count}")
    return words[:count]


def _words(data_set: "Dataset") -> str:
    return "<u2" if data_set.original_encoding[1] is not False else ">u2"


def _is_padding(data_set: "Dataset", pixels: PixelFormat, stored: np.ndarray) -> np.ndarray:
    """PS3.3, C.7.5.1.1.2: one value, or the range between two."""
    ends = [_stored_value(data_set.get(each), pixels) for each in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    if ends[0] is None:
        return np.zeros(len(stored), bool)
    low, high = sorted((ends[0], ends[0] if ends[1] is None else ends[1]))
    return np.asarray((stored >= low) & (stored <= high))


def _stored_value(value: object, pixels: PixelFormat) -> int | None:
    """A value of the ambiguous VR "US or SS" as a stored value."""
    if not isinstance(value, int):
        return None
    return (value + 2**15) % 2**16 - 2**15 if pixels.signed else value % 2**16
