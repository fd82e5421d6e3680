"""How well the probabilities of a part are calibrated, with intervals by bootstrap over patients."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.intervals import Interval, percentile_interval
from xraykit.evaluation.metrics import Floats, as_columns
from xraykit.evaluation.reliability import (
    BINS,
    bin_numbers,
    brier_score,
    chance_calibration_error,
    expected_calibration_error,
    reliability_curve,
)
from xraykit.evaluation.resampling import (
    Codes,
    patient_codes,
    patients_of_rarer_class,
    ratio,
    resampled_sums,
)


def calibration_figures(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    resamples: int,
    seed: int,
    bins: int = BINS,
) -> dict[str, dict[str, Any]]:
    """Brier score, ECE and reliability curve of each label; called once before calibration and once after.

    Bins stay as they are in all resamples. Resampling adds the noise of chance to the ECE a second time, so that the
    percentiles of its resamples lie too high; its interval is the percentile interval reflected at the ECE itself
    (the basic interval: Davison and Hinkley 1997, section 5.2), cut off at 0. It may end below the ECE, whose
    value chance alone would give then, and it is too narrow where nothing but chance is seen.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        resamples: How often patients are drawn for the 95 % intervals; 0 for none.
        seed: Of the drawing.
        bins: Of the reliability curve.

    Returns:
        For each label, in the given order, plain values that JSON can hold: ``brier``, ``brier_interval``, ``ece``,
        ``ece_interval``, ``ece_by_chance`` (what a perfect calibration would show), ``bins`` and ``reliability`` (see
        :func:`xraykit.evaluation.reliability_curve`), None where not estimable.

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
    return {label: _figures(of, at, codes, resamples, seed, bins) for label, of, at in columns}


def _figures(y: Floats, p: Floats, codes: Codes, resamples: int, seed: int, bins: int) -> dict[str, Any]:
    ece = expected_calibration_error(y, p, bins)
    brier_interval, ece_interval = _intervals(y, p, codes, resamples, seed, bins) if ece is not None else (None, None)
    return {
        "brier": brier_score(y, p),
        "brier_interval": brier_interval,
        "ece": ece,
        "ece_by_chance": chance_calibration_error(y, p, bins),
        "ece_interval": None if ece is None else _reflected(ece_interval, ece),
        "bins": bins,
        "reliability": reliability_curve(y, p, bins),
    }


def _intervals(y: Floats, p: Floats, codes: Codes, resamples: int, seed: int, bins: int) -> tuple[Interval, Interval]:
    known = ~np.isnan(y)
    # Each bin has a column for the surplus of probability over positives.
    surplus = np.zeros((len(y), bins))
    surplus[np.flatnonzero(known), bin_numbers(p[known], bins)] = (p - y)[known]
    squared_errors = np.where(known, (p - y) ** 2, 0)
    sums = resampled_sums(np.column_stack([surplus, squared_errors, known]), codes, resamples, seed)
    brier, ece = ratio(sums[bins], sums[-1]), ratio(np.abs(sums[:bins]).sum(axis=0), sums[-1])
    patients = patients_of_rarer_class(y, codes)
    return percentile_interval(brier, patients), percentile_interval(ece, patients)


def _reflected(interval: Interval, figure: float) -> Interval:
    return None if interval is None else [max(0.0, 2 * figure - end) for end in reversed(interval)]
