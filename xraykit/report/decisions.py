"""The decision curves of a run, from its table of predictions."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xraykit.evaluation import DecisionCurve, decision_curve
from xraykit.runs import FinishedRun

NoCurve = Literal["not_calibrated", "not_estimable", "few_patients"]
"""Why a label has no decision curve."""


@dataclass(frozen=True)
class DecisionCurves:
    """Those of one part.

    Attributes:
        curves: By label.
        missing: The labels without a curve, and why.
    """

    curves: dict[str, DecisionCurve]
    missing: dict[str, NoCurve]


def decision_curves_of(run: FinishedRun) -> DecisionCurves | None:
    """The decision curves of the part that was scored, of calibrated probabilities alone.

    Returns:
        The curves; None if the run has no predictions, or is from a version that did not calibrate.

    Raises:
        DataError: the table of predictions lacks a column, or contains invalid values.
    """
    calibrated = (run.metrics.get("calibration") or {}).get("labels") or {}
    if not calibrated or not run.files.predictions.is_file():
        return None
    table = run.predictions()
    scored = run.scored(run.summary.part, table)
    targets = np.asarray(scored.targets, np.float64)
    rows = table[table["part"] == run.summary.part]
    found = DecisionCurves({}, {})
    for at, label in enumerate(run.labels):
        if not calibrated.get(label, {}).get("calibrated") or f"{label}_probability" not in rows:
            found.missing[label] = "not_calibrated"
            continue
        curve = decision_curve(targets[:, at], rows[f"{label}_probability"].to_numpy(), scored.patients)
        if curve.points:
            found.curves[label] = curve
        else:
            found.missing[label] = "few_patients" if curve.reason == "few_patients" else "not_estimable"
    return found
