"""The folders of Kaggle's pneumonia set (Kermany et al., Cell 172, 2018): ``chest_xray/train/PNEUMONIA/…``.

There is no table. A picture's folders name its part and its class, its file name the patient: ``person7_bacteria_2``,
and in the other class ``IM-0007-0001`` or ``NORMAL2-IM-0007-0001``.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.layouts.layout import Drawn, Layout

FOLDER = "chest_xray"
PNEUMONIA = ("Pneumonia", "Consolidation")
"""The findings that count as pneumonia."""

QUALITY = 90

_FOLDERS = {"train": "train", "validation": "val", "test": "test"}
_CAUSE = 50


def picture(drawn: Drawn) -> str:
    """Such as ``chest_xray/train/PNEUMONIA/person7_bacteria_2.jpeg``."""
    number, visit = drawn.visit.patient.number, drawn.visit.number + 1
    ill = bool(set(PNEUMONIA) & set(drawn.visit.findings))
    if ill:
        cause = "virus" if drawn.source(_CAUSE).random() < 0.4 else "bacteria"
        name = f"person{number}_{cause}_{visit}"
    else:
        name = f"{'NORMAL2-' if number % 3 == 0 else ''}IM-{number:04d}-{visit:04d}"
    return f"{FOLDER}/{_FOLDERS[drawn.part]}/{'PNEUMONIA' if ill else 'NORMAL'}/{name}.jpeg"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """Grey JPEG."""
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """None."""
    return {}


LAYOUT = Layout(
    "folder",
    "Kaggle's pneumonia set: class folders in train, val and test; JPEG",
    picture,
    tables,
    encode,
    data={"format": "folder", "labels": ["PNEUMONIA"]},
)
