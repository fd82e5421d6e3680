"""How well the probabilities of a part are calibrated, by patient."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.calibration.chance import calibration_by_chance
from xraykit.evaluation.calibration.reliability import (
    BINS,
    brier_interval,
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from xraykit.evaluation.metrics import Floats, as_columns
from xraykit.evaluation.statistics.resampling import Codes, patient_codes


def calibration_metrics(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    bins: int = BINS,
    *,
    intervals: bool = True,
) -> dict[str, dict[str, Any]]:
    """Brier score, ECE and reliability curve of each label; called once before calibration and once after.

    The ECE has no interval, as chance alone makes it larger than it is. Beside it stands what probabilities that are
    exactly right would show (:func:`xraykit.evaluation.calibration_by_chance`).

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        bins: Of the reliability curve.
        intervals: Whether the Brier score has its 95 % interval.

    Returns:
        For each label, in the given order, plain values that JSON can hold: ``brier``, ``brier_interval``, ``ece``,
        ``ece_by_chance`` and ``ece_chance_limit`` (what right probabilities would show in the mean, and not exceed in
        95 % of samples), ``bins`` and ``reliability`` (see :func:`xraykit.evaluation.reliability_curve`), None where
        not estimable.

    Raises:
        DataError: the arrays do not fit together, a label is not 1, 0 or NaN, or a probability is not within 0–1.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    codes = patient_codes(patients, len(y))
    if np.any((p < 0) | (p > 1)):
        raise DataError(
            f"Probabilities must be within 0 and 1. Received: {p.min():g} to {p.max():g}. These look like logits: "
            "calibrate them first."
        )
    columns = zip(labels, y.T, p.T, strict=True)
    return {label: _figures(of, at, codes, bins, intervals) for label, of, at in columns}


def _figures(y: Floats, p: Floats, codes: Codes, bins: int, intervals: bool) -> dict[str, Any]:
    brier, chance = brier_score(y, p), calibration_by_chance(y, p, bins, codes)
    return {
        "brier": brier,
        "brier_interval": brier_interval(y, p, codes) if intervals and brier is not None else None,
        "ece": expected_calibration_error(y, p, bins),
        "ece_by_chance": chance and chance.mean,
        "ece_chance_limit": chance and chance.limit,
        "bins": bins,
        "reliability": reliability_curve(y, p, bins, codes),
    }
