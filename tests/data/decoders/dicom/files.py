"""Made-up DICOM radiographs for tests, written by pydicom."""

import io
from typing import Any

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")

DIGITAL = "1.2.840.10008.5.1.4.1.1.1.1"
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT = "1.2.840.10008.1.2.1"
NAME, BIRTH, PATIENT_ID, PHYSICIAN = "Planted^Ursula", "19571103", "PLANTED-4711", "Planted^Doctor"
UID = "1.2.826.0.1.3680043.8.498.4711"


def data_set(pixels: np.ndarray, **elements: Any) -> Any:
    """A data set with a patient's name, of grey ``(H, W)`` or coloured ``(H, W, 3)`` pixels; ``None`` removes."""
    made = pydicom.Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.StudyInstanceUID = DIGITAL, UID, UID + ".1"
    made.PatientName, made.PatientID, made.PatientBirthDate = NAME, PATIENT_ID, BIRTH
    made.ReferringPhysicianName, made.StudyDate, made.Modality = PHYSICIAN, "20200101", "DX"
    colour = pixels.ndim == 3
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = 8 * pixels.itemsize
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in elements.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    if "HighBit" not in made and "BitsStored" in made:
        made.HighBit = made.BitsStored - 1
    if "PixelData" not in made:
        content = pixels.tobytes()
        made["PixelData"] = pydicom.DataElement(0x7FE00010, "OB" if pixels.itemsize == 1 else "OW", content)
    return made


def dicom(
    pixels: np.ndarray,
    *,
    syntax: str = EXPLICIT,
    preamble: bool = True,
    compressed: bytes | None = None,
    **elements: Any,
) -> bytes:
    """The bytes of a file; ``compressed`` is its one frame."""
    made = data_set(pixels, **elements)
    if compressed is not None:
        made["PixelData"] = pydicom.DataElement(0x7FE00010, "OB", pydicom.encaps.encapsulate([compressed]))
        made["PixelData"].is_undefined_length = True
    elif syntax.endswith(".2.2") and pixels.itemsize == 2:
        made.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    stream = io.BytesIO()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    if preamble:
        made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPClassUID"), UID
        pydicom.dcmwrite(stream, made, enforce_file_format=True)
    else:
        del made.file_meta
        pydicom.dcmwrite(stream, made, implicit_vr=syntax.endswith("10008.1.2"), little_endian=True)
    return stream.getvalue()


def lookup_table(entries: Any, first: int = 0, bits: int = 16) -> Any:
    """The sequence of one lookup table."""
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 2**16, first, bits])
    item.add_new("LUTData", "US", [int(each) for each in entries])
    return [item]


def ramp(dtype: str = "u2", bits: int = 12, side: int = 64) -> np.ndarray:
    """All values of ``bits`` bits, each as often."""
    low = -(2 ** (bits - 1)) if dtype.startswith("i") else 0
    return (np.arange(side * side).reshape(side, side) % 2**bits + low).astype(dtype)
