"""One heat map against the boxes around one finding.

A map is scored by what it is hottest in, so that maps of any scale can be compared. A map that is empty or flat shows
no place: it misses, whatever the boxes.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Booleans, Floats

Box = tuple[float, float, float, float]
"""x and y of the upper left corner, width and height, as shares of the picture's width or height.

Scores do not depend on the picture's proportions: it is a square to the network, and so it is here."""

State = Literal["ok", "empty", "flat"]

HOT = 0.5
"""Share of a map's maximum from which a pixel is hot."""

_ROUNDING = 1e-6  # of the maximum: what single precision makes of equal values


class HeatMapScores(NamedTuple):
    """How well a heat map shows a finding.

    Attributes:
        pointing: 1 if the hottest pixel lies in a box, else 0; the share in a box if several are equally hot.
        iou: Hot pixels and pixels of any of the boxes: intersection over union, 0–1.
        overlaps: Of each box, its best IoU with a rectangle around connected hot pixels, 0–1.
    """

    pointing: float
    iou: float
    overlaps: Floats


def map_state(heat: npt.ArrayLike) -> State:
    """Whether a heat map shows a place: ``empty`` if it is all 0, ``flat`` if it is all one other value, else ``ok``.

    Args:
        heat: ``(S, S)``, not negative.
    """
    values = np.asarray(heat)
    if not values.any():
        return "empty"
    return "flat" if np.ptp(values) <= _ROUNDING * values.max() else "ok"


def heat_map_scores(heat: npt.NDArray[np.floating], boxes: Sequence[Box]) -> HeatMapScores:
    """Score one heat map.

    Pointing game: Zhang et al., IJCV 2018, without their tolerance of 15 pixels, which is many in a small picture. IoU
    of pixels: hot are those of at least half of the maximum. Boxes: Wang et al., CVPR 2017, draw a rectangle around
    each connected region of hot pixels (here over edges and corners), but at thresholds of their own choice, 60 and
    180 of 255.

    Args:
        heat: ``(S, S)``, not negative.
        boxes: Of the finding, at least one, within the picture.
    """
    if map_state(heat) != "ok":
        return HeatMapScores(0.0, 0.0, np.zeros(len(boxes)))
    peak, inside = float(heat.max()), _covered(boxes, len(heat))
    hottest, hot = heat >= (1 - _ROUNDING) * peak, heat >= HOT * peak
    iou = np.count_nonzero(hot & inside) / np.count_nonzero(hot | inside)
    regions = _rectangles(hot)
    overlaps = [max(_overlap(box, region) for region in regions) for box in boxes]
    return HeatMapScores(float(inside[hottest].mean()), iou, np.array(overlaps))


def _covered(boxes: Sequence[Box], size: int) -> Booleans:
    """Pixels ``(size, size)`` whose middle lies in a box; of a box too small for that, the one it lies in."""
    covered = np.zeros((size, size), np.bool_)
    for x, y, w, h in boxes:
        covered[_pixels(y, h, size), _pixels(x, w, size)] = True
    return covered


def _pixels(start: float, length: float, size: int) -> slice:
    first, last = round(start * size), round((start + length) * size)
    if first < last:
        return slice(first, last)
    middle = min(int((start + length / 2) * size), size - 1)
    return slice(middle, middle + 1)


def _rectangles(hot: Booleans) -> list[Box]:
    """Rectangle around each connected region."""
    regions, _ = ndimage.label(hot, structure=np.ones((3, 3)))
    size = len(hot)
    return [
        (
            columns.start / size,
            rows.start / size,
            (columns.stop - columns.start) / size,
            (rows.stop - rows.start) / size,
        )
        for rows, columns in ndimage.find_objects(regions)
    ]


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union of two rectangles."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
