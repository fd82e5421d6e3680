"""The small drawings in a table's cells: an interval on the scale of the ROC AUC, and a ROC curve.

Only their coordinates are made here; the template writes them as SVG, in the colours of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.evaluation import roc_points

LOW, HIGH = 0.4, 1.0
"""Ends of the scale of an interval bar. Chance, 0.5, is within, so that an interval on both sides of it shows."""

WIDTH = 120.0
_MOST_POINTS = 41


@dataclass(frozen=True)
class IntervalBar:
    """A figure and its interval as places on a line of ``WIDTH``; what lies beyond the scale stands at its end.

    Attributes:
        value: Of the figure; None if it is not estimable.
        low: Lower end of the interval; None without one.
        high: Its upper end.
        chance: Where 0.5 is.
        told: The figure and its interval in words, for those who do not see the bar.
    """

    value: float | None
    low: float | None
    high: float | None
    chance: float
    told: str


def interval_bar(value: float | None, interval: Sequence[float] | None, told: str) -> IntervalBar:
    """The bar of a ROC AUC, 0–1, and its 95 % interval."""
    low, high = (None, None) if interval is None else map(_place, interval)
    return IntervalBar(None if value is None else _place(value), low, high, _place(0.5), told)


def curve_points(targets: npt.ArrayLike, scores: npt.ArrayLike) -> str:
    """The ROC curve of one label as an SVG polyline in a square of 100, y downwards; empty where not estimable.

    Args:
        targets: ``(n,)``: 1, 0 or NaN = unknown.
        scores: ``(n,)``, finite: logits or probabilities.
    """
    points = roc_points(targets, scores)
    if points is None:
        return ""
    wrong, found = points
    # Evenly along the curve, so that steep and flat stretches keep their corners.
    along = wrong + found
    at = np.linspace(0, along[-1], _MOST_POINTS)
    corners = zip(np.interp(at, along, wrong), np.interp(at, along, found), strict=True)
    return " ".join(f"{100 * x:.1f},{100 * (1 - y):.1f}" for x, y in corners)


def _place(share: Any) -> float:
    return round(WIDTH * min(1.0, max(0.0, (float(share) - LOW) / (HIGH - LOW))), 1)
