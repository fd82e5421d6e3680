"""The one file of ChestMNIST: all pictures and labels of the three parts as arrays; no patients, ages or views.

Its sizes are 28, 64, 128 and 224 pixels: the largest is written that is not above the size of the phantoms.
"""

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.phantoms.settings import FINDINGS

SIZES = (28, 64, 128, 224)

_PICTURES = "pictures"
_PREFIX = {"train": "train", "validation": "val", "test": "test"}


def picture(drawn: Drawn) -> str:
    """Where a picture is until all are packed."""
    return f"{_PICTURES}/{drawn.visit_name}.png"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """PNG in one of the sizes."""
    side = _side(drawn.size)
    _, png = cv2.imencode(".png", cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA))
    return png.tobytes()


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """None: the labels are in the file of the pictures."""
    return {}


def pack(folder: Path, drawn: Sequence[Drawn]) -> None:
    """Write ``chestmnist.npz``, ``chestmnist_64.npz``, … from the pictures, which are removed."""
    side = _side(drawn[0].size)
    arrays: dict[str, NDArray[np.uint8]] = {}
    for part, prefix in _PREFIX.items():
        of = [each for each in drawn if each.part == part]
        images = [cv2.imread(str(folder / picture(each)), cv2.IMREAD_GRAYSCALE) for each in of]
        labels = [[finding in each.visit.findings for finding in FINDINGS] for each in of]
        arrays[f"{prefix}_images"] = np.array(images, np.uint8).reshape(-1, side, side)
        arrays[f"{prefix}_labels"] = np.array(labels, np.uint8).reshape(-1, len(FINDINGS))
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    (folder / f"chestmnist{'' if side == SIZES[0] else f'_{side}'}.npz").write_bytes(packed.getvalue())
    shutil.rmtree(folder / _PICTURES)


def _side(size: int) -> int:
    return max(side for side in SIZES if side <= size)


LAYOUT = Layout(
    "chestmnist",
    "ChestMNIST: one .npz with all pictures, 28 to 224 pixels, without patients",
    picture,
    tables,
    encode,
    finish=pack,
    data={"format": "chestmnist"},
)
