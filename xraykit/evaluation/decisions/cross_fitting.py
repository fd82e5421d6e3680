"""Fitting one label's calibration and operating point, and applying them to patients that they were not fitted on."""

from typing import NamedTuple

import numpy as np

from xraykit.config import Rule
from xraykit.evaluation.calibration.fitting import Calibration, fit_calibration
from xraykit.evaluation.decisions.operating_points import OperatingPoint, choose_threshold
from xraykit.evaluation.reasons import ReasonCode
from xraykit.evaluation.statistics.resampling import patient_codes

FOLDS = 5


class LabelRule(NamedTuple):
    """Calibration of a label and its operating point, which is a calibrated probability: they belong together."""

    calibration: Calibration
    point: OperatingPoint

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Calibrated probabilities ``(n,)`` of logits ``(n,)``."""
        return self.calibration.apply(logits)

    def calls(self, logits: np.ndarray) -> np.ndarray:
        """1 where the probability reaches the operating point, else 0; NaN without one."""
        if self.point.threshold is None:
            return np.full(len(logits), np.nan)
        return (self.probabilities(logits) >= self.point.threshold).astype(np.float64)


class NotFitted(NamedTuple):
    """Why a label cannot be fitted again, as a sentence and for programs; None and None if it can."""

    reason: str | None
    reason_code: ReasonCode | None


def fit_label(y: np.ndarray, logits: np.ndarray, method: str, rule: Rule) -> LabelRule | NotFitted:
    """Fit one label, however small the sample.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        logits: ``(n,)``, finite.
        method: Of calibration.
        rule: Of the operating point.

    Returns:
        What was fitted; or why it cannot be.
    """
    calibration = fit_calibration(y, logits, method)
    if calibration.reason is not None:
        return NotFitted(calibration.reason, calibration.reason_code)
    point = choose_threshold(y, calibration.apply(logits), rule)
    if point.reason is not None:
        return NotFitted(point.reason, point.reason_code)
    return LabelRule(calibration, point)


def cross_fitted(
    y: np.ndarray,
    logits: np.ndarray,
    patients: np.ndarray,
    old: LabelRule,
    method: str,
    rule: Rule,
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Probabilities and calls of radiographs by decision rules that were fitted without their patients.

    The patients with a positive and the others are dealt out to the folds at random, so that each fold has its share.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        logits: ``(n,)``, finite.
        patients: Each radiograph's patient ``(n,)``.
        old: Read with it where a fit without some fold fails.
        method: Of calibration.
        rule: Of the operating points.
        folds: How many parts the patients are dealt out to.
        seed: Of the dealing.

    Returns:
        Probabilities and calls, each ``(n,)``, and the number of folds without which a fit failed.
    """
    fold = _folds(y, patient_codes(patients, len(y)), folds, seed)
    probabilities, calls, failed = np.empty(len(y)), np.empty(len(y)), 0
    for number in range(folds):
        held_out = fold == number
        fitted = fit_label(y[~held_out], logits[~held_out], method, rule)
        decision_rule = old if isinstance(fitted, NotFitted) else fitted
        failed += isinstance(fitted, NotFitted)
        probabilities[held_out] = decision_rule.probabilities(logits[held_out])
        calls[held_out] = decision_rule.calls(logits[held_out])
    return probabilities, calls, failed


def _folds(y: np.ndarray, codes: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of each radiograph ``(n,)``."""
    patients = int(codes.max()) + 1
    has_positive = np.bincount(codes, y == 1, minlength=patients) > 0
    shuffled = np.random.default_rng(seed).permutation(patients)
    # One after the other: first all patients with a positive, then the others.
    order = shuffled[np.argsort(~has_positive[shuffled], kind="stable")]
    fold = np.empty(patients, np.intp)
    fold[order] = np.arange(patients) % folds
    return np.asarray(fold[codes])
