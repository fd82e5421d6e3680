"""Small drawings in table cells: an interval on a scale, and a ROC curve.

This module computes coordinates; the template writes them as SVG, in the colours of the page.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.evaluation import roc_points

WIDTH = 120.0
_LOWEST_SHOWN, _STEP = 0.4, 0.1
_MOST_POINTS = 41


@dataclass(frozen=True)
class Scale:
    """The scale of the bars of one table.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        mark: Where the dashed line is: chance, or no difference. It lies within the scale.
    """

    low: float
    high: float
    mark: float

    def position(self, value: float) -> float:
        """Where a value is on a line of ``WIDTH``; one beyond the scale is at its end."""
        return round(WIDTH * min(1.0, max(0.0, (float(value) - self.low) / (self.high - self.low))), 1)


@dataclass(frozen=True)
class IntervalBar:
    """A metric and its interval as positions on a line of ``WIDTH``.

    Attributes:
        value: Of the metric; None if it is not estimable.
        low: Lower end of the interval; None without one.
        high: Its upper end.
        chance: Where the mark of the scale is.
        description: Metric and interval in words, for screen readers.
    """

    value: float | None
    low: float | None
    high: float | None
    chance: float
    description: str


def roc_auc_scale(every: Iterable[Mapping[str, Any]]) -> Scale:
    """A scale up to 1 that no ROC AUC and no interval of these metrics leaves: from 0.4, or lower where one is lower.

    Chance, 0.5, is within, so that an interval on both sides of it shows.

    Args:
        every: Metrics with ``roc_auc`` and, where known, ``roc_auc_interval``.
    """
    lowest = min([_LOWEST_SHOWN, *_ends(every, "roc_auc")])
    return Scale(max(0.0, round(_STEP * math.floor(lowest / _STEP + 1e-9), 1)), 1.0, 0.5)


def difference_scale(every: Iterable[Mapping[str, Any]], name: str) -> Scale:
    """A scale around 0, the same on both sides, that no difference of these and no interval leaves.

    Args:
        every: Paired differences, of :func:`xraykit.compare.compare_runs`.
        name: Of the difference, such as ``roc_auc_difference``.
    """
    widest = max([0.01, *map(abs, _ends(every, name))])
    unit = 10.0 ** math.floor(math.log10(widest))
    end = unit * math.ceil(widest / unit - 1e-9)
    return Scale(-end, end, 0.0)


def _ends(every: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    """All values and ends of intervals."""
    found = [value for each in every for value in (each.get(name), *(each.get(f"{name}_interval") or ()))]
    return [float(value) for value in found if value is not None]


def interval_bar(value: float | None, interval: Sequence[float] | None, description: str, scale: Scale) -> IntervalBar:
    """The bar of a metric and its 95 % interval."""
    low, high = (None, None) if interval is None else map(scale.position, interval)
    at = None if value is None else scale.position(value)
    return IntervalBar(at, low, high, scale.position(scale.mark), description)


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
