"""Figures of pictures: a sheet of radiographs, and Grad-CAM heat maps over radiographs."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from xraykit.errors import DataError
from xraykit.report.figures.style import Margins, fixed_panels, house_style, new_figure, panels

Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
_HEAT_COLORS = "inferno"
_COLDEST, _HOTTEST = 0.2, 0.8  # stretch of the colours that is seen on black as on white, from purple to yellow
_BOX_COLOR = "#56B4E9"
_LETTERS_PER_INCH = 15
_PIXELS_AT_ONCE = 2**18
_MARGINS = Margins(left=0.08, right=0.08, bottom=0.06, top=0.34, across=0.12, down=0.38)


@dataclass(frozen=True)
class HeatMap:
    """A radiograph and where a model saw a finding in it.

    Attributes:
        picture: ``(S, S)`` uint8.
        heat: ``(S, S)`` float, 0–1.
        probability: Of the finding, 0–1.
        truth: Whether the finding is present; None if unknown.
        boxes: Where it is, as x, y, width and height in pixels of ``picture``.
        calibrated: Whether the probability is; one that is not is marked.
    """

    picture: Picture
    heat: npt.NDArray[np.floating]
    probability: float
    truth: bool | None
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    calibrated: bool = True

    def caption(self, label: str) -> str:
        """The label, its probability and the truth; a note if the map is empty."""
        truth = {None: "unknown", True: "present", False: "absent"}[self.truth]
        empty = "" if np.any(self.heat > 0) else "; empty map"
        mark = "" if self.calibrated else " (uncalibrated)"
        return f"{label}{empty}\nprobability {self.probability:.3f}{mark}, truth: {truth}"


def overlay(picture: Picture, heat: npt.NDArray[np.floating], opacity: float) -> Picture:
    """A heat map over a radiograph.

    The colours (the middle of matplotlib's inferno) rise evenly in lightness, for every kind of colour vision. The
    opacity grows with the heat, so that the radiograph stays readable where nothing was found.

    Args:
        picture: ``(S, S)`` uint8.
        heat: ``(S, S)`` float, 0–1.
        opacity: 0–1, where the heat is 1.

    Returns:
        ``(S, S, 3)`` uint8, RGB.

    Raises:
        DataError: the shapes differ, or heat or opacity is not within 0–1.
    """
    heat = np.asarray(heat, np.float64)
    if picture.ndim != 2 or picture.dtype != np.uint8 or picture.shape != heat.shape:
        raise DataError(
            "A heat map needs a grey picture of its own size. Expected: uint8 (S, S) and float (S, S). Received: "
            f"{picture.dtype} {picture.shape} and heat {heat.shape}. Resize the heat map first."
        )
    if not (np.all((heat >= 0) & (heat <= 1)) and 0 <= opacity <= 1):
        raise DataError(
            f"Heat and opacity must be within 0 and 1. Received: heat {heat.min():g} to {heat.max():g}, opacity "
            f"{opacity:g}. Divide the heat map by its maximum first."
        )
    color = matplotlib.colormaps[_HEAT_COLORS](_COLDEST + (_HOTTEST - _COLDEST) * heat)[..., :3] * 255
    share = (opacity * heat)[..., None]
    mixed: Picture = np.rint(picture[..., None] * (1 - share) + color * share).astype(np.uint8)
    return mixed


def overlay_at_full_size(picture: Picture, heat: npt.NDArray[np.floating], opacity: float) -> Picture:
    """A heat map of a square picture over the radiograph at its own size and aspect.

    The heat map was made of the radiograph resized along each axis on its own, and is resized back the same way, so
    that it lies where it belongs. A few rows are drawn at a time: beside picture and result little memory is needed.

    Args:
        picture: ``(H, W)`` uint8.
        heat: ``(S, S)`` float, 0–1.
        opacity: 0–1, where the heat is 1.

    Returns:
        ``(H, W, 3)`` uint8, RGB.

    Raises:
        DataError: the picture is not grey, or heat or opacity is not within 0–1.
    """
    height, width = picture.shape[:2]
    wide = _between_rows(np.asarray(heat, np.float32).T, np.arange(width), width).T
    drawn = np.empty((height, width, 3), np.uint8)
    strip = max(1, _PIXELS_AT_ONCE // width)
    for first in range(0, height, strip):
        rows = np.arange(first, min(first + strip, height))
        drawn[rows] = overlay(picture[rows], _between_rows(wide, rows, height), opacity)
    return drawn


def _between_rows(heat: npt.NDArray[np.floating], rows: npt.NDArray[np.integer], height: int) -> npt.NDArray[Any]:
    """Some rows of a heat map ``(S, W)`` that is interpolated linearly to ``height`` rows."""
    places = np.clip((rows + 0.5) * len(heat) / height - 0.5, 0, len(heat) - 1)
    above = np.floor(places).astype(np.intp)
    below, share = np.minimum(above + 1, len(heat) - 1), (places - above)[:, None]
    return np.clip(heat[above] * (1 - share) + heat[below] * share, 0, 1)


@house_style()
def draw_radiograph_sheet(
    pictures: Picture,
    captions: Sequence[str],
    title: str = "Random radiographs",
    *,
    part: str,
    split: str,
    boxes: Sequence[Sequence[Box]] = (),
) -> Figure:
    """A sheet of radiographs with what is known of each.

    Args:
        pictures: ``(n, S, S)`` uint8.
        captions: n texts; a line break starts a new line.
        title: What is shown.
        part: Which part they are from.
        split: Which division into parts it is.
        boxes: Of each picture, as x, y, width and height in its pixels; empty: none of any.

    Raises:
        DataError: there is not one caption for each picture.
    """
    if len(pictures) != len(captions):
        raise DataError(
            f"Each radiograph needs one caption. Received: {len(pictures)} radiographs, {len(captions)} captions."
        )
    columns = min(5, max(3, math.ceil(math.sqrt(len(pictures)))))
    rows = max(1, math.ceil(len(pictures) / columns))
    side = 9 / 5
    texts = [_wrapped(caption, side) for caption in captions]
    lines = max((text.count("\n") + 1 for text in texts), default=1)
    figure = new_figure(side * columns, (side + 0.15 * lines) * rows, title, part=part, split=split)
    plots = panels(figure, rows, columns, len(pictures))
    for plot, picture, text, each in zip(plots, pictures, texts, boxes or [()] * len(pictures), strict=True):
        _show(plot, picture, text)
        _draw_boxes(plot, each)
    return figure


@house_style()
def draw_heatmap_grid(
    heat_maps: Mapping[str, Sequence[HeatMap]],
    *,
    opacity: float,
    part: str,
    split: str,
    title: str = "Grad-CAM, purple: little, yellow: much",
) -> Figure:
    """Heat maps over radiographs: a row for each label, its radiographs side by side.

    Args:
        heat_maps: Label to its heat maps; a label without any has no row.
        opacity: Of the hottest pixels, 0–1.
        part: Which part the radiographs are from.
        split: Which division into parts it is.
        title: What is shown.

    Raises:
        DataError: see :func:`overlay`.
    """
    rows = [(label, maps) for label, maps in heat_maps.items() if maps]
    columns = max((len(maps) for _, maps in rows), default=1)
    side = 2.1
    width = side * max(2, columns)
    if any(heat_map.boxes for _, maps in rows for heat_map in maps):
        title += "; blue box: annotated finding"
    figure = new_figure(width, max(1, len(rows)) * (side + 0.35), title, part=part, split=split)
    if not rows:
        figure.text(0.5, 0.4, "no heat maps", ha="center")
    flat = fixed_panels(figure, max(1, len(rows)), columns, max(1, len(rows)) * columns, _MARGINS)
    for plot in flat:
        plot.axis("off")
    for first, (label, maps) in zip(range(0, len(flat), columns), rows, strict=False):
        for plot, heat_map in zip(flat[first:], maps, strict=False):
            _show(plot, overlay(heat_map.picture, heat_map.heat, opacity), heat_map.caption(label))
            _draw_boxes(plot, heat_map.boxes)
    return figure


def _show(plot: Axes, picture: Picture, caption: str) -> None:
    plot.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    plot.set_title(caption, fontsize=7.5, fontweight="normal", pad=3)
    plot.axis("off")


def _draw_boxes(plot: Axes, boxes: Sequence[Box]) -> None:
    for x, y, w, h in boxes:
        plot.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor=_BOX_COLOR, linewidth=1.4))


def _wrapped(caption: str, inches: float) -> str:
    return "\n".join(
        part for line in caption.splitlines() for part in textwrap.wrap(line, int(inches * _LETTERS_PER_INCH))
    )
