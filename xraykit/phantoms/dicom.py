"""Phantoms as DICOM files, written with pydicom: an optional package.

The header is that of a digital radiograph (DX) with what a hospital's files contain, made-up names and birth dates
included, so that software which must not pass them on can be tested. UIDs follow from the patient and the visit, so
that the same settings give the same bytes.
"""

import hashlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.errors import DataError
from xraykit.phantoms.simulator.grid import FIELD_CM
from xraykit.phantoms.simulator.patients import Patient, Visit

if TYPE_CHECKING:
    from pydicom import Dataset

Photometric = Literal["MONOCHROME1", "MONOCHROME2"]

FAMILY_NAMES = ("Musterfrau", "Beispiel", "Phantomas", "Specimen", "Sample", "Ejemplo", "Exemple", "Esempio")
FIRST_NAMES = {"F": ("Erika", "Ada", "Marie", "Grace"), "M": ("Max", "Wilhelm", "Godfrey", "Otto")}
WRITER = "XRAYKIT_PHANTOM"
FIRST_YEAR = 2010
QUALITY = 92

_PIXELS = ("PixelSpacing", "ImagerPixelSpacing")


def encode_dicom(
    pixels: NDArray[np.uint8],
    visit: Visit,
    *,
    bits: int = 12,
    photometric: Photometric = "MONOCHROME2",
    jpeg: bool = False,
    patient_id: str | None = None,
    header: Mapping[str, Any] | None = None,
) -> bytes:
    """A DICOM file with a radiograph.

    Args:
        pixels: ``(rows, columns)`` uint8, black 0 to white 255.
        visit: Whose and when; the header follows it.
        bits: BitsStored, 8 to 16. Grey values are spread over its whole range.
        photometric: In MONOCHROME1 the highest stored value is black.
        jpeg: Whether the pixels are compressed as JPEG baseline, with losses; 8 bits only. Else they are stored
            plainly, little endian.
        patient_id: PatientID; left out, the patient's number with eight digits.
        header: Further elements by keyword, which replace those of the same name, not checked against the standard;
            None removes one.

    Raises:
        DataError: pydicom is not installed, JPEG is asked for more than 8 bits, or a keyword is unknown.
    """
    if jpeg and bits != 8:
        raise DataError(f"JPEG baseline stores 8 bits. Received: bits={bits}. Use bits=8, or jpeg=False.")
    _check_pydicom()
    from pydicom import dcmwrite

    dataset = _header(visit, pixels, patient_id)
    _set_pixels(dataset, pixels, bits, photometric, jpeg=jpeg)
    _replace(dataset, header or {})
    file = io.BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def _replace(dataset: "Dataset", header: Mapping[str, Any]) -> None:
    """Set elements without a check of their values: what collections contain does not always follow the standard."""
    from pydicom import DataElement, config
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    for keyword, value in header.items():
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise DataError(f"DICOM has no element {keyword!r}. Expected: a keyword such as PatientAge.")
        if value is not None:
            dataset.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE))
        elif tag in dataset:
            del dataset[tag]


def uid(*of: object) -> str:
    """A UID that follows from ``of``, below the root for derived ones (DICOM PS3.5, B.2)."""
    digest = hashlib.sha256(" ".join(map(str, of)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def name_of(patient: Patient) -> str:
    """A made-up name, such as ``Musterfrau^Erika``."""
    family = FAMILY_NAMES[patient.number % len(FAMILY_NAMES)]
    first = FIRST_NAMES[patient.sex]
    return f"{family}^{first[patient.number // len(FAMILY_NAMES) % len(first)]}"


def _check_pydicom() -> None:
    try:
        import pydicom  # noqa: F401
    except ImportError:
        raise DataError(
            "Phantoms in this layout are DICOM files, and the package pydicom, which writes them, is not installed. "
            "Install it with: pip install 'xraykit[dicom]'"
        ) from None


def _header(visit: Visit, pixels: NDArray[np.uint8], patient_id: str | None) -> "Dataset":
    from pydicom import Dataset

    patient, dataset = visit.patient, Dataset()
    of_visit = (patient.seed, patient.number, visit.number)
    born = FIRST_YEAR - patient.age
    date = f"{born + visit.age}{visit.number % 12 + 1:02d}{patient.number % 28 + 1:02d}"
    spacing = [f"{FIELD_CM * 10 / pixels.shape[0]:.6g}"] * 2
    values = {
        "SpecificCharacterSet": "ISO_IR 100",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1",
        "SOPInstanceUID": uid(*of_visit, visit.view),
        "StudyInstanceUID": uid(*of_visit),
        "SeriesInstanceUID": uid(*of_visit, "series"),
        "StudyDate": date,
        "StudyTime": "101500",
        "AccessionNumber": f"A{patient.number:06d}{visit.number:02d}",
        "Modality": "DX",
        "PresentationIntentType": "FOR PRESENTATION",
        "Manufacturer": "xraykit",
        "ManufacturerModelName": "phantom",
        "PatientName": name_of(patient),
        "PatientID": f"{patient.number:08d}" if patient_id is None else patient_id,
        "PatientBirthDate": f"{born}{patient.number % 12 + 1:02d}17",
        "PatientSex": patient.sex,
        "PatientAge": f"{visit.age:03d}Y",
        "BodyPartExamined": "CHEST",
        "ViewPosition": {"lateral": "LL"}.get(visit.view, visit.view),
        "StudyID": str(visit.number + 1),
        "SeriesNumber": 1,
        "InstanceNumber": 2 if visit.view == "lateral" else 1,
        "PatientOrientation": ["A", "F"] if visit.view == "lateral" else ["L", "F"],
        **dict.fromkeys(_PIXELS, spacing),
    }
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def _set_pixels(
    dataset: "Dataset", pixels: NDArray[np.uint8], bits: int, photometric: Photometric, *, jpeg: bool
) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit

    highest = 2**bits - 1
    stored = pixels if photometric == "MONOCHROME2" else 255 - pixels
    deep = np.round(stored.astype(np.float64) * (highest / 255)).astype("<u2" if bits > 8 else np.uint8)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 16 if bits > 8 else 8
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    dataset.BurnedInAnnotation = "NO"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    dataset.LossyImageCompression = "01" if jpeg else "00"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid(WRITER))
    meta.ImplementationVersionName = WRITER
    dataset.file_meta = meta
    if jpeg:
        _, compressed = cv2.imencode(".jpg", deep, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        dataset.PixelData = encapsulate([compressed.tobytes()])
    else:
        # An odd number of bytes is padded with one (DICOM PS3.5, 8.2).
        dataset.PixelData = deep.tobytes() + b"\0" * (deep.nbytes % 2)
    dataset["PixelData"].VR = "OB" if jpeg or bits == 8 else "OW"
