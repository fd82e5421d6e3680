"""The decoder of DICOM files."""

from typing import Any, BinaryIO

import numpy as np

from xraykit.data.decoders.dicom.acceptance import check_radiograph, pixel_format
from xraykit.data.decoders.dicom.dataset import as_damage, read_header, read_header_of, read_whole
from xraykit.data.decoders.dicom.recognition import is_dicom
from xraykit.registry import Decoder, Header, register_decoder

_STRIP = 2**20


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
    """Grey ``(H, W)`` uint16 over the full range, air dark; or colours ``(H, W, 3)`` uint8."""
    from xraykit.data.decoders.dicom.frames import stored_values
    from xraykit.data.decoders.dicom.lookup import grey_table

    with as_damage("its pixels"):
        pixels = pixel_format(read_header(content))
        data_set = read_whole(content, pixels.bytes)
        values = stored_values(data_set, pixels)
    if values.ndim == 3:
        return values
    possible = np.arange(2 ** (8 * values.itemsize), dtype=np.uint16)
    with as_damage("its lookup tables"):
        greys = grey_table(data_set, pixels, possible.astype(f"u{values.itemsize}").view(values.dtype).astype(np.int64))
    return _looked_up(greys, values.view(f"u{values.itemsize}"))


def _looked_up(greys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Strip by strip: an array used as an index is converted to 8 bytes per pixel."""
    found = np.empty(values.shape, np.uint16)
    rows = max(_STRIP // max(values.shape[1], 1), 1)
    for start in range(0, len(values), rows):
        found[start : start + rows] = greys[values[start : start + rows]]
    return found


def _facts(file: BinaryIO) -> dict[str, Any]:
    from xraykit.data.decoders.dicom.facts import header_facts

    data_set = read_header_of(file)
    with as_damage("its DICOM header"):
        return header_facts(data_set)


register_decoder(
    Decoder(
        "dicom",
        (".dcm", ".dicom"),
        recognises=is_dicom,
        header=_header,
        decode=_decode,
        facts=_facts,
        may_be_deep=lambda start: False,
    )
)
