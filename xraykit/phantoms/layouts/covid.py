"""The folders of the COVID-19 Radiography Database on Kaggle: ``COVID/images`` with ``COVID/masks`` beside it.

Masks of the lungs have the same file names as the pictures; they are no radiographs. Neither patients nor parts are
given. What stands for COVID-19 here is the haze that the simulator draws for oedema.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from xraykit.phantoms.layouts.layout import Drawn, Layout

FOLDER = "COVID-19_Radiography_Dataset"
CLASSES = {
    "COVID": ("Edema",),
    "Viral Pneumonia": ("Pneumonia",),
    "Lung_Opacity": ("Consolidation", "Infiltration", "Atelectasis"),
}
"""Class to the findings of phantoms that it stands for; the first that fits counts, Normal where none does."""


def picture(drawn: Drawn) -> str:
    """Such as ``COVID-19_Radiography_Dataset/COVID/images/COVID-12.png``."""
    return _path(drawn, "images")


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """None."""
    return {}


def add_masks(folder: Path, drawn: Sequence[Drawn]) -> None:
    """Two ellipses for each picture, in colour, as the masks of the collection are."""
    for each in drawn:
        mask = np.zeros((each.size, each.size, 3), np.uint8)
        for side in (0.3, 0.7):
            centre, axes = (round(side * each.size), each.size // 2), (each.size // 7, each.size // 4)
            cv2.ellipse(mask, centre, axes, 0, 0, 360, (255, 255, 255), -1)
        file = folder / _path(each, "masks")
        file.parent.mkdir(parents=True, exist_ok=True)
        _, png = cv2.imencode(".png", mask)
        file.write_bytes(png.tobytes())


def _path(drawn: Drawn, kind: str) -> str:
    findings = set(drawn.visit.findings)
    name = next((name for name, of in CLASSES.items() if findings & set(of)), "Normal")
    number = drawn.visit.patient.number * 100 + drawn.visit.number
    return f"{FOLDER}/{name}/{kind}/{name}-{number}.png"


LAYOUT = Layout(
    "covid",
    "COVID-19 Radiography Database: class folders with masks beside the pictures",
    picture,
    tables,
    finish=add_masks,
    data={"format": "folder", "labels": ["COVID", "Viral Pneumonia", "Lung_Opacity"]},
)
