"""Decision curves: the net benefit of acting on a probability, at each threshold a user may choose.

Vickers and Elkin, Medical Decision Making 2006;26:565–574. Whoever acts on probabilities of at least ``t`` accepts
``(1 − t) / t`` false positives for one true positive; the net benefit is in true positives per radiograph::

    net benefit = TP / n − FP / n · t / (1 − t)

Acting on no radiograph has a net benefit of 0; acting on all has that of the prevalence. Thresholds are probabilities,
so that only calibrated probabilities have a decision curve.

A net benefit is a mean over radiographs. Its 95 % interval is that of a mean over patients of unequal numbers of
radiographs (the variance of a ratio, Cochran, Sampling Techniques, 1977, section 6.3) with Student's t, whose degrees
of freedom are those of the fewest patients that count: with the finding, without it, or with a call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats, known_cases
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS, LEVEL, Interval, NoInterval
from xraykit.evaluation.statistics.resampling import Codes, distinct, patient_codes, patients_of_rarer_class

THRESHOLDS: tuple[float, ...] = tuple(
    round(step * number / 10_000, 4)
    for step, first, last in ((25, 1, 8), (50, 5, 10), (100, 6, 20), (200, 11, 25))
    for number in range(first, last + 1)
)
"""From 0.0025 to 0.5, closer where they are small: most findings are rare."""

_LEAST_ERROR = 1e-12


@dataclass(frozen=True)
class NetBenefit:
    """The net benefit at one threshold, in true positives per radiograph.

    Attributes:
        threshold: Probability from which on one acts, between 0 and 1.
        model: Of acting on the model's probabilities.
        model_interval: Its 95 % interval over patients; None where no resampling of the patients would change it.
        treat_all: Of acting on every radiograph. That of acting on none is 0.
        gain: Of the model, above that of acting on every radiograph.
        gain_interval: Its 95 % interval over patients.
    """

    threshold: float
    model: float
    model_interval: Interval
    treat_all: float
    gain: float
    gain_interval: Interval


@dataclass(frozen=True)
class DecisionCurve:
    """The net benefit of one label at several thresholds.

    Attributes:
        cases: Radiographs whose label is known.
        prevalence: Share of positives among them; None without any.
        points: By rising threshold; empty if there are too few cases.
        reason: Why there are no points: ``not_estimable`` (no positives or no negatives) or ``few_patients`` (fewer
            than ``ENOUGH_PATIENTS`` with either).
    """

    cases: int
    prevalence: float | None
    points: tuple[NetBenefit, ...]
    reason: NoInterval | None = None


def decision_curve(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    thresholds: Sequence[float] = THRESHOLDS,
) -> DecisionCurve:
    """The decision curve of one label.

    Args:
        targets: ``(n,)``: 1, 0 or NaN = unknown; cases that are unknown are left out.
        probabilities: ``(n,)``, 0–1, calibrated.
        patients: Each case's patient ``(n,)``.
        thresholds: Above 0 and below 1; a case is called positive if its probability is at least the threshold.

    Raises:
        DataError: a threshold, a label or a probability is not within its range, or the arrays do not fit together.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    if not all(0 < threshold < 1 for threshold in thresholds):
        raise DataError(
            f"The thresholds of a decision curve must be above 0 and below 1. Received: {list(thresholds)}. At 1, no "
            f"false positive is acceptable, and the net benefit has no value."
        )
    positive, p = known_cases(targets, probabilities)
    if np.any((p < 0) | (p > 1)):
        raise DataError(
            f"Probabilities must be within 0 and 1. Received: {p.min():g} to {p.max():g}. Give calibrated "
            f"probabilities; logits have no decision curve."
        )
    known = ~np.isnan(np.asarray(targets, np.float64))
    names = patient_codes(patients, len(known))[known]
    # Numbered without those whose label is unknown.
    y, codes = positive.astype(np.float64), patient_codes(names, len(names))
    rarer = patients_of_rarer_class(y, codes)
    prevalence = float(y.mean()) if len(y) else None
    if rarer < ENOUGH_PATIENTS:
        return DecisionCurve(len(y), prevalence, (), "few_patients" if rarer else "not_estimable")
    points = tuple(_point(y, p >= threshold, codes, threshold, rarer) for threshold in sorted(thresholds))
    return DecisionCurve(len(y), prevalence, points)


def _point(y: Floats, called: npt.NDArray[np.bool_], codes: Codes, threshold: float, rarer: int) -> NetBenefit:
    # What acting on a case brings: a true positive, or the harm of a false one.
    of_each = y - (1 - y) * threshold / (1 - threshold)
    model, treat_all = np.where(called, of_each, 0.0), of_each
    return NetBenefit(
        threshold,
        float(model.mean()),
        _interval(model, codes, min(rarer, distinct(codes[called]))),
        float(treat_all.mean()),
        float((model - treat_all).mean()),
        _interval(model - treat_all, codes, min(rarer, distinct(codes[~called]))),
    )


def _interval(values: Floats, codes: Codes, patients: int) -> Interval:
    """95 % interval of a mean over cases, by patient; None where all patients agree."""
    mean, number = float(values.mean()), int(codes.max()) + 1
    deviations = np.bincount(codes, values - mean, minlength=number)
    error = math.sqrt(float(np.sum(deviations**2)) * number / (number - 1)) / len(values) if number > 1 else 0.0
    if error < _LEAST_ERROR or patients < 1:
        return None
    half = float(special.stdtrit(max(1, patients - 1), (1 + LEVEL) / 2)) * error
    return [mean - half, mean + half]
