"""The decoder of DICOM files."""

from typing import Any, BinaryIO

import cv2
import numpy as np

from xraykit.data.decoders.dicom.acceptance import check_radiograph, pixel_format
from xraykit.data.decoders.dicom.dataset import as_damage, read_header, read_header_of, read_whole
from xraykit.data.decoders.dicom.recognition import is_dicom
from xraykit.registry import Decoder, Examination, Header, Viewable, register_decoder

_STRIP = 2**18
_PER_STEP_OF_8_BITS = 257
_LOOKS_UP_16_BITS = int(cv2.__version__.partition(".")[0]) >= 5


def _header(content: bytes) -> Header:
    data_set = read_header(content)
    with as_damage("its DICOM header"):
        from xraykit.data.decoders.dicom.facts import header_facts

        check_radiograph(data_set)
        pixels = pixel_format(data_set)
        significant = 16 if pixels.samples == 1 else None
        return Header(
            pixels.columns, pixels.rows, pixels.stored, pixels.samples, significant, facts=header_facts(data_set)
        )


def _decode(content: bytes) -> np.ndarray:
    """Grey ``(H, W)`` uint16 over the full range, air dark; or colours ``(H, W, 3)`` uint8.

    Greys that are all multiples of 1/255 come as uint8, so that a file of 8 bits is read as a PNG file of its pixels.
    """
    from xraykit.data.decoders.dicom.frames import stored_values
    from xraykit.data.decoders.dicom.lookup import grey_table

    with as_damage("its pixels"):
        data_set = read_whole(content, lambda: pixel_format(read_header(content)).bytes)
        pixels = pixel_format(data_set)
        values = stored_values(data_set, pixels)
    if values.ndim == 3:
        return values
    unsigned = values.view(f"u{values.itemsize}")
    # A table of the values that occur: most files use 12 bits of 16.
    possible = np.arange(int(unsigned.max(initial=0)) + 1, dtype=unsigned.dtype)
    with as_damage("its lookup tables"):
        greys = grey_table(data_set, pixels, possible.view(values.dtype).astype(np.int64))
    if values.itemsize == 1 and not (greys % _PER_STEP_OF_8_BITS).any():
        greys = (greys // _PER_STEP_OF_8_BITS).astype(np.uint8)
        if values.dtype == np.uint8 and np.array_equal(greys, possible):
            return values
    return _looked_up(greys, unsigned)


def _looked_up(greys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The grey of each value, each of which is below the length of ``greys``.

    From version 5 on OpenCV looks up 16 bits; before, it is NumPy, strip by strip, as it converts an array that is used
    as an index to 8 bytes per pixel.
    """
    if _LOOKS_UP_16_BITS or values.itemsize == 1:
        table = np.zeros(2 ** (8 * values.itemsize), greys.dtype)
        table[: len(greys)] = greys
        return np.asarray(cv2.LUT(values, table))
    found = np.empty(values.shape, greys.dtype)
    rows = max(_STRIP // max(values.shape[1], 1), 1)
    for start in range(0, len(values), rows):
        # `clip` changes nothing, and spares a check of each value.
        np.take(greys, values[start : start + rows], out=found[start : start + rows], mode="clip")
    return found


def _facts(file: BinaryIO) -> dict[str, Any]:
    from xraykit.data.decoders.dicom.facts import header_facts

    data_set = read_header_of(file)
    with as_damage("its DICOM header"):
        return header_facts(data_set)


def _view(content: bytes) -> Viewable | None:
    from xraykit.data.decoders.dicom.viewing import viewable

    return viewable(content)


def _examination(file: BinaryIO) -> Examination | None:
    from xraykit.data.decoders.dicom.viewing import examination

    return examination(file)


register_decoder(
    Decoder(
        "dicom",
        (".dcm", ".dicom"),
        recognises=is_dicom,
        header=_header,
        decode=_decode,
        facts=_facts,
        may_be_deep=lambda start: False,
        view=_view,
        examination=_examination,
    )
)
