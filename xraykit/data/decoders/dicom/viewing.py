"""A DICOM file for a reader: its values with its windows, and which files are of one patient."""

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from xraykit.data.decoders.dicom.acceptance import PixelFormat, pixel_format
from xraykit.data.decoders.dicom.dataset import as_damage, numbers, read_examination, read_header, read_whole, text
from xraykit.registry import Examination, Viewable

if TYPE_CHECKING:
    from pydicom import Dataset

_DATES = ("AcquisitionDate", "SeriesDate", "StudyDate")
_TIMES = ("AcquisitionTime", "SeriesTime", "StudyTime")


def viewable(content: bytes) -> Viewable | None:
    """The stored values of a whole file, and what each of them means; None of colours.

    Raises:
        Damage: as the decoder.
    """
    from xraykit.data.decoders.dicom.frames import stored_values

    with as_damage("its pixels"):
        data_set = read_whole(content, lambda: pixel_format(read_header(content)).bytes)
        pixels = pixel_format(data_set)
        stored = stored_values(data_set, pixels)
    if stored.ndim == 3:
        return None
    low, high = int(stored.min()), int(stored.max())
    # Unsigned arithmetic wraps, so that this is right for signed values too.
    unsigned = stored.view(f"u{stored.itemsize}")
    positions = unsigned - unsigned.dtype.type(low % 2 ** (8 * stored.itemsize))
    with as_damage("its lookup tables"):
        return _meaning(data_set, pixels, positions, np.arange(low, high + 1))


def _meaning(data_set: "Dataset", pixels: PixelFormat, positions: np.ndarray, stored: np.ndarray) -> Viewable:
    from xraykit.data.decoders.dicom.lookup import WHITE, grey_table, is_inverted, modality_values

    greys = np.rint(grey_table(data_set, pixels, stored) * (255 / WHITE)).astype(np.uint8)
    values = modality_values(data_set, pixels, stored).astype(np.float32)
    return Viewable(positions, values, greys, _windows(data_set), is_inverted(data_set, pixels))


def _windows(data_set: "Dataset") -> tuple[tuple[float, float], ...]:
    """Those of the header; none where a lookup table (VOI LUT) decides about the greys."""
    if len(data_set.get("VOILUTSequence") or ()):
        return ()
    pairs = zip(numbers(data_set, "WindowCenter"), numbers(data_set, "WindowWidth"), strict=False)
    return tuple((center, width) for center, width in pairs if width > 0)


def examination(file: BinaryIO) -> Examination | None:
    """Of an opened file; None where it names no patient.

    Raises:
        Damage: It cannot be read, or pydicom is not installed.
    """
    data_set = read_examination(file)
    with as_damage("its DICOM header"):
        patient = text(data_set, "PatientID")
        if not patient:
            return None
        for day, hour in zip(_DATES, _TIMES, strict=True):
            date, time = (_digits(text(data_set, keyword)) for keyword in (day, hour))
            if len(date) == 8:
                return Examination(patient, date + time[:6].ljust(6, "0"))
        return Examination(patient)


def _digits(given: str) -> str:
    return "".join(letter for letter in given.partition(".")[0] if letter.isdecimal())
