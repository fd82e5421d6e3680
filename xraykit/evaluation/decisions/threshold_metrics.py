"""What an operating point yields: the figures that follow from how many cases are called, rightly and wrongly."""

import math

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats, is_estimable, known_cases
from xraykit.evaluation.statistics.intervals import Interval
from xraykit.evaluation.statistics.resampling import Codes, ratio
from xraykit.evaluation.statistics.shares import Share, share_of

SHARES = ("sensitivity", "specificity", "precision", "npv", "f1")
"""Figures at a threshold that lie within 0–1. Precision is also known as positive predictive value (PPV)."""

LIKELIHOOD_RATIOS = ("likelihood_ratio_positive", "likelihood_ratio_negative")


def at_threshold(y: npt.ArrayLike, p: npt.ArrayLike, threshold: float | None) -> dict[str, float | None]:
    """What follows when cases with a score of at least ``threshold`` are called positive.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        threshold: The operating point; None if there is none.

    Returns:
        ``sensitivity``, ``specificity``, ``precision``, ``npv`` (negative predictive value) and ``f1``, each 0–1, and
        ``likelihood_ratio_positive`` (sensitivity / (1 − specificity)) and ``likelihood_ratio_negative``
        ((1 − sensitivity) / specificity), each ≥ 0. All None without a threshold, without positives or without
        negatives; one alone is None where it would divide by zero, as precision does without a positive call.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if threshold is None or not is_estimable(positive):
        return dict.fromkeys((*SHARES, *LIKELIHOOD_RATIOS))
    called = score >= threshold
    counts = [np.count_nonzero(cases) for cases in (called & positive, called & ~positive, positive, ~positive)]
    return {name: _or_none(float(figure)) for name, figure in from_counts(*counts).items()}


def shares_at_threshold(y: Floats, p: Floats, threshold: float | None, codes: Codes) -> dict[str, Share | None]:
    """Sensitivity, specificity, precision, NPV and the Jaccard index, with how many independent cases each is worth.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        threshold: The operating point; None if there is none.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.

    Returns:
        By name; ``jaccard`` is the share of true positives among the cases that are positive, called, or both. None
        where :func:`at_threshold` has none.
    """
    positive, negative = y == 1, y == 0
    if threshold is None or not positive.any() or not negative.any():
        return dict.fromkeys(("sensitivity", "specificity", "precision", "npv", "jaccard"))
    called, known = p >= threshold, positive | negative
    return {
        "sensitivity": share_of(called & positive, positive, codes),
        "specificity": share_of(~called & negative, negative, codes),
        "precision": share_of(called & positive, called & known, codes),
        "npv": share_of(~called & negative, ~called & known, codes),
        "jaccard": share_of(called & positive, positive | (called & negative), codes),
    }


def share_intervals(y: Floats, p: Floats, threshold: float | None, codes: Codes) -> dict[str, Interval]:
    """95 % intervals of ``SHARES``, by patient; for the arguments see :func:`shares_at_threshold`.

    F1 is 2 J / (1 + J) with the Jaccard index J, which is a share of cases: so are the ends of its interval.

    Returns:
        ``sensitivity_interval`` and so on; None where the figure does not exist or rests on fewer than two patients.
    """
    shares = shares_at_threshold(y, p, threshold, codes)
    found = {name: None if share is None else share.interval() for name, share in shares.items()}
    jaccard = found.pop("jaccard")
    found["f1"] = jaccard and [2 * end / (1 + end) for end in jaccard]
    return {f"{name}_interval": found[name] for name in SHARES}


def from_counts(
    true_calls: npt.ArrayLike, false_calls: npt.ArrayLike, positives: npt.ArrayLike, negatives: npt.ArrayLike
) -> dict[str, Floats]:
    """The figures of :func:`at_threshold` from counts of any shape; NaN where they would divide by zero.

    Args:
        true_calls: Number of positives that are called positive.
        false_calls: Number of negatives that are called positive.
        positives: Number of positives.
        negatives: Number of negatives.
    """
    found, wrong, positive, negative = (
        np.asarray(counts, np.float64) for counts in (true_calls, false_calls, positives, negatives)
    )
    missed, cleared = positive - found, negative - wrong
    return {
        "sensitivity": ratio(found, positive),
        "specificity": ratio(cleared, negative),
        "precision": ratio(found, found + wrong),
        "npv": ratio(cleared, cleared + missed),
        "f1": ratio(2 * found, found + wrong + positive),
        "likelihood_ratio_positive": ratio(found * negative, wrong * positive),
        "likelihood_ratio_negative": ratio(missed * negative, cleared * positive),
    }


def predictive_values(
    sensitivity: float | None, specificity: float | None, prevalence: float
) -> dict[str, float | None]:
    """Predictive values at another prevalence than that of the test part, by Bayes' theorem.

    This holds if sensitivity and specificity are the same there: if the radiographs are of the same kind, and only
    the share of positives differs.

    Args:
        sensitivity: 0–1, or None where not estimable.
        specificity: 0–1, or None where not estimable.
        prevalence: Share of positives among the reader's own radiographs, within 0–1 but neither 0 nor 1.

    Returns:
        ``precision`` (PPV) and ``npv``, 0–1; None where not estimable or without such a call.

    Raises:
        DataError: a share is not within its range.
    """
    if not 0 < prevalence < 1:
        raise DataError(
            f"A prevalence must be above 0 and below 1. Received: {prevalence}. Give the share of positives, such as "
            "0.03 for 3 %."
        )
    if sensitivity is None or specificity is None:
        return {"precision": None, "npv": None}
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise DataError(
            f"Sensitivity and specificity must be within 0 and 1. Received: {sensitivity} and {specificity}. Give "
            "shares, not percentages."
        )
    found, healthy = sensitivity * prevalence, 1 - prevalence
    figures = from_counts(found, (1 - specificity) * healthy, prevalence, healthy)
    return {name: _or_none(float(figures[name])) for name in ("precision", "npv")}


def _or_none(figure: float) -> float | None:
    return None if math.isnan(figure) else figure
