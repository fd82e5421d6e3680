"""The gallery: heat maps over radiographs as PNG files, and a table that describes them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import cv2
import numpy as np
import pandas as pd

from xraykit.errors import DataError
from xraykit.evaluation import map_state
from xraykit.report.figures.examples import Example
from xraykit.report.figures.radiographs import HeatMap, draw_heatmap_grid, overlay
from xraykit.report.figures.style import save_figure
from xraykit.system import table_as_csv, write_atomically

Box = tuple[float, float, float, float]

TABLE = "gallery.csv"
_LEAST_SIDE = 256  # of the pictures, so that the line of a box is thin beside what it encloses
_BOX_COLOR = (86, 180, 233)


def draw_gallery(
    examples: Sequence[Example],
    pictures: np.ndarray,
    heat: np.ndarray,
    boxes: Mapping[tuple[str, str], Sequence[Box]],
    folder: Path,
    *,
    opacity: float,
    split: str,
    method: str,
) -> None:
    """Write each heat map as an overlay, a row for each in ``gallery.csv``, and the first of each kind as ``grid.png``.

    Args:
        examples: What is shown (:func:`.choose_examples`).
        pictures: ``(n, S, S)`` uint8, a picture for each example.
        heat: ``(n, S, S)`` float32, 0–1, a map for each example.
        boxes: Image and label to the boxes of that finding there: x, y, width, height as shares of the picture's.
        folder: Where the pictures go.
        opacity: Of the hottest pixels, 0–1.
        split: Shown above the grid.
        method: How the maps were made: ``"Grad-CAM"``.

    Raises:
        DataError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grid: dict[str, dict[str, HeatMap]] = {}
    rows = []
    for number, (example, picture, values) in enumerate(zip(examples, pictures, heat, strict=True)):
        annotated = tuple(boxes.get((example.image, example.label), ()))
        name = _file_name(number, example)
        write_atomically(folder / name, _png(_with_boxes(overlay(picture, values, opacity), annotated)))
        rows.append(_row(name, example, len(annotated), values, method))
        side = picture.shape[0]
        drawn = tuple((x * side, y * side, w * side, h * side) for x, y, w, h in annotated)
        shown = HeatMap(picture, values, example.probability, example.truth, drawn, example.calibrated)
        grid.setdefault(example.label, {}).setdefault(example.kind, shown)
    write_atomically(folder / TABLE, table_as_csv(pd.DataFrame(rows)).encode())
    surest = {label: list(kinds.values()) for label, kinds in grid.items()}
    title = f"{method}, purple: little, yellow: much"
    save_figure(draw_heatmap_grid(surest, opacity=opacity, part="test", split=split, title=title), folder / "grid.png")


def _file_name(number: int, example: Example) -> str:
    """A unique name that is valid on every file system."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "_", f"{example.label}_{PurePath(example.image).stem}")
    return f"{number:03d}_{plain[:80]}.png"


def _row(name: str, example: Example, boxes: int, heat: np.ndarray, method: str) -> dict[str, object]:
    return {
        "file": name,
        "image": example.image,
        "label": example.label,
        "kind": example.kind,
        "probability": example.probability,
        "calibrated": example.calibrated,
        "threshold": example.threshold,
        "truth": None if example.truth is None else int(example.truth),
        "boxes": boxes,
        "map": map_state(heat),
        "method": method,
    }


def _with_boxes(picture: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """An overlay ``(S, S, 3)`` with its boxes, enlarged by a whole number where it is small."""
    times = -(-_LEAST_SIDE // picture.shape[0])
    side = picture.shape[0] * times
    large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC if times > 1 else cv2.INTER_AREA)
    for x, y, w, h in boxes:
        first, last = (round(side * x), round(side * y)), (round(side * (x + w)) - 1, round(side * (y + h)) - 1)
        cv2.rectangle(large, first, last, _BOX_COLOR, max(1, side // 160))
    return np.asarray(large)


def _png(picture: np.ndarray) -> bytes:
    encoded, content = cv2.imencode(".png", picture[..., ::-1])
    if not encoded:
        raise DataError(f"A picture cannot be encoded as PNG. Received: an array of shape {picture.shape}.")
    return content.tobytes()
