"""Where the model looked: which test radiographs are shown, and their heat maps as pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np
import pandas as pd

from xraykit.errors import DataError
from xraykit.report.figures_radiographs import HeatMap, draw_heatmap_grid, overlay
from xraykit.report.figures_style import save_figure

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Look:
    """One heat map to draw: a radiograph and a label.

    Attributes:
        image: File name of the radiograph.
        label: The finding.
        probability: What the model says, 0–1.
        truth: Whether the finding is there; ``None`` if unknown.
    """

    image: str
    label: str
    probability: float
    truth: bool | None


def choose_looks(
    predictions: pd.DataFrame, labels: Sequence[str], radiographs: int, findings: int, seed: int
) -> list[Look]:
    """Choose test radiographs at random among those with a finding, and the findings strongest in each.

    Drawn at random, so that the gallery shows how the model looks at radiographs and not its best moments.

    Args:
        predictions: The table of predictions; its test part is used.
        labels: The findings.
        radiographs: At most this many radiographs.
        findings: Heat maps per radiograph: of the findings with the highest probability.
        seed: Of the draw.
    """
    test = predictions[predictions["part"] == "test"]
    shows_any = (test[list(labels)] == 1).any(axis=1).to_numpy()
    random = np.random.Generator(np.random.Philox(seed))
    shuffled = random.permutation(len(test))
    order = shuffled[np.argsort(~shows_any[shuffled], kind="stable")][:radiographs]
    return [look for row in order for look in _strongest(test.iloc[row].to_dict(), labels, findings)]


def draw_gallery(
    looks: Sequence[Look],
    pictures: np.ndarray,
    heat: np.ndarray,
    boxes: Mapping[tuple[str, str], Sequence[Box]],
    folder: Path,
    *,
    opacity: float,
    split: str,
) -> None:
    """Write each heat map as an overlay, ``IMAGE_LABEL.png``, and all of them as one grid, ``grid.png``.

    Args:
        looks: What is shown.
        pictures: ``(n, S, S)`` uint8, a picture for each look.
        heat: ``(n, S, S)`` float32, 0–1, a map for each look.
        boxes: Image and label to the boxes of that finding there: x, y, width, height as shares of the side.
        folder: Where the pictures go.
        opacity: Of the hottest places, 0–1.
        split: Stands under the grid.

    Raises:
        DataError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[HeatMap]] = {}
    for look, picture, values in zip(looks, pictures, heat):
        _write_png(folder / f"{PurePath(look.image).stem}_{look.label}.png", overlay(picture, values, opacity))
        side = picture.shape[0]
        found = tuple(
            (x * side, y * side, w * side, h * side) for x, y, w, h in boxes.get((look.image, look.label), ())
        )
        rows.setdefault(look.label, []).append(HeatMap(picture, values, look.probability, look.truth, found))
    figure = draw_heatmap_grid(rows, opacity=opacity, part="test", split=split)
    save_figure(figure, folder / "grid.png")


def _strongest(row: Mapping[Any, Any], labels: Sequence[str], findings: int) -> list[Look]:
    ranked = sorted(labels, key=lambda label: -row[f"{label}_probability"])[:findings]
    return [
        Look(
            str(row["image"]),
            label,
            float(row[f"{label}_probability"]),
            None if pd.isna(row[label]) else bool(row[label]),
        )
        for label in ranked
    ]


def _write_png(path: Path, picture: np.ndarray) -> None:
    encoded, content = cv2.imencode(".png", picture[..., ::-1])
    if not encoded:
        raise DataError(f"{path} cannot be encoded as PNG. Received: an array of shape {picture.shape}.")
    temporary = path.with_name(f".{path.name}")
    try:
        temporary.write_bytes(content.tobytes())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataError(f"{path} cannot be written: {error.strerror}. Make room, or check its rights.") from error
