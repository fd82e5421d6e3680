"""Variance of the ROC AUC, and comparison of two models on the same cases, without resampling.

After DeLong, DeLong and Clarke-Pearson (Biometrics 1988;44:837–845), by the placements of :mod:`.clustered_auc`. DeLong
takes the radiographs as independent, which those of one patient are not: if patients have several, its interval is too
narrow and its p-value too small. The interval over patients (:func:`xraykit.evaluation.bootstrap_intervals`) is the one
to rely on then; DeLong's is the one that other papers give.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.metrics import Booleans, Floats, known_cases
from xraykit.evaluation.statistics.clustered_auc import placements
from xraykit.evaluation.statistics.intervals import LEVEL, Interval

_QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True)
class DeLongComparison:
    """The ROC AUC of two models on the same cases.

    Attributes:
        difference: Second minus first.
        standard_error: Of the difference.
        interval: 95 % interval of the difference, ``[low, high]``.
        p_value: Two-sided, of no difference; None if the difference does not vary and is not 0.
    """

    difference: float
    standard_error: float
    interval: list[float]
    p_value: float | None


def delong_variance(y: npt.ArrayLike, p: npt.ArrayLike) -> float | None:
    """Variance of the ROC AUC, cases taken as independent.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.

    Returns:
        ≥ 0, or None with fewer than two positives or two negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if not _two_of_each(positive):
        return None
    return _variance(*placements(positive, score))


def delong_interval(y: npt.ArrayLike, p: npt.ArrayLike) -> Interval:
    """95 % interval ``[low, high]`` of the ROC AUC, cut off at 0 and 1, cases taken as independent.

    None with fewer than two positives or two negatives. A label that is separated without a fault gets [1, 1].

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if not _two_of_each(positive):
        return None
    placed = placements(positive, score)
    auc, half = float(placed[0].mean()), _QUANTILE * math.sqrt(_variance(*placed))
    return [max(0.0, auc - half), min(1.0, auc + half)]


def delong_comparison(y: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> DeLongComparison | None:
    """ROC AUC of the second model minus that of the first on the same cases, taken as independent.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        first: Scores of the first model ``(n,)``, finite.
        second: Scores of the second model ``(n,)``, finite.

    Returns:
        The comparison, or None with fewer than two positives or two negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, scores_of_first = known_cases(y, first)
    _, scores_of_second = known_cases(y, second)
    if not _two_of_each(positive):
        return None
    before, after = placements(positive, scores_of_first), placements(positive, scores_of_second)
    gains = after[0] - before[0], after[1] - before[1]
    difference, error = float(gains[0].mean()), math.sqrt(_variance(*gains))
    half = _QUANTILE * error
    return DeLongComparison(difference, error, [difference - half, difference + half], _p_value(difference, error))


def _two_of_each(positive: Booleans) -> bool:
    return int(np.count_nonzero(positive)) >= 2 and int(np.count_nonzero(~positive)) >= 2


def _variance(of_positives: Floats, of_negatives: Floats) -> float:
    """Variance of the mean of what positives and negatives have each."""
    return float(sum(values.var(ddof=1) / len(values) for values in (of_positives, of_negatives)))


def _p_value(difference: float, error: float) -> float | None:
    if error < 1e-12:
        return 1.0 if abs(difference) < 1e-12 else None
    return math.erfc(abs(difference) / error / math.sqrt(2))
