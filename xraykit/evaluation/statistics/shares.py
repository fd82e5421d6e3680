"""Shares of cases, such as sensitivity, with intervals that are valid for a handful of patients.

Radiographs of one patient resemble each other, so a share has fewer independent cases than radiographs.
How many is its effective number: radiographs divided by the design effect, which follows from the correlation within
patients (Kish, Survey Sampling, 1965, section 5.4). The interval is that of Clopper and Pearson at the effective number
(Korn and Graubard, Survey Methodology 1998;24:193–201): a share of 0 or 1 has a width, and 2 of 2 patients a great one.

A correlation estimated from few patients is too uncertain to be trusted: a 1 (radiographs of a patient always agree) is
averaged in with the weight of ``_PRIOR`` patients, against one for each patient with a case of the rarer kind. In
``benchmarks/evaluation.py counts`` these intervals contain the true value in at least 95 % of simulations from 2
patients on.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Booleans, Floats
from xraykit.evaluation.statistics.intervals import LEVEL, Interval
from xraykit.evaluation.statistics.resampling import Codes, number_of_patients

_PRIOR = 2
_PRIOR_OF_MEANS = 5
_NEEDED = 2  # patients: one shows nothing of the variation between patients


@dataclass(frozen=True)
class Share:
    """A share of cases.

    Attributes:
        value: 0–1.
        cases: The effective number: as many independent cases are as informative.
        patients: Number of patients in the denominator.
    """

    value: float
    cases: float
    patients: int

    def interval(self, level: float = LEVEL) -> Interval:
        """Interval ``[low, high]`` that contains the true share in at least ``level`` of all samples.

        Args:
            level: Above 0 and below 1.

        Returns:
            The interval; None with fewer than two patients.
        """
        if self.patients < _NEEDED:
            return None
        tail, inside, outside = (1 - level) / 2, self.value * self.cases, (1 - self.value) * self.cases
        low = float(special.betaincinv(inside, outside + 1, tail)) if inside > 0 else 0.0
        high = float(special.betaincinv(inside + 1, outside, 1 - tail)) if outside > 0 else 1.0
        return [low, high]

    def complement(self) -> "Share":
        """Share of the other cases."""
        return Share(1 - self.value, self.cases, self.patients)


def share_of(part: Floats | Booleans, whole: Floats | Booleans, codes: Codes) -> Share | None:
    """The share ``sum(part) / sum(whole)`` and its effective number of independent cases.

    Args:
        part: What each case adds to the numerator ``(n,)``, 0 to what it adds to the denominator.
        whole: What each case adds to the denominator ``(n,)``: whether it counts, or how often.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.

    Returns:
        The share; None if nothing counts.
    """
    size = number_of_patients(codes)
    found, counted = _by_patient(part, codes, size), _by_patient(whole, codes, size)
    return share_of_patients(found, counted)


def _by_patient(values: Floats | Booleans, codes: Codes, size: int) -> Floats:
    if values.dtype == np.bool_:
        return np.bincount(codes[values], minlength=size).astype(np.float64)
    return np.bincount(codes, np.asarray(values, np.float64), minlength=size).astype(np.float64)


def share_of_patients(found: Floats, counted: Floats) -> Share | None:
    """:func:`share_of` from the sums of numerator and denominator of each patient ``(patients,)``."""
    found, counted = found[counted > 0], counted[counted > 0]
    total = float(counted.sum())
    if not total:
        return None
    value = min(1.0, float(found.sum()) / total)
    return Share(value, _effective(value, found, counted), len(counted))


def share_interval(part: Floats | Booleans, whole: Floats | Booleans, codes: Codes, level: float = LEVEL) -> Interval:
    """Interval of the share ``sum(part) / sum(whole)``; None with fewer than two patients. See :func:`share_of`."""
    share = share_of(part, whole, codes)
    return None if share is None else share.interval(level)


def mean_of(values: Floats, codes: Codes, evidence: int) -> Share | None:
    """The mean of values within 0–1 that may lie between, such as squared errors, as a share that varies as much.

    Where few patients show how the values vary, they are taken to vary more, up to what a share of the same size does:
    the variance of such a share is averaged in with the weight of ``_PRIOR_OF_MEANS`` patients. The interval is too
    narrow where nearly all of the sum comes from rare large values that go together within patients
    (``benchmarks/evaluation.py counts``).

    Args:
        values: ``(k,)``, 0–1.
        codes: Each value's patient ``(k,)``.
        evidence: How many patients show how the values vary: those of the rarer class, or all.

    Returns:
        The mean; None of no values.
    """
    if not len(values):
        return None
    # By patient, then by value, so that sums are rounded alike in whatever order the cases come.
    order = np.argsort(values)
    order = order[np.argsort(codes[order], kind="stable")]
    values, codes = values[order], codes[order]
    sizes = np.bincount(codes).astype(np.float64)
    total, pairs = float(sizes.sum()), float(np.sum(sizes * (sizes - 1)))
    value, patients = min(1.0, float(values.mean())), int(np.count_nonzero(sizes))
    deviations, most = values - value, value * (1 - value)
    variance, correlation = float(np.mean(deviations**2)), 1.0
    if most <= 0:
        return Share(value, total / (1 + pairs / total), patients)
    if variance > 0 and pairs > 0 and patients > 1:
        products = float(np.sum(np.bincount(codes, deviations) ** 2)) - variance * total
        correlation = shrunk_correlation(products * patients / (patients - 1) / (pairs * variance), evidence)
    variance = (evidence * variance + _PRIOR_OF_MEANS * most) / (evidence + _PRIOR_OF_MEANS)
    return Share(value, total * most / variance / (1 + correlation * pairs / total), patients)


def shrunk_correlation(estimate: float, evidence: int) -> float:
    """Correlation within patients, 0–1, estimated from so many patients and averaged with 1."""
    return (evidence * min(1.0, max(0.0, estimate)) + _PRIOR) / (evidence + _PRIOR)


def _effective(value: float, found: Floats, counted: Floats) -> float:
    """Effective number of cases, from the sums of each patient."""
    total, patients = float(counted.sum()), len(counted)
    # Patients with less than one case in the denominator would make the design effect smaller than 1.
    pairs = max(0.0, float(np.sum(counted * (counted - 1))))
    rarer = min(int(np.count_nonzero(found > 0)), int(np.count_nonzero(found < counted)))
    correlation, spread = 1.0, value * (1 - value)
    if rarer and pairs > 0 and patients > 1 and spread > 0:
        of_cases = found * (1 - value) ** 2 + (counted - found) * value**2
        products = float(np.sum((found - value * counted) ** 2 - of_cases)) * patients / (patients - 1)
        correlation = shrunk_correlation(products / (pairs * spread), rarer)
    return total / (1 + correlation * pairs / total)
