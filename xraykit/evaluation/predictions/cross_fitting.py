"""How much too good calibration and thresholds look on the radiographs that they were fitted on."""

from typing import Any

import numpy as np

from xraykit.evaluation import Calibration, DecisionRule, OperatingPoint, at_threshold, brier_score, macro
from xraykit.evaluation.decisions.cross_fitting import LabelRule, cross_fitted
from xraykit.evaluation.metric_table import shown_in

_CALLED = 0.5  # between the calls 0 and 1


def cross_fitting_metrics(
    targets: np.ndarray,
    logits: np.ndarray,
    patients: np.ndarray,
    decision_rule: DecisionRule,
    method: str,
    folds: int,
    seed: int,
) -> dict[str, Any]:
    """Metrics of the radiographs that a decision rule was fitted on, in sample and cross-fitted over their patients.

    Neither takes away that the part may have chosen the epoch and the hyperparameters: its ranking stays too good.

    Args:
        targets: Labels ``(n, L)`` of the radiographs that were fitted on: 1, 0 or NaN = unknown.
        logits: ``(n, L)``, finite.
        patients: Each radiograph's patient ``(n,)``.
        decision_rule: What was fitted on them.
        method: Of calibration.
        folds: Into how many parts the patients are dealt out.
        seed: Of the dealing.

    Returns:
        Plain values that JSON can hold: ``folds``, ``labels`` and ``macro``, each with ``in_sample`` and
        ``cross_fitted``: the metrics of :data:`.METRICS` that are shown in ``cross-fitting``. A label also has
        ``failed_folds``: without how many folds no fit was possible; its metrics are then None, as are those of a label
        that was not fitted.
    """
    labels = {
        label: _label(targets[:, at], logits[:, at], patients, decision_rule, label, method, folds, seed)
        for at, label in enumerate(decision_rule.labels)
    }
    kinds = ("in_sample", "cross_fitted")
    means = {kind: {name: macro(each[kind][name] for each in labels.values()) for name in _names()} for kind in kinds}
    return {"folds": folds, "labels": labels, "macro": means}


def _label(
    y: np.ndarray,
    x: np.ndarray,
    patients: np.ndarray,
    decision_rule: DecisionRule,
    label: str,
    method: str,
    folds: int,
    seed: int,
) -> dict[str, Any]:
    fitted = LabelRule(decision_rule.calibrations[label], decision_rule.points[label])
    nothing = dict.fromkeys(_names())
    if fitted.point.threshold is None:
        return {"in_sample": nothing, "cross_fitted": nothing, "failed_folds": None}
    unread = LabelRule(Calibration(), OperatingPoint(fitted.point.rule, None))
    asked = method if fitted.calibration.calibrated else "none"
    p, calls, failed = cross_fitted(y, x, patients, unread, asked, fitted.point.rule, folds=folds, seed=seed)
    return {
        "in_sample": _figures(y, fitted.probabilities(x), fitted.calls(x)),
        "cross_fitted": nothing if failed else _figures(y, p, calls),
        "failed_folds": failed,
    }


def _figures(y: np.ndarray, p: np.ndarray, calls: np.ndarray) -> dict[str, float | None]:
    values = {**at_threshold(y, calls, _CALLED), "brier": brier_score(y, p)}
    return {name: values[name] for name in _names()}


def _names() -> list[str]:
    return [metric.name for metric in shown_in("cross-fitting")]
