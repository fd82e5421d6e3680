"""95 % intervals of the ROC AUC and of differences of two, from two positive patients upwards, without resampling.

The interval of one ROC AUC encloses two:

- Student's t on the logit scale with Obuchowski's variance over patients (:mod:`.clustered_auc`). Its degrees of
  freedom come from the effective number of patients of the rarer class. It knows how alike a patient's radiographs
  are, but not how uncertain a variance of nearly 0 is: few positives that all rank high show next to no variation.
- Newcombe's score interval (Statistics in Medicine 2006;25:559–573, method 5), whose variance follows from the ROC AUC
  itself, so that it has a width where all positives rank above all negatives too. Effective patients are counted, not
  radiographs.

From 50 effective patients on the variance is known well enough and Newcombe's interval, which would only be too wide
where a patient's radiographs differ, counts the geometric mean of patients and radiographs. Differences follow from the
limits of the two intervals (MOVER: Zou and Donner, Statistics in Medicine 2008;27:1693–1702; with correlation: Zou,
Psychological Methods 2007;12:399–413). How often they hold is measured by ``benchmarks/evaluation.py coverage``.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from xraykit.evaluation.statistics.clustered_auc import (
    ClassCounts,
    ClusteredAuc,
    clustered_auc,
    correlation,
    difference_variance,
    variance,
)
from xraykit.evaluation.statistics.contrasts import distances
from xraykit.evaluation.statistics.intervals import (
    LEAST_PATIENTS,
    LEVEL,
    NORMAL_QUANTILE,
    Estimated,
    degrees_of_freedom,
    logit_limits,
    not_given,
)
from xraykit.evaluation.statistics.mean_intervals import Term
from xraykit.evaluation.statistics.resampling import Codes

_MANY = 50
_HALVINGS = 40
_NO_SPREAD = 1e-24  # less is rounding


def roc_auc_interval(y: npt.ArrayLike, p: npt.ArrayLike, codes: Codes) -> Estimated:
    """95 % interval of the ROC AUC over patients, or why there is none.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.

    Returns:
        The interval, within 0–1 and around the ROC AUC; or the reason: ``not_estimable`` without both classes,
        ``few_patients`` if one patient has all positives or all negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    return interval_of(clustered_auc(y, p, codes))


def roc_auc_difference_interval(
    first: tuple[npt.ArrayLike, npt.ArrayLike], second: tuple[npt.ArrayLike, npt.ArrayLike], codes: Codes
) -> Estimated:
    """95 % interval of the second ROC AUC minus the first over the same patients, or why there is none.

    For two models give the same labels twice; for two groups of radiographs, disjoint or not, the labels with those
    of the other radiographs set to NaN.

    Args:
        first: Labels and scores ``(n,)`` of the ROC AUC that is subtracted.
        second: Labels and scores ``(n,)`` of the other.
        codes: Each case's patient ``(n,)``; a patient may be in both.

    Returns:
        The interval, within −1 to 1 and around the difference; or the reason, as in :func:`roc_auc_interval`.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    return difference_interval(clustered_auc(*first, codes), clustered_auc(*second, codes))


def interval_of(estimate: ClusteredAuc | None) -> Estimated:
    """:func:`roc_auc_interval` of a ROC AUC whose components are known."""
    if estimate is None:
        return not_given("not_estimable")
    if estimate.patients < LEAST_PATIENTS:
        return not_given("few_patients")
    quantile = special.stdtrit(degrees_of_freedom(estimate.effective_patients), (1 + LEVEL) / 2)
    return Estimated(list(_limits(estimate, float(quantile))), None)


def term_of(estimate: ClusteredAuc) -> Term:
    """What a ROC AUC of two patients of each class or more adds to a mean over labels."""
    low, high = _limits(estimate, NORMAL_QUANTILE)
    degrees = degrees_of_freedom(estimate.effective_patients)
    return Term(estimate.auc, estimate.auc - low, high - estimate.auc, degrees, estimate.weights)


def difference_term(first: ClusteredAuc, second: ClusteredAuc) -> Term:
    """What the second ROC AUC minus the first, of two patients of each class or more, adds to a mean over labels."""
    spread = difference_variance(first, second)
    if spread and spread > _NO_SPREAD:
        below = above = NORMAL_QUANTILE * math.sqrt(spread)
    else:
        below, above = _distances(first, second, _limits(first, NORMAL_QUANTILE), _limits(second, NORMAL_QUANTILE))
    degrees = degrees_of_freedom(min(first.effective_patients, second.effective_patients))
    return Term(second.auc - first.auc, below, above, degrees, first.weights)


def difference_interval(first: ClusteredAuc | None, second: ClusteredAuc | None) -> Estimated:
    """:func:`roc_auc_difference_interval` of two ROC AUCs whose components are known."""
    around = [interval_of(first), interval_of(second)]
    if first is None or second is None or around[0].interval is None or around[1].interval is None:
        return Estimated(None, around[0].reason or around[1].reason)
    difference = second.auc - first.auc
    below, above = _distances(first, second, around[0].interval, around[1].interval)
    return Estimated([max(-1.0, difference - below), min(1.0, difference + above)], None)


def difference_p_value(first: ClusteredAuc, second: ClusteredAuc) -> float | None:
    """Two-sided p value of no difference of two ROC AUCs: Student's t with Obuchowski's variance over patients.

    None if the difference does not vary without being 0, or one patient has all positives or all negatives.
    """
    spread, difference = difference_variance(first, second), abs(second.auc - first.auc)
    if spread is None:
        return None
    if spread < _NO_SPREAD:
        return 1.0 if difference < 1e-12 else None
    degrees = degrees_of_freedom(min(first.effective_patients, second.effective_patients))
    return float(2 * special.stdtr(degrees, -difference / math.sqrt(spread)))


def _counted(each: ClassCounts, estimate: ClusteredAuc) -> float:
    if estimate.effective_patients < _MANY:
        return each.effective_patients
    return math.sqrt(each.effective_patients * each.cases)


def _limits(estimate: ClusteredAuc, quantile: float) -> tuple[float, float]:
    """Those of both intervals that lie further out; ``quantile`` is that of the one on the logit scale."""
    counts = [_counted(each, estimate) for each in (estimate.positives, estimate.negatives)]
    (low, high), auc, spread = _newcombe(estimate.auc, counts[0], counts[1]), estimate.auc, variance(estimate)
    if spread and 0 < auc < 1:
        by_t = logit_limits(auc, quantile * math.sqrt(spread))
        low, high = min(low, by_t[0]), max(high, by_t[1])
    return min(low, auc), max(high, auc)


def _newcombe(auc: float, positives: float, negatives: float) -> tuple[float, float]:
    """The ROC AUCs that are not refuted by the one found, with so many independent positives and negatives."""
    weight = (positives + negatives) / 2 - 1

    def beyond(true: float) -> float:
        spread = 1 + weight * (1 - true) / (2 - true) + weight * true / (1 + true)
        return (auc - true) ** 2 - NORMAL_QUANTILE**2 * true * (1 - true) * spread / (positives * negatives)

    return _limit(beyond, 0.0, auc), _limit(beyond, 1.0, auc)


def _limit(beyond: Callable[[float], float], refuted: float, held: float) -> float:
    """Where ``beyond`` falls below 0 on the way to the ROC AUC found, by bisection: it is 0 there if that is 0 or 1."""
    for _ in range(_HALVINGS):
        middle = (refuted + held) / 2
        refuted, held = (middle, held) if beyond(middle) > 0 else (refuted, middle)
    return refuted


def _equal(first: ClusteredAuc, second: ClusteredAuc) -> bool:
    """Whether both rank all radiographs alike, and not merely without a fault."""
    alike = np.array_equal(first.of_positives, second.of_positives)
    return alike and np.array_equal(first.of_negatives, second.of_negatives) and bool(variance(first))


def _distances(
    first: ClusteredAuc, second: ClusteredAuc, around_first: Sequence[float], around_second: Sequence[float]
) -> tuple[float, float]:
    """How far the limits of the second minus the first lie below and above it."""
    if _equal(first, second):
        return 0.0, 0.0
    return distances((first.auc, around_first), (second.auc, around_second), correlation(first, second))
