"""The files of MIMIC-CXR-JPG.

Labels are given per study, in two compressed files by two labellers; views are in the file of metadata, blank for a
few; the official split is a file of its own. Neither sex nor age is given. Some studies of the label files have no
picture, and some pictures no row of labels.
"""

import gzip
import hashlib
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.config import NO_FINDING
from xraykit.phantoms.layouts.chexpert_labels import LABELS, expert_labels, reported
from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.system import csv_text

SORTED_LABELS = tuple(sorted(LABELS))
METADATA_COLUMNS = (
    "dicom_id",
    "subject_id",
    "study_id",
    "PerformedProcedureStepDescription",
    "ViewPosition",
    "Rows",
    "Columns",
    "StudyDate",
    "StudyTime",
    "ProcedureCodeSequence_CodeMeaning",
    "ViewCodeSequence_CodeMeaning",
    "PatientOrientationCodeSequence_CodeMeaning",
)
QUALITY = 95

_SPLIT = {"train": "train", "validation": "validate", "test": "test"}
_VIEW, _NO_LABELS, _DATE = 20, 21, 22
_SUBJECTS, _STEP = 9_999_991, 1_047_291
_CODES = {"PA": "postero-anterior", "AP": "antero-posterior", "LATERAL": "lateral", "LL": "left lateral"}


def subject_id(drawn: Drawn) -> int:
    """Eight digits, which begin with 10 to 19."""
    return 10_000_000 + drawn.visit.patient.number * _STEP % _SUBJECTS


def study_id(drawn: Drawn) -> int:
    """Eight digits from 50,000,000 on."""
    return 50_000_000 + drawn.visit.patient.number * 1000 + drawn.visit.number


def dicom_id(drawn: Drawn) -> str:
    """Five groups of eight hexadecimal digits."""
    of = f"{drawn.visit.patient.seed} {drawn.visit_name} {drawn.visit.view}"
    digits = hashlib.sha1(of.encode(), usedforsecurity=False).hexdigest()
    return "-".join(digits[start : start + 8] for start in range(0, 40, 8))


def picture(drawn: Drawn) -> str:
    """Such as ``files/p10/p10000032/s50414267/<dicom_id>.jpg``."""
    subject = subject_id(drawn)
    return f"files/p{subject // 1_000_000}/p{subject}/s{study_id(drawn)}/{dicom_id(drawn)}.jpg"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """Grey JPEG."""
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The label files of both labellers, the metadata, the official split, and the labels of experts for its test."""
    split = (
        (dicom_id(each), study_id(each), subject_id(each), _SPLIT[each.part]) for each in sorted(drawn, key=dicom_id)
    )
    return {
        "mimic-cxr-2.0.0-chexpert.csv.gz": _label_file(drawn, lambda each: reported(each)),
        "mimic-cxr-2.0.0-negbio.csv.gz": _label_file(drawn, lambda each: reported(each, negbio=True)),
        "mimic-cxr-2.0.0-metadata.csv.gz": _compressed(METADATA_COLUMNS, map(_metadata, drawn)),
        "mimic-cxr-2.0.0-split.csv.gz": _compressed(("dicom_id", "study_id", "subject_id", "split"), split),
        "mimic-cxr-2.1.0-test-set-labeled.csv": _test_labels(drawn),
    }


def _compressed(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return gzip.compress(csv_text(columns, rows).encode(), mtime=0)


def _label_file(drawn: Sequence[Drawn], labels: Callable[[Drawn], dict[str, float | None]]) -> bytes:
    """A row for each study; a few have none, as their report has no findings section."""
    of = {study_id(each): each for each in drawn if each.source(_NO_LABELS).random() > 0.02}
    cells = ((subject_id(each), study, labels(each)) for study, each in of.items())
    rows = [[subject, study, *(values[label] for label in SORTED_LABELS)] for subject, study, values in cells]
    # A study without a picture, of a patient who has none.
    rows.append([19_999_999, 59_999_999, *(1.0 if label == NO_FINDING else None for label in SORTED_LABELS)])
    return _compressed(("subject_id", "study_id", *SORTED_LABELS), rows)


def _test_labels(drawn: Sequence[Drawn]) -> bytes:
    of = {study_id(each): expert_labels(each) for each in drawn if each.part == "test"}
    rows = ([study, *(values[label] for label in SORTED_LABELS)] for study, values in of.items())
    # Here alone one of the labels has another name.
    names = ("Airspace Opacity" if label == "Lung Opacity" else label for label in SORTED_LABELS)
    return csv_text(("study_id", *names), rows).encode()


def _metadata(drawn: Drawn) -> list[object]:
    view = drawn.visit.view.upper()
    chance = drawn.source(_VIEW, int(drawn.lateral)).random()
    if drawn.lateral and chance < 0.4:
        view = "LL"
    named = "" if chance > 0.97 else view
    procedure = "CHEST (PA AND LAT)" if view != "AP" else "CHEST (PORTABLE AP)"
    day = int(drawn.source(_DATE).integers(0, 28)) + 1
    date = (
        f"{2110 + drawn.visit.patient.number % 90 + drawn.visit.number // 12}{drawn.visit.number % 12 + 1:02d}{day:02d}"
    )
    size = drawn.size
    taken = (procedure, named, size, size, date, f"{80000 + day * 37}.{day:03d}")
    return [dicom_id(drawn), subject_id(drawn), study_id(drawn), *taken, procedure, _CODES[view], "Erect"]


LAYOUT = Layout(
    "mimic_cxr",
    "MIMIC-CXR-JPG: JPEG, labels of two labellers per study in .csv.gz, laterals",
    picture,
    tables,
    encode,
    laterals=True,
    data={"format": "mimic_cxr"},
)
