"""The files of PadChest: 16-bit PNG whose pixels have 12 bits, and one wide table with labels as the text of a list.

The table's first column has no name. Lists have stray blanks, empty items and the same label twice, and a cell is blank
where the report could not be read. Ids have up to 45 digits: read as numbers, different ones become the same. A few
rows are of other projections or of pictures that the authors excluded; some projections were guessed by a network.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.errors import DataError
from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.system import csv_text

LABEL_FILE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
COLUMNS = (
    *("", "ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth", "PatientSex_DICOM"),
    *("ViewPosition_DICOM", "Projection", "MethodProjection", "Pediatric", "Modality_DICOM", "Manufacturer_DICOM"),
    *("PhotometricInterpretation_DICOM", "PixelRepresentation_DICOM", "PixelAspectRatio_DICOM"),
    *("SpatialResolution_DICOM", "BitsStored_DICOM", "WindowCenter_DICOM", "WindowWidth_DICOM", "Rows_DICOM"),
    *("Columns_DICOM", "XRayTubeCurrent_DICOM", "Exposure_DICOM", "ExposureInuAs_DICOM", "ExposureTime"),
    *("RelativeXRayExposure_DICOM", "ReportID", "Report", "MethodLabel", "Labels", "Localizations"),
    *("LabelsLocalizationsBySentence", "labelCUIS", "LocalizationsCUIS"),
)
FOLDERS = 55
BITS = 12

NAMES = {
    "Atelectasis": ("laminar atelectasis", "atelectasis"),
    "Cardiomegaly": ("cardiomegaly",),
    "Effusion": ("pleural effusion", "loculated pleural effusion"),
    "Infiltration": ("infiltrates", "interstitial pattern"),
    "Mass": ("pulmonary mass",),
    "Nodule": ("nodule", "multiple nodules"),
    "Pneumonia": ("pneumonia",),
    "Pneumothorax": ("pneumothorax",),
    "Consolidation": ("consolidation",),
    "Edema": ("pulmonary edema",),
    "Emphysema": ("emphysema",),
    "Fibrosis": ("pulmonary fibrosis",),
    "Pleural_Thickening": ("pleural thickening", "apical pleural thickening"),
    "Hernia": ("hiatal hernia",),
}
"""Finding to the labels of PadChest's tree that it may be called by."""

FIRST_YEAR = 2010

_ID, _LABELS, _METHOD, _PROJECTION, _FOLDER = 30, 31, 32, 33, 34
_NOT_DRAWN = (
    "costophrenic angle blunting",
    "aortic elongation",
    "vertebral degenerative changes",
    "kyphosis",
    "NSG tube",
)


def image_id(drawn: Drawn) -> str:
    """A long row of digits, an underscore, six letters and digits, ``.png``."""
    digits = drawn.source(_ID, int(drawn.lateral)).integers(0, 10, 12)
    return f"{_study(drawn)}_{''.join(map(str, digits[:6]))}{'abcdefghij'[digits[6]]}{digits[7]}.png"


def picture(drawn: Drawn) -> str:
    """Such as ``0/<ImageID>``."""
    return f"{_folder(drawn)}/{image_id(drawn)}"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """16-bit PNG with values from 0 to 4095."""
    deep = np.round(pixels * ((2**BITS - 1) / 255)).astype(np.uint16)
    _, png = cv2.imencode(".png", deep)
    return png.tobytes()


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The table of all pictures."""
    return {LABEL_FILE: csv_text(COLUMNS, ([number, *_row(each)] for number, each in enumerate(drawn))).encode()}


def damage_one(root: Path) -> Path:
    """Cut the first picture of a written set short, as a few of the collection are.

    Returns:
        The damaged file.

    Raises:
        DataError: ``root`` contains no picture of this layout.
    """
    pictures = sorted(Path(root).glob("[0-9]*/*.png"))
    if not pictures:
        raise DataError(f"{root} contains no pictures of PadChest's layout. Expected: 0/*.png. Draw them first.")
    content = pictures[0].read_bytes()
    pictures[0].write_bytes(content[: len(content) // 2])
    return pictures[0]


def _folder(drawn: Drawn) -> int:
    return int(drawn.source(_FOLDER).integers(0, FOLDERS))


def _patient(drawn: Drawn) -> str:
    """39 digits; those of neighbours differ in the last ones alone, where a floating-point number has none."""
    return f"{100_000_000_000_000_000_000_000_000_000_000_000_000 + drawn.visit.patient.number:d}"


def _study(drawn: Drawn) -> str:
    return f"{_patient(drawn)}{drawn.visit.number:06d}"


def _projection(drawn: Drawn) -> str:
    chance = drawn.source(_PROJECTION, int(drawn.lateral)).random()
    if chance < 0.03:
        return "EXCLUDE" if chance < 0.015 else "COSTAL"
    if drawn.lateral:
        return "L"
    return "AP_horizontal" if drawn.visit.view == "AP" and chance < 0.4 else drawn.visit.view


def _row(drawn: Drawn) -> list[object]:
    visit = drawn.visit
    born = FIRST_YEAR - visit.patient.age
    year = born + visit.age
    view = {"PA": "POSTEROANTERIOR", "AP": "ANTEROPOSTERIOR", "lateral": "LATERAL"}[visit.view]
    projection, labels = _projection(drawn), _labels(drawn)
    manual = drawn.source(_METHOD).random() < 0.3
    about = (born, visit.patient.sex, view, projection, "Manual review of DICOM fields", "No")
    scanner = ("CR", "ImagingDynamicsCompanyLtd", "MONOCHROME2", 0, "", "0.2", BITS, 2048, 4096, drawn.size, drawn.size)
    exposure = ("", "", "", "", "")
    cells = () if labels is None else tuple(labels)
    report = (4_000_000 + visit.patient.number, " . ".join(filter(None, map(str.strip, cells))))
    listed = "" if labels is None else str(list(cells))
    places = "[]" if labels is None else "['loc pleural', 'loc basal']"
    codes = ("[]", "[]")
    method = "Physician" if manual else "RNN_model"
    return [
        *(image_id(drawn), _folder(drawn), f"{year}0{visit.number % 9 + 1}15", _study(drawn), _patient(drawn)),
        *(*about, *scanner, *exposure, *report, method, listed, places, str([list(cells)]), *codes),
    ]


def _labels(drawn: Drawn) -> list[str] | None:
    """The items of the list, oddities included; None where the report could not be read."""
    rng = drawn.source(_LABELS)
    if rng.random() < 0.02:
        return None
    named = [str(rng.choice(NAMES[finding])) for finding in drawn.visit.findings] or ["normal"]
    if rng.random() < 0.2 and named != ["normal"]:
        named.append(str(rng.choice(_NOT_DRAWN)))
    odd = rng.random()
    if odd < 0.1:
        return ["", *named]
    if odd < 0.2:
        return [*named, named[0]]
    return [f" {name}" if odd < 0.3 else f"{name} " if odd < 0.45 else name for name in named]


LAYOUT = Layout(
    "padchest",
    "PadChest: 16-bit PNG with 12 bits, labels as the text of a list, laterals and other projections",
    picture,
    tables,
    encode,
    laterals=True,
    data={"format": "padchest"},
)
