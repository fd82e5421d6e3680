"""Calibration of probabilities on other radiographs: observed against expected, calibration intercept and slope.

The definitions are those of Van Calster et al. (BMC Medicine 2019;17:230). **O/E** is the number of positives divided
by the sum of the probabilities: 1 is right, below 1 the probabilities are too high. The **calibration intercept** is
``a`` in ``logit(P(positive)) = a + logit(p)``: 0 is right, below 0 the probabilities are too high. The **calibration
slope** is ``b`` in ``logit(P(positive)) = a + b · logit(p)``: 1 is right, below 1 the probabilities are too extreme.

Radiographs of one patient resemble each other: variances are those of patients (the sandwich of Liang and Zeger,
Biometrika 1986;73:13–22), and Student's t has the degrees of freedom of the patients of the rarer class.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from xraykit.errors import DataError
from xraykit.evaluation.calibration.fitting import logits_of
from xraykit.evaluation.metrics import Floats, as_columns
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS, LEVEL, Interval, degrees_of_freedom
from xraykit.evaluation.statistics.resampling import Codes, patient_codes, patients_of_rarer_class
from xraykit.evaluation.statistics.shares import share_interval

NotEstimated = Literal["not_estimable", "few_patients", "separated", "equal_probabilities", "certain_probabilities"]
"""Why there is no calibration intercept or slope.

``not_estimable``: no positives or no negatives; ``few_patients``: fewer patients of the rarer class than
:data:`FEWEST_PATIENTS`; ``separated``: all positives have higher (or lower) probabilities than all negatives, so that
no slope has the largest likelihood; ``equal_probabilities``: all are the same; ``certain_probabilities``: some are 0 or
1, whose logit is infinite, as isotonic calibration gives them.
"""

FEWEST_PATIENTS = {"intercept": ENOUGH_PATIENTS, "slope": 2 * ENOUGH_PATIENTS}
"""Patients with a positive, and with a negative, that each needs: ten per parameter (Peduzzi et al., J Clin Epidemiol
1996;49:1373–1379)."""

_CERTAIN = 1e-12  # closer to 0 or 1 a probability has no logit of use
_STEPS = 100
_CONVERGED = 1e-10


def calibration_in_the_large(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, patients: npt.ArrayLike, labels: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Observed against expected positives, calibration intercept and slope of each label.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.

    Returns:
        For each label, in the given order, plain values that JSON can hold, None where not estimable: ``cases``,
        ``observed`` and ``expected`` (mean label and mean probability), ``observed_interval``, ``observed_expected``
        (their ratio), ``intercept`` and ``slope``, each with its 95 % ``…_interval`` by patient; and ``reasons``: why
        intercept or slope is missing (:data:`NotEstimated`).

    Raises:
        DataError: the arrays do not fit together, a label is not 1, 0 or NaN, or a probability is not within 0–1.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    if np.any((p < 0) | (p > 1)):
        raise DataError(
            f"Probabilities must be within 0 and 1. Received: {p.min():g} to {p.max():g}. These look like logits: "
            "calibrate them first."
        )
    codes = patient_codes(patients, len(y))
    return {label: _of_label(of, at, codes) for label, of, at in zip(labels, y.T, p.T, strict=True)}


def _of_label(y: Floats, p: Floats, codes: Codes) -> dict[str, Any]:
    known = ~np.isnan(y)
    truth, found = y[known], p[known]
    # Numbered again, as patients without a known case do not vary.
    patients = np.unique(codes[known], return_inverse=True)[1]
    cases = int(known.sum())
    observed, expected = (float(truth.mean()), float(found.mean())) if cases else (None, None)
    around = share_interval(truth, np.ones(cases), patients) if cases else None
    values: dict[str, Any] = {
        "cases": cases,
        "observed": observed,
        "observed_interval": around,
        "expected": expected,
        **_ratio(truth, found, patients, around),
    }
    reasons: dict[str, NotEstimated] = {}
    for name in ("intercept", "slope"):
        why = _not_estimable(name, truth, found, patients)
        value, interval = (None, None) if why else _fitted(name, truth, found, patients)
        values |= {name: value, f"{name}_interval": interval}
        reasons |= {name: why} if why else {}
    return {**values, "reasons": reasons}


def _ratio(y: Floats, p: Floats, codes: Codes, around: Interval) -> dict[str, Any]:
    """O/E with its interval, which encloses two.

    The first divides the interval of the observed share, which holds for a handful of patients, by the mean
    probability. The second is that of a ratio of two means over patients, on the log scale (Cochran, Sampling
    Techniques, 1977, section 6.3): it accounts for the variation of the probabilities too, and needs
    ``ENOUGH_PATIENTS`` with a positive.
    """
    total = float(p.sum())
    if not total:
        return {"observed_expected": None, "observed_expected_interval": None}
    value, expected, size = float(y.sum()) / total, total / len(y), int(codes.max()) + 1
    if around is None or size < 2:
        return {"observed_expected": value, "observed_expected_interval": None}
    low, high = around[0] / expected, around[1] / expected
    positives = len(np.unique(codes[y == 1]))
    if positives >= ENOUGH_PATIENTS:
        residuals = np.bincount(codes, y - value * p, minlength=size)
        error = math.sqrt(size / (size - 1) * float(np.sum(residuals**2))) / total / value
        reach = float(special.stdtrit(degrees_of_freedom(positives), (1 + LEVEL) / 2)) * error
        low, high = min(low, value * math.exp(-reach)), max(high, value * math.exp(reach))
    return {"observed_expected": value, "observed_expected_interval": [low, high]}


def _not_estimable(name: str, y: Floats, p: Floats, codes: Codes) -> NotEstimated | None:
    positive, negative = p[y == 1], p[y == 0]
    if not len(positive) or not len(negative):
        return "not_estimable"
    if patients_of_rarer_class(y, codes) < FEWEST_PATIENTS[name]:
        return "few_patients"
    if p.min() < _CERTAIN or p.max() > 1 - _CERTAIN:
        return "certain_probabilities"
    if name == "intercept":
        return None
    if p.min() == p.max():
        return "equal_probabilities"
    apart = positive.min() >= negative.max() or positive.max() <= negative.min()
    return "separated" if apart else None


def _fitted(name: str, y: Floats, p: Floats, codes: Codes) -> tuple[float, list[float]]:
    x = logits_of(p)
    if name == "intercept":
        value, error = _logistic(np.ones((len(y), 1)), x, y, codes)
    else:
        # Centred and scaled: the fit is the same and well conditioned.
        spread = float(x.std())
        design = np.stack([(x - x.mean()) / spread, np.ones(len(y))], axis=1)
        value, error = (each / spread for each in _logistic(design, np.zeros(len(y)), y, codes))
    quantile = special.stdtrit(degrees_of_freedom(patients_of_rarer_class(y, codes)), (1 + LEVEL) / 2)
    reach = float(quantile) * error
    return value, [value - reach, value + reach]


def _logistic(design: Floats, offset: Floats, y: Floats, codes: Codes) -> tuple[float, float]:
    """First coefficient of a logistic regression ``(n, k)`` with an offset, and its standard error over patients."""
    coefficients = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = special.expit(offset + design @ coefficients)
        step = np.linalg.solve(_curvature(design, fitted), design.T @ (y - fitted))
        before = _likelihood(design, offset, y, coefficients)
        # Newton overshoots far from the maximum.
        while _likelihood(design, offset, y, coefficients + step) < before - _CONVERGED * (1 + abs(before)):
            step = step / 2
        coefficients = coefficients + step
        if np.max(np.abs(step)) < _CONVERGED:
            break
    fitted = special.expit(offset + design @ coefficients)
    scores = design * (y - fitted)[:, None]
    size, (cases, parameters) = int(codes.max()) + 1, design.shape
    sums = np.stack([np.bincount(codes, column, minlength=size) for column in scores.T], axis=1)
    bread = np.linalg.inv(_curvature(design, fitted))
    correction = size / (size - 1) * (cases - 1) / (cases - parameters)
    variance = correction * (bread @ (sums.T @ sums) @ bread)[0, 0]
    return float(coefficients[0]), math.sqrt(variance)


def _curvature(design: Floats, fitted: Floats) -> Floats:
    return np.asarray(design.T @ ((fitted * (1 - fitted))[:, None] * design), np.float64)


def _likelihood(design: Floats, offset: Floats, y: Floats, coefficients: Floats) -> float:
    x = offset + design @ coefficients
    return float(np.sum(y * x - np.logaddexp(0, x)))
