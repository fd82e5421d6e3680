"""A decision rule fitted again where the sample allows, with cross-fitted metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import Rule
from xraykit.evaluation import FOLDS, DecisionRule, LabelRule, NotFitted, cross_fitted, fit_label
from xraykit.recalibrate.crossfitting import too_few
from xraykit.recalibrate.label_metrics import brier_change, metrics_of
from xraykit.recalibrate.sample import Sample
from xraykit.system import counted


@dataclass(frozen=True)
class RecalibrationSettings:
    """How to fit and to score.

    Attributes:
        method: Of calibration: platt, temperature, isotonic or none.
        rule: Of the operating points; None to keep each label's own.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of folds and resamples.
    """

    method: str = "platt"
    rule: Rule | None = None
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Recalibration:
    """A new decision rule with its metrics.

    Attributes:
        decision_rule: The new one; labels that could not be fitted again keep their old calibration and operating
            point.
        labels: For each label plain values that JSON can hold: ``refitted``, ``reason`` and
            ``reason_code`` (why not), ``trained``, ``calibrated`` (in the new decision rule), ``positives``,
            ``negatives``, ``rule``, ``threshold``, ``old_threshold``, ``before`` and ``after`` (see
            :func:`.metrics_of`; after is cross-fitted, None if not refitted), ``brier_change`` with its interval, and
            ``failed_folds``: how many folds were read by the old decision rule, as no fit without them was possible.
    """

    decision_rule: DecisionRule
    labels: Mapping[str, dict[str, Any]]

    @property
    def refitted(self) -> list[str]:
        """The labels that were fitted again."""
        return [label for label, each in self.labels.items() if each["refitted"]]


def recalibrate(
    old: DecisionRule, sample: Sample, logits: np.ndarray, name: str, settings: RecalibrationSettings
) -> Recalibration:
    """Fit calibration and operating point of each label again, on all of the sample.

    Their metrics come from cross-fitting: each patient's radiographs are scored by a decision rule that was fitted on
    other patients. ``before`` is the old decision rule on the same radiographs.

    Args:
        old: How the logits were read so far.
        sample: ``n`` radiographs with known findings.
        logits: ``(n, L)``, finite.
        name: What the sample is called.
        settings: How to fit and to score.

    Where no label can be fitted, the decision rule stays as it is, and each label has its metrics before and the
    reason.

    Raises:
        NonFiniteLossError: a logit is NaN or infinite.
    """
    decision_rules, labels = {}, {}
    for at, label in enumerate(old.labels):
        known = LabelRule(old.calibrations[label], old.points[label])
        y, x = sample.targets[:, at], logits[:, at]
        rule = settings.rule or known.point.rule
        few = too_few(y, sample.patients, settings.method)
        untrained = NotFitted(old.untrained[label], "not_trained") if label in old.untrained else None
        absent = NotFitted("The sample has no column for it.", None) if label in sample.absent else None
        fitted = untrained or absent or few or fit_label(y, x, settings.method, rule)
        decision_rules[label] = known if isinstance(fitted, NotFitted) else fitted
        labels[label] = _scored(y, x, sample.patients, known, fitted, settings)
    if not any(each["refitted"] for each in labels.values()):
        return Recalibration(old, labels)
    return Recalibration(_decision_rule(decision_rules, _fitted_on(old, sample, name, labels), old.untrained), labels)


def sample_table(sample: Sample, logits: np.ndarray, decision_rule: DecisionRule) -> pd.DataFrame:
    """The sample's table of predictions, with new patient numbers, so that it can be shared with the network."""
    columns: dict[str, Any] = {
        "image": sample.images,
        "patient": [f"{code + 1}" for code in np.unique(sample.patients, return_inverse=True)[1]],
        "part": "recalibration",
        **dict.fromkeys(("sex", "age", "view"), np.nan),
    }
    probabilities = decision_rule.probabilities(logits)
    for at, label in enumerate(decision_rule.labels):
        columns[label] = sample.targets[:, at]
        columns[f"{label}_logit"] = logits[:, at]
        columns[f"{label}_probability"] = probabilities[:, at]
    return pd.DataFrame(columns)


def _scored(
    y: np.ndarray,
    x: np.ndarray,
    patients: np.ndarray,
    old: LabelRule,
    fitted: LabelRule | NotFitted,
    settings: RecalibrationSettings,
) -> dict[str, Any]:
    resampling = (patients, settings.resamples, settings.seed)
    p, calls = old.probabilities(x), old.calls(x)
    why, used = (fitted, old) if isinstance(fitted, NotFitted) else (NotFitted(None, None), fitted)
    trained = why.reason_code != "not_trained"
    facts = {
        "refitted": why.reason is None,
        "reason": why.reason,
        "reason_code": why.reason_code,
        "trained": trained,
        "calibrated": used.calibration.calibrated,
        "positives": int(np.count_nonzero(y == 1)),
        "negatives": int(np.count_nonzero(y == 0)),
        "rule": str(used.point.rule),
        "old_threshold": old.point.threshold,
        "threshold": used.point.threshold,
        # The outputs of a label that was not trained are noise: nothing is scored.
        "before": metrics_of(y if trained else np.full(len(y), np.nan), p, calls, *resampling, x),
        "after": None,
        "brier_change": None,
        "brier_change_interval": None,
        "failed_folds": None,
    }
    if isinstance(fitted, NotFitted):
        return facts
    new_p, new_calls, failed = cross_fitted(
        y, x, patients, old, settings.method, fitted.point.rule, folds=FOLDS, seed=settings.seed
    )
    # Platt and temperature keep the order of the radiographs; those of the folds side by side do not.
    scores = new_p if settings.method == "isotonic" else x
    after = metrics_of(y, new_p, new_calls, *resampling, scores)
    return {**facts, "after": after, "failed_folds": failed, **brier_change(y, p, new_p, *resampling)}


def _fitted_on(old: DecisionRule, sample: Sample, name: str, labels: Mapping[str, Mapping[str, Any]]) -> str:
    kept = [label for label, each in labels.items() if not each["refitted"]]
    new = f"{name} ({counted(len(sample.images), 'radiograph')})"
    return f"{new}; {', '.join(kept)}: {old.fitted_on}" if kept else new


def _decision_rule(
    decision_rules: Mapping[str, LabelRule], fitted_on: str, untrained: Mapping[str, str]
) -> DecisionRule:
    calibrations = {label: each.calibration for label, each in decision_rules.items()}
    return DecisionRule(
        calibrations, {label: each.point for label, each in decision_rules.items()}, fitted_on, untrained
    )
