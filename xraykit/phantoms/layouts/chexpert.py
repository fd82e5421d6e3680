"""The files of CheXpert in its small size.

All pictures of one kind have the same name, ``view1_frontal.jpg``, and differ by their folders alone. They are JPEG and
wider than high. ``train.csv`` has the cells of a labeller of reports, ``valid.csv`` those of radiologists, and both
have sex, age and view; ``test_labels.csv`` has none of these. Sex is unknown for a few; laterals have a blank
``AP/PA``; and a few laterals are called frontal, with ``LL`` for their view.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.layouts.chexpert_labels import LABELS, expert_labels, reported
from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.system import csv_text

FOLDER = "CheXpert-v1.0-small"
ABOUT_COLUMNS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA")
HEIGHT = 0.82
QUALITY = 90

_FOLDERS = {"train": "train", "validation": "valid", "test": "test"}
_CALLED_FRONTAL, _UNKNOWN_SEX = 10, 11


def picture(drawn: Drawn) -> str:
    """Such as ``CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg``."""
    return f"{FOLDER}/{_below(drawn)}"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """Grey JPEG of 0.82 times the height: rows above and below are cut off."""
    size = pixels.shape[0]
    height = round(size * HEIGHT)
    first = (size - height) // 3
    _, jpeg = cv2.imencode(".jpg", pixels[first : first + height], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The three label files."""
    of = {part: [each for each in drawn if each.part == part] for part in _FOLDERS}
    test = csv_text(("Path", *LABELS), ([_below(each), *expert_labels(each).values()] for each in of["test"]))
    return {
        f"{FOLDER}/train.csv": _label_file(of["train"], experts=False),
        f"{FOLDER}/valid.csv": _label_file(of["validation"], experts=True),
        f"{FOLDER}/test_labels.csv": test.encode(),
    }


def _below(drawn: Drawn) -> str:
    visit = drawn.visit
    view = f"view{2 if drawn.lateral else 1}_{'lateral' if _kind(drawn) == 'Lateral' else 'frontal'}"
    return f"{_FOLDERS[drawn.part]}/patient{visit.patient.number:05d}/study{visit.number + 1}/{view}.jpg"


def _kind(drawn: Drawn) -> str:
    called_frontal = drawn.source(_CALLED_FRONTAL).random() < 0.06
    return "Lateral" if drawn.lateral and not called_frontal else "Frontal"


def _label_file(drawn: Iterable[Drawn], *, experts: bool) -> bytes:
    rows = ([*_about(each), *(expert_labels(each) if experts else reported(each)).values()] for each in drawn)
    return csv_text((*ABOUT_COLUMNS, *LABELS), rows).encode()


def _about(drawn: Drawn) -> tuple[str, str, int, str, str]:
    patient = drawn.visit.patient
    sex = {"M": "Male", "F": "Female"}[patient.sex]
    if drawn.source(_UNKNOWN_SEX).random() < 0.02:
        sex = "Unknown"
    kind = _kind(drawn)
    view = "" if kind == "Lateral" else "LL" if drawn.lateral else drawn.visit.view
    return picture(drawn), sex, drawn.visit.age, kind, view


LAYOUT = Layout(
    "chexpert",
    "CheXpert, small size: JPEG, a labeller's 1.0, 0.0, -1.0 and blank, laterals",
    picture,
    tables,
    encode,
    laterals=True,
    data={"format": "chexpert"},
)
