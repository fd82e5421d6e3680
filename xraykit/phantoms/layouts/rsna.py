"""The files of RSNA's pneumonia challenge: DICOM with 8 bits in JPEG baseline, and boxes around opacities.

``patientId`` is that of an image. The table of boxes has a row for each box, or one blank row; the table of classes has
as many rows for each image, all alike. The test part has no labels. The organisers' mapping file names the radiograph
of the NIH collection that each image is, and so the patient.
"""

import json
import uuid
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.dicom import encode_dicom
from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.phantoms.simulator.radiograph import Box
from xraykit.system import csv_text

OPACITIES = ("Pneumonia", "Consolidation", "Infiltration")
"""The findings that count as an opacity which may be pneumonia."""

OPACITY, ABNORMAL, NORMAL = "Lung Opacity", "No Lung Opacity / Not Normal", "Normal"
MAPPING = "pneumonia-challenge-dataset-mappings_2018.json"


def image_id(drawn: Drawn) -> str:
    """A UUID; ``patientId`` in the tables."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{drawn.visit.patient.seed} {drawn.visit_name}"))


def picture(drawn: Drawn) -> str:
    """Such as ``stage_2_train_images/<patientId>.dcm``."""
    return f"stage_2_{_part(drawn)}_images/{image_id(drawn)}.dcm"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """DICOM with 8 bits, JPEG baseline; the age is a number without its unit, as in the collection."""
    return encode_dicom(
        pixels,
        drawn.visit,
        bits=8,
        jpeg=True,
        patient_id=image_id(drawn),
        header={"Modality": "CR", "ConversionType": "WSD", "PatientAge": str(drawn.visit.age)},
    )


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The boxes, the classes, the file that challengers fill in, and the organisers' mapping."""
    train, test = ([each for each in drawn if _part(each) == part] for part in ("train", "test"))
    boxes = ([image_id(each), *row] for each in train for row in _rows(each))
    classes = ([image_id(each), _class(each)] for each in train for _ in _rows(each))
    submission = ([image_id(each), "0.5 0 0 100 100"] for each in test)
    texts = {
        "stage_2_train_labels.csv": csv_text(("patientId", "x", "y", "width", "height", "Target"), boxes),
        "stage_2_detailed_class_info.csv": csv_text(("patientId", "class"), classes),
        "stage_2_sample_submission.csv": csv_text(("patientId", "PredictionString"), submission),
        MAPPING: json.dumps(list(map(_mapping, drawn)), indent=1) + "\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def _part(drawn: Drawn) -> str:
    return "test" if drawn.part == "test" else "train"


def _rows(drawn: Drawn) -> list[list[object]]:
    boxes = list(_opacities(drawn))
    return [[*(round(number, 1) for number in box), 1] for box in boxes] or [[None, None, None, None, 0]]


def _opacities(drawn: Drawn) -> Iterable[Box]:
    for finding in OPACITIES:
        if finding in drawn.visit.findings:
            yield from drawn.boxes.get(finding, ())


def _class(drawn: Drawn) -> str:
    if next(iter(_opacities(drawn)), None) is not None:
        return OPACITY
    return ABNORMAL if drawn.visit.findings else NORMAL


def _mapping(drawn: Drawn) -> dict[str, object]:
    return {
        "img_id": f"{drawn.visit_name}.png",
        "subset_img_id": image_id(drawn),
        "orig_labels": list(drawn.visit.findings) or ["No Finding"],
    }


LAYOUT = Layout(
    "rsna",
    "RSNA's pneumonia challenge: DICOM of 8 bits in JPEG baseline, three classes, boxes",
    picture,
    tables,
    encode,
    data={"format": "rsna"},
)
