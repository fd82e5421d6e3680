"""A DICOM file as a data set of pydicom: with limits, without values that name a patient, and without its messages.

Only the elements in :data:`HEADER` are read, and names are not among them. Texts are taken as raw bytes: pydicom quotes
values that it cannot convert in its warnings, and a birth date must not reach a log.
"""

import functools
import io
import logging
import math
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.dicom.recognition import has_preamble

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

HEADER = (
    *("ImageType", "SOPClassUID", "StudyDate", "SeriesDate", "AcquisitionDate", "Modality"),
    *("PatientBirthDate", "PatientSex", "PatientAge", "BodyPartExamined", "AnatomicRegionSequence"),
    *("ViewPosition", "ViewCodeSequence", "PatientPosition", "PatientOrientation", "ImageLaterality", "Laterality"),
    *("PixelSpacing", "ImagerPixelSpacing"),
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept"),
    *("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction", "PresentationLUTShape"),
)
"""Keywords of the elements that are read of a header."""

_EXAMINATION = (
    *("PatientID", "AcquisitionDate", "SeriesDate", "StudyDate", "AcquisitionTime", "SeriesTime", "StudyTime"),
)

INSTALL = "install what reads it with: pip install 'xraykit[dicom]'"

_DEFLATED = "1.2.840.10008.1.2.1.99"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_MOST_HEADER = 2**24
_SYNTAX = 0x00020010
_reading = threading.local()


def read_header(content: bytes) -> "Dataset":
    """The elements of :data:`HEADER` of a whole file.

    Raises:
        Damage: They cannot be read, or pydicom is not installed.
    """
    return _read(content, None)


def read_whole(content: bytes, pixel_bytes: Callable[[], int]) -> "Dataset":
    """The elements of :data:`HEADER`, and the pixels.

    Args:
        content: Of the whole file.
        pixel_bytes: How many bytes the pixels take, which is asked of a deflated file: one that has far more is
            refused.

    Raises:
        Damage: They cannot be read, or pydicom is not installed.
    """
    return _read(content, pixel_bytes)


def read_header_of(file: BinaryIO) -> "Dataset":
    """The elements of :data:`HEADER` of an opened file, of which hardly more is read than these.

    Raises:
        Damage: They cannot be read, or pydicom is not installed.
    """
    start = file.read(2**16)
    if _transfer_syntax(start)[0] == _DEFLATED:
        return read_header(start + file.read())
    file.seek(0)
    return _parsed(file, pixels=False)


def read_examination(file: BinaryIO) -> "Dataset":
    """Whose file it is and when it was taken: the id and the times alone, which nobody may see.

    Raises:
        Damage: They cannot be read, or pydicom is not installed.
    """
    start = file.read(2**16)
    if _transfer_syntax(start)[0] == _DEFLATED:
        content = start + file.read()
        file = io.BytesIO(_inflated(content[_transfer_syntax(content)[1] :], _MOST_HEADER, cut=True))
    file.seek(0)
    return _parsed(file, pixels=False, keywords=_EXAMINATION)


def texts(data_set: "Dataset", keyword: str) -> tuple[str, ...]:
    """The values of an element as texts without blanks around them; empty where it is absent or blank."""
    from pydicom.tag import Tag

    item = data_set.get_item(Tag(keyword)) if keyword in data_set else None
    value = getattr(item, "value", None)
    if value is None:
        return ()
    if isinstance(value, bytes):
        parts = value.decode("latin-1").split("\\")
    else:
        parts = [str(value)] if isinstance(value, str | int | float) else [str(each) for each in value]
    stripped = [part.strip(" \0\t\r\n") for part in parts]
    return tuple(stripped) if any(stripped) else ()


def text(data_set: "Dataset", keyword: str) -> str:
    """The first value of an element as text; blank where it is absent."""
    return next(iter(texts(data_set, keyword)), "")


def numbers(data_set: "Dataset", keyword: str) -> tuple[float, ...]:
    """The values of an element of decimal texts (VR DS or IS) as finite numbers; empty where one is none."""
    try:
        values = tuple(float(each) for each in texts(data_set, keyword))
    except ValueError:
        return ()
    return values if all(map(math.isfinite, values)) else ()


def whole(data_set: "Dataset", keyword: str, default: int | None = None) -> int:
    """The value of an element of whole numbers (VR US).

    Raises:
        Damage: It is absent, and there is no default.
    """
    value = data_set.get(keyword)
    if isinstance(value, int):
        return value
    if default is None or value not in (None, "", b""):
        raise Damage(f"its DICOM header has no {_spaced(keyword)}")
    return default


@contextmanager
def as_damage(what: str) -> Iterator[None]:
    """While pydicom and its plug-ins read foreign bytes: whatever they raise means that these are damaged.

    Neither their messages nor what they log is passed on, as these may quote a value of the header.
    """
    _silence_pydicom()
    outer = getattr(_reading, "now", False)
    _reading.now = True
    try:
        yield
    except (Damage, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  pydicom, NumPy and the plug-ins raise all kinds
        raise Damage(f"it is damaged: {what} cannot be read ({type(error).__name__})") from None
    finally:
        _reading.now = outer


@functools.cache
def _silence_pydicom() -> None:
    """Once: catching warnings is not safe in threads. What a user's own code reads is logged as before."""
    logging.getLogger("pydicom").addFilter(lambda record: not getattr(_reading, "now", False))
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.", append=True)


def transfer_syntax(data_set: "Dataset") -> str:
    """The UID of how pixels are stored; that of plain pixels where a file without preamble does not say."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    declared = str(getattr(data_set, "file_meta", {}).get("TransferSyntaxUID") or "")
    if declared:
        return declared
    implicit, little = data_set.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _read(content: bytes, pixel_bytes: Callable[[], int] | None) -> "Dataset":
    """Without ``pixel_bytes`` the header alone."""
    syntax, start = _transfer_syntax(content)
    whole_file = pixel_bytes is not None
    if syntax != _DEFLATED:
        return _parsed(io.BytesIO(content), pixels=whole_file)
    from pydicom.dataset import FileMetaDataset

    most = _MOST_HEADER + (0 if pixel_bytes is None else pixel_bytes())
    inflated = _inflated(content[start:], most, cut=not whole_file)
    data_set = _parsed(io.BytesIO(inflated), pixels=whole_file)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = _EXPLICIT_LITTLE  # type: ignore[assignment]
    return data_set


def _parsed(file: BinaryIO, *, pixels: bool, keywords: tuple[str, ...] = (*HEADER, "PixelData")) -> "Dataset":
    dcmread = _dcmread()
    with as_damage("its DICOM header"):
        data_set: Dataset = dcmread(file, force=True, stop_before_pixels=not pixels, specific_tags=_tags(keywords))
        return data_set


@functools.cache
def _tags(keywords: tuple[str, ...]) -> "list[BaseTag]":
    from pydicom.tag import Tag

    return [Tag(keyword) for keyword in keywords]


def _dcmread() -> Callable[..., Any]:
    try:
        from pydicom import dcmread
    except ImportError:
        raise Damage(f"it is a DICOM file; {INSTALL}") from None
    return dcmread


def _transfer_syntax(content: bytes) -> tuple[str, int]:
    """The UID in the file meta information, and where the data set begins; blank and 0 where there is none.

    The meta information is always little endian with explicit VR (part 10, section 7.1).
    """
    start, syntax = 132 if has_preamble(content) else 0, ""
    while len(content) >= start + 8:
        group, element = struct.unpack_from("<HH", content, start)
        if group != _SYNTAX >> 16:
            break
        if content[start + 4 : start + 6] in (b"OB", b"UN", b"OW", b"SQ", b"UT"):
            length, header = int.from_bytes(content[start + 8 : start + 12], "little"), 12
        else:
            length, header = int.from_bytes(content[start + 6 : start + 8], "little"), 8
        if group << 16 | element == _SYNTAX:
            syntax = content[start + header : start + header + length].decode("latin-1").strip(" \0")
        start += header + length
    return syntax, start


def _inflated(content: bytes, most: int, *, cut: bool) -> bytes:
    """Deflated bytes, inflated; no more than ``most``, the rest of which is left away (``cut``) or refused."""
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflating.decompress(content, most)
    except zlib.error:
        raise Damage("it is damaged: its deflated content cannot be inflated") from None
    if not cut and inflating.unconsumed_tail:
        raise Damage(f"it inflates to more than the {most:,} bytes that header and pixels take")
    if not cut and not inflating.eof:
        raise Damage("it is cut short: the end of its deflated content is missing")
    return data


def _spaced(keyword: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", keyword)
