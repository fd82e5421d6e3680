"""Differences and ratios of two metrics, with intervals made from those of the two (MOVER).

The method of variance estimates recovery takes from each metric's interval how far it may be off on the side in
question and adds these distances as if they were standard errors. A difference of Wilson intervals so treated is
Newcombe's. The two metrics are taken as independent. Where the same patients are in both, they usually move together,
and the interval is then too wide rather than too narrow.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from xraykit.evaluation.statistics.intervals import LEVEL, Interval

_SMALLEST_P = 1e-12
_HALVINGS = 25


class Estimate(Protocol):
    """A metric with intervals of any level, such as :class:`xraykit.evaluation.statistics.shares.Share`."""

    @property
    def value(self) -> float:
        """The metric."""

    def interval(self, level: float) -> Interval:
        """``[low, high]``; None where it cannot be given."""


def difference_interval(first: Estimate, second: Estimate, level: float = LEVEL) -> Interval:
    """Interval of ``first - second`` (Newcombe, Statistics in Medicine 1998;17:873–890, method 10).

    Returns:
        ``[low, high]``; None if one of the two has no interval.
    """
    one, other = first.interval(level), second.interval(level)
    if one is None or other is None:
        return None
    gap = first.value - second.value
    return [
        gap - math.hypot(first.value - one[0], other[1] - second.value),
        gap + math.hypot(one[1] - first.value, second.value - other[0]),
    ]


def distances(
    first: tuple[float, Sequence[float]], second: tuple[float, Sequence[float]], alike: float
) -> tuple[float, float]:
    """How far the limits of ``second - first`` lie below and above it, where the two are correlated.

    After Zou (Psychological Methods 2007;12:399–413).

    Args:
        first: A metric, and the two limits of its interval.
        second: The other.
        alike: Their correlation, −1 to 1.
    """
    (value, (low, high)), (other, (other_low, other_high)) = first, second
    below, above = (other - other_low, high - value), (other_high - other, value - low)
    spans = [
        first_span**2 - 2 * alike * first_span * second_span + second_span**2
        for first_span, second_span in (below, above)
    ]
    return math.sqrt(max(0.0, spans[0])), math.sqrt(max(0.0, spans[1]))


def difference_p_value(first: Estimate, second: Estimate) -> float | None:
    """P value of no difference: 1 minus the largest level at which :func:`difference_interval` leaves 0 out.

    Returns:
        ``1e-12`` (also for less) to 1; None if one of the two has no interval.
    """
    if difference_interval(first, second) is None:
        return None
    holds, leaves_out = math.log(_SMALLEST_P), 0.0
    for _ in range(_HALVINGS):
        middle = (holds + leaves_out) / 2
        low, high = difference_interval(first, second, 1 - math.exp(middle)) or (0.0, 0.0)
        holds, leaves_out = (middle, leaves_out) if low <= 0 <= high else (holds, middle)
    return math.exp(leaves_out)


def ratio_interval(first: Estimate, second: Estimate, level: float = LEVEL) -> tuple[float, float] | None:
    """Interval of ``first / second`` (Donner and Zou, Statistical Methods in Medical Research 2012;21:347–359).

    It exists also where a share is 0, so that the ratio itself is 0, infinite or undefined.

    Returns:
        Low and high, from 0 to infinity; None if one of the two has no interval.
    """
    one, other = first.interval(level), second.interval(level)
    if one is None or other is None:
        return None
    product = first.value * second.value
    low = _end(product, one[0] * (2 * first.value - one[0]), other[1] * (2 * second.value - other[1]))
    high = _end(product, other[0] * (2 * second.value - other[0]), one[1] * (2 * first.value - one[1]))
    return low, 1 / high if high > 0 else math.inf


def _end(product: float, above: float, below: float) -> float:
    """Lower end of a ratio; with the roles exchanged, one over the upper end."""
    if above <= 0:
        return 0.0
    return above / (product + math.sqrt(max(0.0, product**2 - above * below)))
