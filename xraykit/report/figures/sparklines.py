"""Small drawings in table cells: an interval on the scale of the ROC AUC, and a ROC curve.

This module computes coordinates; the template writes them as SVG, in the colours of the page.
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
    """A metric and its interval as positions on a line of ``WIDTH``; values beyond the scale are clipped.

    Attributes:
        value: Of the metric; None if it is not estimable.
        low: Lower end of the interval; None without one.
        high: Its upper end.
        chance: Where 0.5 is.
        description: Metric and interval in words, for screen readers.
    """

    value: float | None
    low: float | None
    high: float | None
    chance: float
    description: str


def interval_bar(value: float | None, interval: Sequence[float] | None, description: str) -> IntervalBar:
    """The bar of a ROC AUC, 0–1, and its 95 % interval."""
    low, high = (None, None) if interval is None else map(_position, interval)
    return IntervalBar(None if value is None else _position(value), low, high, _position(0.5), description)


def curve_points(targets: npt.ArrayLike, scores: npt.ArrayLike) -> str:
    """The ROC curve of one label as an SVG polyline in a square of 100, y downwards; empty where not estimable.

    Args:
        targets: ``(n,)``: 1, 0 or NaN = unknown.
        scores: ``(n,)``, finite: logits or probabilities.
    """
    points = roc_points(targets, scores)
    if points is None:
        return ""
    false_positives, sensitivity = points
    # Evenly along the curve, so that steep and flat stretches keep their corners.
    along = false_positives + sensitivity
    at = np.linspace(0, along[-1], _MOST_POINTS)
    corners = zip(np.interp(at, along, false_positives), np.interp(at, along, sensitivity), strict=True)
    return " ".join(f"{100 * x:.1f},{100 * (1 - y):.1f}" for x, y in corners)


def _position(share: Any) -> float:
    return round(WIDTH * min(1.0, max(0.0, (float(share) - LOW) / (HIGH - LOW))), 1)
