"""95 % intervals from resamples of the patients, and what all intervals share.

Those of the ROC AUC are in :mod:`xraykit.evaluation.statistics.roc_auc_intervals`, those of shares of cases in
:mod:`xraykit.evaluation.statistics.shares`. Percentiles of resamples are too close where few patients have a finding,
and say nothing where all resamples agree: the average precision has an interval from ``ENOUGH_PATIENTS`` on only, and
where it varies. How often it holds is measured by ``benchmarks/evaluation.py coverage``.
"""

import math
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Floats

Interval = list[float] | None
NoInterval = Literal["not_estimable", "few_patients", "few_resamples", "no_resamples", "no_variation"]
"""Why a metric has no interval.

``not_estimable``: the metric itself does not exist, or in over half of the resamples; ``few_patients``: fewer patients
of the rarer class than the method was shown to hold for; ``no_resamples``: intervals were not asked for;
``few_resamples``: fewer than ``LEAST_RESAMPLES``; ``no_variation``: all resamples agree, which says nothing of how the
metric would vary.
"""

LEVEL = 0.95
NORMAL_QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)
LEAST_PATIENTS = 2
"""Patients of the rarer class from which on a ROC AUC, and a difference of two, has an interval."""

ENOUGH_PATIENTS = 10
"""Patients of the rarer class below which a label has few cases: no interval by bootstrap and no p value."""

LEAST_RESAMPLES = 200
"""Of fewer resamples the 2.5th percentile is not known well enough: there is no interval by bootstrap."""

_SHARE_NEEDED = 0.5
_LEAST_DEGREES = 0.5


class Estimated(NamedTuple):
    """A 95 % interval ``[low, high]``, or why there is none; one of both is None."""

    interval: Interval
    reason: NoInterval | None


def not_given(reason: NoInterval) -> Estimated:
    """No interval, for this reason."""
    return Estimated(None, reason)


def resampled_interval(value: float, resampled: Floats, patients: int, effective_patients: float) -> Estimated:
    """95 % interval of a metric within 0–1 from its resamples, or why there is none.

    It encloses two: expanded percentiles (:func:`percentile_interval`), and Student's t on the logit scale with the
    resamples' standard error.

    Args:
        value: The metric itself, 0–1.
        resampled: The metric in each resample ``(resamples,)``, NaN where it does not exist.
        patients: Number of patients of the rarer class.
        effective_patients: The same, each counted by the share of the radiographs.
    """
    if not len(resampled):
        return not_given("no_resamples")
    if patients < ENOUGH_PATIENTS:
        return not_given("few_patients")
    if len(resampled) < LEAST_RESAMPLES:
        return not_given("few_resamples")
    percentiles = percentile_interval(resampled, patients)
    if percentiles is None:
        return not_given("not_estimable")
    error = standard_error(resampled, patients)
    if error == 0:
        return not_given("no_variation")
    quantile = float(special.stdtrit(degrees_of_freedom(effective_patients), (1 + LEVEL) / 2))
    low, high = logit_limits(value, quantile * error)
    return Estimated([min(low, percentiles[0], value), max(high, percentiles[1], value)], None)


def standard_error(resampled: Floats, patients: int) -> float:
    """Standard error of a metric from its resamples ``(resamples,)``, unbiased for so few patients (two or more)."""
    exists = resampled[~np.isnan(resampled)]
    error = float(np.std(exists)) * math.sqrt(patients / (patients - 1)) if len(exists) else 0.0
    return 0.0 if error < 1e-12 else error


def logit_limits(value: float, half_width: float) -> tuple[float, float]:
    """Limits of a metric within 0–1 that lie ``half_width`` away, on the logit scale; the value itself if 0 or 1."""
    if not 0 < value < 1:
        return value, value
    middle, half = math.log(value / (1 - value)), half_width / (value * (1 - value))
    return float(special.expit(middle - half)), float(special.expit(middle + half))


def degrees_of_freedom(effective_patients: float) -> float:
    """Of a variance over patients, from the effective number of those of the rarer class."""
    return max(_LEAST_DEGREES, effective_patients - 1)


def percentile_interval(values: Floats, patients: int) -> Interval:
    """95 % interval ``[low, high]`` of a metric from its resamples, by expanded percentiles.

    The percentiles are taken further out where few patients count (Hesterberg, The American Statistician
    2015;69:371–386, section 4.3).

    Args:
        values: The metric in each resample ``(resamples,)``, NaN where it does not exist.
        patients: On how many the metric rests, from
            :func:`xraykit.evaluation.statistics.resampling.patients_of_rarer_class`: the fewer, the further out.

    Returns:
        The interval; None with fewer than ``LEAST_RESAMPLES``, if over half of the values are NaN, or with fewer than
        two patients, as one does not show how they vary.
    """
    exists = values[~np.isnan(values)]
    if patients < 2 or len(values) < LEAST_RESAMPLES or not len(exists) or len(exists) < _SHARE_NEEDED * len(values):
        return None
    # As far out as Student's t and the unbiased variance of so many patients are beyond the normal's 2.5 %.
    quantile = float(special.stdtrit(patients - 1, (1 + LEVEL) / 2)) * math.sqrt(patients / (patients - 1))
    tail = 100 * NormalDist().cdf(-quantile)
    low, high = np.percentile(exists, [tail, 100 - tail])
    return [float(low), float(high)]


def wilson_interval(successes: int, cases: int) -> Interval:
    """95 % interval ``[low, high]`` of a share after Wilson, cases taken as independent; None without cases."""
    if not cases:
        return None
    z = NORMAL_QUANTILE
    share, weight = successes / cases, z * z / cases
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / cases + weight / (4 * cases))
    return [max(0.0, middle - half), min(1.0, middle + half)]
