"""The metrics at a threshold, predictive values at another prevalence, and the thresholds of several labels."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.counts import Counts
from xraykit.evaluation.metric_table import METRICS, threshold_metrics
from xraykit.evaluation.metrics import is_estimable, known_cases


def at_threshold(y: npt.ArrayLike, p: npt.ArrayLike, threshold: float | None) -> dict[str, float | None]:
    """All threshold metrics, where cases with a score of at least ``threshold`` are called positive.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        threshold: The operating point; None if there is none.

    Returns:
        All threshold metrics of :data:`.METRICS`, such as ``sensitivity``, ``precision`` (PPV) and
        ``likelihood_ratio_positive`` (sensitivity / (1 − specificity)). All None without a threshold, without positives
        or without negatives; one alone is None where it would divide by zero, as precision does without a positive
        call.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if threshold is None or not is_estimable(positive):
        return {metric.name: None for metric in METRICS.values() if metric.kind == "threshold"}
    counts = Counts.of(positive, score >= threshold)
    return {name: _or_none(float(value)) for name, value in threshold_metrics(counts).items()}


def predictive_values(
    sensitivity: float | None, specificity: float | None, prevalence: float
) -> dict[str, float | None]:
    """Predictive values at another prevalence than that of the test part, by Bayes' theorem.

    This holds if sensitivity and specificity are the same there: if the radiographs are of the same kind, and only
    the share of positives differs.

    Args:
        sensitivity: 0–1, or None where not estimable.
        specificity: 0–1, or None where not estimable.
        prevalence: Share of positives among the reader's own radiographs, within 0–1 but neither 0 nor 1.

    Returns:
        ``precision`` (PPV) and ``npv``, 0–1; None where not estimable or without such a call.

    Raises:
        DataError: a share is not within its range.
    """
    if not 0 < prevalence < 1:
        raise DataError(
            f"A prevalence must be above 0 and below 1. Received: {prevalence}. Give the share of positives, such as "
            "0.03 for 3 %."
        )
    if sensitivity is None or specificity is None:
        return {"precision": None, "npv": None}
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise DataError(
            f"Sensitivity and specificity must be within 0 and 1. Received: {sensitivity} and {specificity}. Give "
            "shares, not percentages."
        )
    tp, tn = sensitivity * prevalence, specificity * (1 - prevalence)
    cells = (tp, (1 - specificity) * (1 - prevalence), tn, (1 - sensitivity) * prevalence)
    metrics = threshold_metrics(Counts(*map(np.asarray, cells)))
    return {name: _or_none(float(metrics[name])) for name in ("precision", "npv")}


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def thresholds_of(labels: Sequence[str], thresholds: Mapping[str, float | None] | None) -> list[float | None]:
    """The thresholds in the order of the labels, all None if there are none at all.

    Raises:
        DataError: a label has no entry.
    """
    if thresholds is None:
        return [None] * len(labels)
    missing = [label for label in labels if label not in thresholds]
    if missing:
        raise DataError(
            f"Each label needs an entry in the thresholds; None is allowed. Expected: {', '.join(labels)}. Missing: "
            f"{', '.join(missing)}. Choose them on the validation part with the same labels."
        )
    return [thresholds[label] for label in labels]
