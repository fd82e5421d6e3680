"""Logistic regression by maximum likelihood on soft targets, which scikit-learn's does not take."""

import numpy as np

from xraykit.evaluation.metrics import Floats

_STEPS = 100
_SMALL = 1e-12  # relative: below it a change is rounding


def fit_logistic(design: Floats, aims: Floats) -> Floats:
    """Coefficients ``(k,)`` with the largest likelihood, by Newton's method with steps halved where they overshoot.

    Args:
        design: What to predict from ``(n, k)``, columns linearly independent and of similar scale.
        aims: Soft targets ``(n,)``, above 0 and below 1, so that a largest likelihood exists.
    """
    coefficients = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        step = _newton_step(design, aims, coefficients)
        limit = _loss(design, aims, coefficients) * (1 + _SMALL)
        while _loss(design, aims, coefficients - step) > limit:
            step /= 2
        coefficients = coefficients - step
        if np.max(np.abs(step)) <= _SMALL * (1 + np.max(np.abs(coefficients))):
            break
    return coefficients


def _newton_step(design: Floats, aims: Floats, coefficients: Floats) -> Floats:
    p = np.exp(-np.logaddexp(0, -(design @ coefficients)))
    gradient = design.T @ (p - aims)
    curvature = design.T @ ((p * (1 - p))[:, None] * design)
    return np.asarray(np.linalg.solve(curvature, gradient), np.float64)


def _loss(design: Floats, aims: Floats, coefficients: Floats) -> float:
    x = design @ coefficients
    return float(np.sum(np.logaddexp(0, x) - aims * x))
