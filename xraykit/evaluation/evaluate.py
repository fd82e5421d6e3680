"""From labels and predictions of one part to the contents of `metrics.json`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.bootstrap import bootstrap_intervals
from xraykit.evaluation.calibration.reliability import brier_score
from xraykit.evaluation.decisions.threshold_metrics import at_threshold
from xraykit.evaluation.metric_table import averaged
from xraykit.evaluation.metrics import Floats, as_columns, average_precision, macro, roc_auc
from xraykit.evaluation.statistics.delong import delong_interval
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS
from xraykit.evaluation.statistics.resampling import Codes, distinct, patient_codes


def evaluate(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    thresholds: Mapping[str, float | None],
    *,
    part: str,
    split: str | Mapping[str, Any],
    resamples: int,
    seed: int,
    scores: npt.ArrayLike | None = None,
) -> dict[str, Any]:
    """Score the predictions of one part.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1, each column that of the same label.
        patients: Each radiograph's patient ``(n,)``.
        labels: Names of the L columns.
        thresholds: Each label's operating point, by name, chosen on the validation part (:func:`.operating_points`).
        part: What the metrics are of: ``"test"`` or ``"validation"``.
        split: Which division into parts it comes from, as :meth:`xraykit.config.SplitRecord.as_values` or a text;
            metrics of different splits must never be compared.
        resamples: Bootstrap resamples of patients for the 95 % intervals; 0 for none.
        seed: Of the bootstrap.
        scores: What the cases are ranked by ``(n, L)``, finite: the logits, in which no two cases are equal that
            the network distinguishes. Left out, the probabilities, in which a saturated sigmoid or isotonic steps make
            ties.

    Returns:
        Plain values that JSON can hold, None where not estimable: ``part``, ``split``, numbers of ``images`` and
        ``patients``, ``macro`` and ``labels`` in the given order. A label has ``roc_auc``, ``average_precision``,
        ``brier`` and the threshold metrics of ``METRICS`` (``sensitivity``, ``specificity``, ...), the ``…_interval``
        of each (``[low, high]``, by patient), ``roc_auc_delong_interval`` (radiographs taken as independent),
        ``likelihood_ratio_positive``, ``likelihood_ratio_negative``, ``threshold``, ``positives``, ``negatives``,
        ``positive_patients`` and ``negative_patients`` (how many patients have such a radiograph) and ``no_interval``:
        by metric, why it has none (:data:`xraykit.evaluation.statistics.intervals.NoInterval`). The macro means are
        those of the labels for which the metric exists: ``labels`` is the number of those with a ROC AUC,
        ``not_estimable`` names the others, and ``few_cases`` those that rest on fewer than ``ENOUGH_PATIENTS``
        patients of either class (:func:`has_few_cases`). ``macro_enough_cases`` leaves these out.

    Raises:
        DataError: the arrays do not fit together, a label is not 1, 0 or NaN, a probability is not within 0–1, or
            the thresholds are not those of the labels or not finite.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    _check(p, labels, thresholds)
    _, ranked = as_columns(y, p if scores is None else scores, len(labels))
    codes = patient_codes(patients, len(y))
    columns = {
        label: _label(y[:, at], p[:, at], ranked[:, at], thresholds[label], codes) for at, label in enumerate(labels)
    }
    few = [label for label, metrics in columns.items() if metrics["roc_auc"] is not None and has_few_cases(metrics)]
    intervals = bootstrap_intervals(y, p, codes, labels, resamples, seed, thresholds, ranked)
    return {
        "part": part,
        "split": split,
        "images": len(y),
        "patients": distinct(codes),
        "macro": _macro(columns, few) | intervals["macro"],
        "macro_enough_cases": _macro({label: columns[label] for label in labels if label not in few}, [])
        | intervals["macro_enough_cases"],
        "labels": {label: columns[label] | intervals["labels"][label] for label in labels},
    }


def has_few_cases(metrics: Mapping[str, Any]) -> bool:
    """Whether a label has fewer than ``ENOUGH_PATIENTS`` patients with a positive, or with a negative.

    Args:
        metrics: Of the label, from :func:`evaluate`. An older run did not count patients; then it is radiographs.
    """
    counts = [int(metrics.get(f"{kind}_patients", metrics[f"{kind}s"])) for kind in ("positive", "negative")]
    return min(counts) < ENOUGH_PATIENTS


def _check(p: Floats, labels: Sequence[str], thresholds: Mapping[str, float | None]) -> None:
    if len(set(labels)) != len(labels) or set(thresholds) != set(labels):
        raise DataError(
            f"Each label must have one threshold. Expected: {', '.join(labels)}, each once. Received thresholds for: "
            f"{', '.join(thresholds)}. Choose them on the validation part with the same labels."
        )
    if not all(value is None or math.isfinite(value) for value in thresholds.values()):
        raise DataError(
            f"A threshold must be a finite number, or None where there is none. Received: {dict(thresholds)}. Choose "
            "them with xraykit.evaluation.decisions.operating_points."
        )
    if np.any((p < 0) | (p > 1)):
        raise DataError(
            f"Probabilities must be within 0 and 1. Received: {p.min():g} to {p.max():g}. These look like logits: "
            "take their sigmoid, once."
        )


def _label(y: Floats, p: Floats, scores: Floats, threshold: float | None, codes: Codes) -> dict[str, Any]:
    return {
        "roc_auc": roc_auc(y, scores),
        "roc_auc_delong_interval": delong_interval(y, scores),
        "average_precision": average_precision(y, scores),
        "brier": brier_score(y, p),
        "threshold": None if threshold is None else float(threshold),
        **at_threshold(y, p, threshold),
        **counts_of(y, codes),
    }


def counts_of(y: Floats, codes: Codes) -> dict[str, int]:
    """``positives`` and ``negatives`` of a label, and ``positive_patients`` and ``negative_patients``.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.
    """
    found = {"positive": y == 1, "negative": y == 0}
    return {
        **{f"{name}s": int(np.count_nonzero(cases)) for name, cases in found.items()},
        **{f"{name}_patients": distinct(codes[cases]) for name, cases in found.items()},
    }


def _macro(columns: Mapping[str, Mapping[str, Any]], few: Sequence[str]) -> dict[str, Any]:
    not_estimable = [label for label, metrics in columns.items() if metrics["roc_auc"] is None]
    return {
        **{metric.name: macro(each[metric.name] for each in columns.values()) for metric in averaged()},
        "labels": len(columns) - len(not_estimable),
        "not_estimable": not_estimable,
        "few_cases": list(few),
    }
