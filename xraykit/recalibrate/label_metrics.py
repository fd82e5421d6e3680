"""Metrics of a label's probabilities and calls, before and after recalibration."""

from typing import Any

import numpy as np

from xraykit.evaluation import (
    ENOUGH_PATIENTS,
    at_threshold,
    bootstrap_intervals,
    calibration_in_the_large,
    calibration_metrics,
    patient_codes,
    patients_of_rarer_class,
    percentile_interval,
    ratio,
    resampled_sums,
    roc_auc,
    shown_in,
)

_LABEL = "label"
_CALLED = 0.5  # between the calls 0 and 1


def metrics_of(
    y: np.ndarray,
    probabilities: np.ndarray,
    calls: np.ndarray,
    patients: np.ndarray,
    resamples: int,
    seed: int,
    scores: np.ndarray | None = None,
) -> dict[str, Any]:
    """ROC AUC, O/E, Brier score, ECE, sensitivity and specificity of one label, with 95 % intervals by patient.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        probabilities: ``(n,)``, 0–1.
        calls: ``(n,)``, 1 or 0; all NaN where there is no operating point.
        patients: Each radiograph's patient ``(n,)``.
        resamples: How often patients are drawn.
        seed: Of the drawing.
        scores: What the radiographs are ranked by ``(n,)``, such as logits; left out, the probabilities.

    Returns:
        Plain values that JSON can hold, None where not estimable: the metrics of :data:`.METRICS` that are shown in
        ``recalibration`` and ``observed_expected``, each with its ``…_interval``; ``ece``, ``ece_by_chance`` and
        ``ece_chance_limit``; and ``reliability``, the points of the curve.
    """
    calibrated = calibration_metrics(y[:, None], probabilities[:, None], patients, [_LABEL], intervals=resamples > 0)[
        _LABEL
    ]
    names = ("brier", "brier_interval", "ece", "ece_by_chance", "ece_chance_limit", "reliability")
    large = calibration_in_the_large(y[:, None], probabilities[:, None], patients, [_LABEL])[_LABEL]
    ranked = probabilities if scores is None else scores
    threshold = None if np.isnan(calls).any() else _CALLED
    called = np.nan_to_num(calls)
    intervals = bootstrap_intervals(
        y[:, None], called[:, None], patients, [_LABEL], resamples, seed, {_LABEL: threshold}, ranked[:, None]
    )
    shares, around = at_threshold(y, called, threshold), intervals["labels"][_LABEL]
    metrics = {name: calibrated[name] for name in names}
    metrics |= {"roc_auc": roc_auc(y, ranked), "roc_auc_interval": around["roc_auc_interval"]}
    metrics |= {name: large[name] for name in ("observed_expected", "observed_expected_interval")}
    for name in [metric.name for metric in shown_in("recalibration") if metric.kind == "threshold"]:
        metrics |= {name: shares[name], f"{name}_interval": around[f"{name}_interval"]}
    return metrics


def brier_change(
    y: np.ndarray, before: np.ndarray, after: np.ndarray, patients: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """Brier score after minus before, below 0 being better; both on the same patients in each resample.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        before: Probabilities ``(n,)``, 0–1.
        after: Probabilities ``(n,)``, 0–1.
        patients: Each radiograph's patient ``(n,)``.
        resamples: How often patients are drawn.
        seed: Of the drawing.

    Returns:
        ``brier_change`` and ``brier_change_interval`` (95 %, by patient; None where fewer than ``ENOUGH_PATIENTS`` have
        a positive or a negative, of whom resamples show too little).
    """
    known, codes = ~np.isnan(y), patient_codes(patients, len(y))
    change = np.where(known, (after - y) ** 2 - (before - y) ** 2, 0)
    sums = resampled_sums(np.column_stack([change, known]), codes, resamples, seed)
    fewest = patients_of_rarer_class(y, codes)
    interval = percentile_interval(ratio(sums[0], sums[1]), fewest) if fewest >= ENOUGH_PATIENTS else None
    mean = float(change.sum() / known.sum()) if known.any() else None
    return {"brier_change": mean, "brier_change_interval": interval}
