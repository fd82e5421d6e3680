"""All metrics of the test part from its predictions, by the decision rule fitted on the validation part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import OUT_OF_FOLD, Evaluation, SplitRecord
from xraykit.errors import DataError
from xraykit.evaluation import (
    DecisionRule,
    adjust_gaps,
    calibration_metrics,
    derived_metrics,
    evaluate,
    masked_targets,
    patient_codes,
    published_figures,
    subgroup_metrics,
)
from xraykit.evaluation.predictions.groups import groups_of
from xraykit.evaluation.predictions.table import of_part
from xraykit.evaluation.predictions.untrained import mark_untrained
from xraykit.registry import PublishedResults


def assess(
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    settings: Evaluation,
    split: SplitRecord,
    *,
    seed: int,
    published: Sequence[PublishedResults] = (),
    part: str = "test",
) -> dict[str, Any]:
    """The metrics of one part: ``metrics.json`` but for what only the training knows.

    Args:
        predictions: The table of predictions (:func:`.prediction_table`).
        decision_rule: How logits become probabilities and calls; fitted on other radiographs, or on the out-of-fold
            predictions of an ensemble.
        settings: The experiment's ``evaluation`` section.
        split: How the radiographs were divided into parts.
        seed: Of the bootstrap.
        published: Results of others on the official test part of these data.
        part: Which part; that of the out-of-fold predictions is marked as ``in_sample``.

    Returns:
        Plain values that JSON can hold: those of :func:`xraykit.evaluation.evaluate`, each label also with
        ``operating_point``, ``calibrated``, ``trained``, intervals of its likelihood ratios and ``reader``
        (predictive values elsewhere); a label that was not trained has counts and the reason alone;
        ``calibration``, ``subgroups``, ``gaps_compared`` (for how many gaps their p values are adjusted),
        ``subgroups_absent`` (columns that were asked for and are not in the table), ``published`` and
        ``published_why``.

    Raises:
        DataError: a column is missing, or contains invalid values.
        NonFiniteLossError: a logit is NaN or infinite.
    """
    labels, resamples = list(decision_rule.labels), settings.resamples
    unknown = sorted(set(settings.prevalence or {}) - set(labels))
    if unknown:
        raise DataError(
            f"A prevalence is given for {', '.join(unknown)}, which is no label of this network. Expected: "
            f"{', '.join(labels)}. Correct evaluation.prevalence."
        )
    targets, logits, patients = of_part(predictions, part, labels)
    # Nothing is scored of a label that was not trained: it has no probabilities, and its targets are masked.
    known = masked_targets(targets, labels, decision_rule.untrained)
    probabilities, thresholds = np.nan_to_num(decision_rule.probabilities(logits), nan=0.5), decision_rule.thresholds
    codes = patient_codes(patients, len(targets))
    scored = (known, probabilities, codes, labels, thresholds)
    metrics = evaluate(*scored, part=part, split=split.as_values(), resamples=resamples, seed=seed, scores=logits)
    derived = derived_metrics(*scored, settings.prevalence or {}, intervals=resamples > 0)
    for label, point in decision_rule.points.items():
        choice = {"rule": str(point.rule), "reason": point.reason, "reason_code": point.reason_code}
        metrics["labels"][label] |= {
            **derived[label],
            "operating_point": choice,
            "calibrated": decision_rule.calibrations[label].calibrated,
        }
    mark_untrained(metrics, targets, codes, decision_rule.untrained)
    rows = predictions[predictions["part"] == part]
    shown, why = published_figures(published, split, labels, rows["image"].astype(str).tolist())
    subgroups = {
        name: subgroup_metrics(
            *scored,
            groups_of(rows, name, settings.age_bands),
            logits,
            intervals=resamples > 0,
            all_targets=targets,
        )
        for name in settings.subgroups
        if name in rows
    }
    return {
        **metrics,
        # An ensemble of folds has no other radiographs to fit its decision rule on.
        "in_sample": part == OUT_OF_FOLD,
        "calibration": _calibration(known, logits, codes, decision_rule, settings),
        "subgroups": subgroups,
        "gaps_compared": adjust_gaps(subgroups),
        "subgroups_absent": [name for name in settings.subgroups if name not in rows],
        "published": shown,
        "published_why": why,
    }


def _calibration(
    targets: np.ndarray, logits: np.ndarray, codes: np.ndarray, decision_rule: DecisionRule, settings: Evaluation
) -> dict[str, Any]:
    """Calibration before (the plain sigmoid) and after; of a label that was not trained, nothing."""
    plain = 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
    before, after = (
        calibration_metrics(targets, p, codes, list(decision_rule.labels), intervals=settings.resamples > 0)
        for p in (plain, np.nan_to_num(decision_rule.probabilities(logits), nan=0.5))
    )
    labels = {
        label: {
            "method": each.method,
            "calibrated": each.calibrated,
            "reason": each.reason,
            "reason_code": each.reason_code,
            "before": before[label],
            "after": after[label],
        }
        for label, each in decision_rule.calibrations.items()
    }
    return {"method": settings.calibration, "fitted_on": decision_rule.fitted_on, "labels": labels}
