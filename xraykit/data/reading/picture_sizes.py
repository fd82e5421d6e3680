"""Width and height of picture files, from their headers: of DICOM without reading the pixels."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from xraykit.data.decoders.choice import decoder_of
from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.pictures import content_of
from xraykit.errors import BrokenImageError
from xraykit.registry import START

_WORKERS = 8  # Waiting for a disk or a network, mostly.


def sizes_from_headers(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Path to columns and rows of pixels, each path once.

    Raises:
        BrokenImageError: A header cannot be read.
    """
    distinct = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(_WORKERS) as pool:
        return dict(zip(distinct, pool.map(_size, distinct), strict=True))


def _size(path: str) -> tuple[int, int]:
    try:
        with open(path, "rb") as file:
            start = file.read(START)
        decoder = decoder_of(start)
        if decoder.name == "dicom":
            return _size_of_dicom(path)
        header = decoder.header(content_of(path))
    except (Damage, OSError) as error:
        raise BrokenImageError(f"{path} cannot be read as a radiograph: {error}.") from None
    return header.width, header.height


def _size_of_dicom(path: str) -> tuple[int, int]:
    import pydicom

    found = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=["Rows", "Columns"])
    size = (int(found.get("Columns") or 0), int(found.get("Rows") or 0))
    if min(size) < 1:
        raise Damage("its header does not contain its number of rows and columns")
    return size
