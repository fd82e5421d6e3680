"""95 % intervals from resamples of the patients; those of shares of cases are in :mod:`xraykit.evaluation.shares`.

Percentiles of the resamples make intervals that are too narrow where few patients have a finding, so the percentiles
are taken further out there (expanded percentile interval: Hesterberg, The American Statistician 2015;69:371–386,
section 4.3; measured by ``benchmarks/evaluation.py coverage``). Still, only the variation within the sample is known:
a label that is separated without a fault gets [1, 1] as the interval of its ROC AUC, however few its cases are.
"""

import math
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Floats

Interval = list[float] | None
NoInterval = Literal["not_estimable", "few_patients", "few_resamples", "no_resamples", "no_variation"]
"""Why a figure has no interval.

``not_estimable``: the figure itself does not exist, or in over half of the resamples; ``few_patients``: fewer patients
of the rarer class than the method was shown to hold for; ``no_resamples``: intervals were not asked for;
``few_resamples``: fewer than ``LEAST_RESAMPLES``; ``no_variation``: all resamples agree, which says nothing of how the
figure would vary.
"""

LEVEL = 0.95
LEAST_PATIENTS = 2
"""Patients of the rarer class from which on a ROC AUC, and a difference of two, has an interval."""

ENOUGH_PATIENTS = 10
"""Patients of the rarer class below which a label has few cases: no interval by bootstrap and no p value."""

LEAST_RESAMPLES = 200
"""Of fewer resamples the 2.5th percentile is not known well enough: there is no interval by bootstrap."""

_SHARE_NEEDED = 0.5


class Estimated(NamedTuple):
    """A 95 % interval ``[low, high]``, or why there is none; one of both is None."""

    interval: Interval
    reason: NoInterval | None


def not_given(reason: NoInterval) -> Estimated:
    """No interval, for this reason."""
    return Estimated(None, reason)


def percentile_interval(values: Floats, patients: int) -> Interval:
    """95 % interval ``[low, high]`` of a figure from its resamples.

    Args:
        values: The figure in each resample ``(resamples,)``, NaN where it does not exist.
        patients: On how many the figure rests, from
            :func:`xraykit.evaluation.resampling.patients_of_rarer_class`: the fewer, the further out.

    Returns:
        The interval; None if over half of the values are NaN, or with fewer than two patients, as one tells nothing
        about how they vary.
    """
    exists = values[~np.isnan(values)]
    if patients < 2 or not len(exists) or len(exists) < _SHARE_NEEDED * len(values):
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
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share, weight = successes / cases, z * z / cases
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / cases + weight / (4 * cases))
    return [max(0.0, middle - half), min(1.0, middle + half)]
