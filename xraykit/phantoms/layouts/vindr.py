"""The files of VinDr-CXR: DICOM of 12 to 16 bits, MONOCHROME1 and 2, and what three radiologists found in each.

The training part has a row for each of three readers, who are 17 in all and sometimes disagree, and the boxes of each;
the test part has their consensus. No patients are given. The column of other diseases has one letter more in the file
of the training part than in that of the test part.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.dicom import Photometric, encode_dicom
from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.phantoms.simulator.radiograph import Box
from xraykit.system import csv_text

LOCAL = (
    *("Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Clavicle fracture", "Consolidation"),
    *("Edema", "Emphysema", "Enlarged PA", "ILD", "Infiltration", "Lung Opacity", "Lung cavity", "Lung cyst"),
    *("Mediastinal shift", "Nodule/Mass", "Pleural effusion", "Pleural thickening", "Pneumothorax"),
    *("Pulmonary fibrosis", "Rib fracture", "Other lesion"),
)
"""Labels that are annotated with boxes."""

NOTHING = "No finding"
GLOBAL = ("COPD", "Lung tumor", "Pneumonia", "Tuberculosis")
"""Labels of the whole radiograph, besides other diseases and no finding."""

NAMES = {
    "Atelectasis": ("Atelectasis",),
    "Cardiomegaly": ("Cardiomegaly",),
    "Effusion": ("Pleural effusion",),
    "Infiltration": ("Infiltration",),
    "Mass": ("Nodule/Mass", "Lung tumor"),
    "Nodule": ("Nodule/Mass",),
    "Pneumonia": ("Lung Opacity", "Pneumonia"),
    "Pneumothorax": ("Pneumothorax",),
    "Consolidation": ("Consolidation",),
    "Edema": ("Edema",),
    "Emphysema": ("Emphysema", "COPD"),
    "Fibrosis": ("Pulmonary fibrosis",),
    "Pleural_Thickening": ("Pleural thickening",),
    "Hernia": ("Other lesion",),
}
"""Finding to what a radiologist marks for it: labels with a box, and those of the whole radiograph."""

READERS = 17
MISSES, IMAGINES, OFF = 0.12, 0.015, 0.04

_BITS, _THREE, _READS = 40, 41, 42


def image_id(drawn: Drawn) -> str:
    """32 hexadecimal digits."""
    of = f"{drawn.visit.patient.seed} {drawn.visit_name}"
    return hashlib.md5(of.encode(), usedforsecurity=False).hexdigest()


def picture(drawn: Drawn) -> str:
    """Such as ``train/<image_id>.dicom``."""
    return f"{_folder(drawn)}/{image_id(drawn)}.dicom"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """DICOM with 12, 14 or 16 bits; a quarter of them in MONOCHROME1."""
    rng = drawn.source(_BITS)
    bits = int(rng.choice([12, 14, 16]))
    photometric: Photometric = "MONOCHROME1" if rng.random() < 0.25 else "MONOCHROME2"
    window = {"WindowCenter": str(2 ** (bits - 1)), "WindowWidth": str(2**bits)} if rng.random() < 0.5 else {}
    return encode_dicom(
        pixels, drawn.visit, bits=bits, photometric=photometric, patient_id=image_id(drawn), header=window
    )


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The labels and the boxes of both parts."""
    train, test = ([each for each in drawn if _folder(each) == part] for part in ("train", "test"))
    read = [(each, reader, _seen(each, reader)) for each in train for reader in _readers(each)]
    labels = (*LOCAL, *GLOBAL, "Other diseases", NOTHING)
    texts = {
        "image_labels_train.csv": csv_text(
            ("image_id", "rad_id", *labels),
            ([image_id(each), f"R{reader}", *_cells(_labels(seen))] for each, reader, seen in read),
        ),
        "image_labels_test.csv": csv_text(
            ("image_id", *LOCAL, *GLOBAL, "Other disease", NOTHING),
            ([image_id(each), *_cells(_labels(each.visit.findings))] for each in test),
        ),
        "annotations_train.csv": csv_text(
            ("image_id", "rad_id", "class_name", "x_min", "y_min", "x_max", "y_max"),
            ([image_id(each), f"R{reader}", *row] for each, reader, seen in read for row in _boxes(each, seen, reader)),
        ),
        "annotations_test.csv": csv_text(
            ("image_id", "class_name", "x_min", "y_min", "x_max", "y_max"),
            ([image_id(each), *row] for each in test for row in _boxes(each, each.visit.findings, None)),
        ),
    }
    return {f"annotations/{name}": text.encode() for name, text in texts.items()}


def _folder(drawn: Drawn) -> str:
    return "test" if drawn.part == "test" else "train"


def _readers(drawn: Drawn) -> list[int]:
    return sorted(int(number) + 1 for number in drawn.source(_THREE).choice(READERS, 3, replace=False))


def _seen(drawn: Drawn, reader: int) -> tuple[str, ...]:
    """The findings that a reader sees: a few are missed, fewer imagined."""
    chances = drawn.source(_READS, reader).random(len(NAMES))
    present = set(drawn.visit.findings)
    return tuple(
        name
        for name, chance in zip(NAMES, chances, strict=True)
        if (chance > MISSES if name in present else chance < IMAGINES)
    )


def _labels(findings: Iterable[str]) -> set[str]:
    return {label for finding in findings for label in NAMES[finding]} or {NOTHING}


def _cells(labels: set[str]) -> list[int]:
    """Other diseases, which are not drawn, are never present."""
    return [int(label in labels) for label in (*LOCAL, *GLOBAL, "", NOTHING)]


def _boxes(drawn: Drawn, findings: Sequence[str], reader: int | None) -> list[list[object]]:
    """Rows of boxes in pixels, blank where nothing is found. Each reader draws them a little otherwise."""
    rows: list[list[object]] = []
    for finding in findings:
        for number, box in enumerate(drawn.boxes.get(finding) or _imagined(drawn, finding)):
            for label in NAMES[finding]:
                if label in LOCAL:
                    rng = None if reader is None else drawn.source(_READS, reader, number, len(rows))
                    rows.append([label, *_edges(box, drawn.size, rng)])
    return rows or [[NOTHING, None, None, None, None]]


def _imagined(drawn: Drawn, finding: str) -> list[Box]:
    """Where somebody believes to see a finding that is not there."""
    left, upper, width, height = drawn.source(_READS, 0, list(NAMES).index(finding)).uniform(0.2, 0.4, 4) * drawn.size
    return [(float(left), float(upper), float(width), float(height))]


def _edges(box: Box, size: int, rng: np.random.Generator | None) -> list[int]:
    left, upper, width, height = box
    edges = np.array([left, upper, left + width, upper + height])
    if rng is not None:
        edges = edges + rng.uniform(-OFF, OFF, 4) * [width, height, width, height]
    return [round(float(edge)) for edge in np.clip(edges, 0, size)]


LAYOUT = Layout(
    "vindr",
    "VinDr-CXR: DICOM of 12 to 16 bits, three readers for each radiograph, boxes",
    picture,
    tables,
    encode,
    data={"format": "vindr"},
)
