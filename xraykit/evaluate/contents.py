"""The content of ``metrics.json`` of an external validation, except for what is known of the files."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import Evaluation, SplitRecord
from xraykit.evaluate.matching import SharedLabels
from xraykit.evaluate.tables import CHECKED, FLAGGED, FLAGS
from xraykit.evaluation import (
    METRICS,
    DecisionRule,
    calibration_in_the_large,
    evaluate,
    has_few_cases,
    masked_targets,
    patient_codes,
    share_interval,
    shown_in,
    unpaired_differences,
)
from xraykit.evaluation.predictions import assess, of_part
from xraykit.runs import FinishedRun

_COUNTS = ("positives", "negatives", "positive_patients", "negative_patients", "threshold", "calibrated", "trained")
NOT_BY_SOURCE = (
    "The ROC AUC within sources and the one of the source alone are not computed here: they belong to a run, whose "
    "training part they need. The subgroup source has the metrics of each source; the pooled ROC AUC may come in part "
    "from telling the sources apart."
)
NO_RUN = "The network came without its run, so that its internal metrics are unknown."


def external_metrics(
    table: pd.DataFrame,
    rule: DecisionRule,
    labels: SharedLabels,
    settings: Evaluation,
    part: str,
    split: SplitRecord,
    seed: int,
) -> dict[str, Any]:
    """The metrics of the labels in common, as of a run; and ``calibration_in_the_large`` and ``input_check``.

    Args:
        table: From :func:`.evaluation_table`.
        rule: The network's decision rule, as it is.
        labels: The labels in common.
        settings: Subgroups, age bands and resamples.
        part: What the metrics are of.
        split: How the collection was divided.
        seed: Of the bootstrap.
    """
    shared = rule.take(list(labels.pairs))
    metrics = assess(table, shared, settings, split, seed=seed, part=part)
    # What others published is of their networks.
    del metrics["published"], metrics["published_why"]
    return {
        **metrics,
        "calibration_in_the_large": in_the_large(table, shared, part),
        "input_check": _input_check(table),
    }


def in_the_large(table: pd.DataFrame, rule: DecisionRule, part: str) -> dict[str, Any]:
    """:func:`xraykit.evaluation.calibration_in_the_large` of a part of a table of predictions."""
    targets, logits, patients = of_part(table, part, rule.labels)
    known = masked_targets(targets, rule.labels, rule.untrained)
    probabilities = np.nan_to_num(rule.probabilities(logits), nan=0.5)
    return calibration_in_the_large(known, probabilities, patients, rule.labels)


def internal_metrics(run: FinishedRun, rule: DecisionRule) -> dict[str, Any]:
    """The metrics of a run's own test part; those of each label as the run wrote them.

    Args:
        run: The run of the network.
        rule: Of the labels in common.
    """
    metrics = run.metrics
    names = [name for metric in METRICS for name in (metric, f"{metric}_interval")]
    labels = {
        label: {name: metrics["labels"][label][name] for name in (*_COUNTS, *names) if name in metrics["labels"][label]}
        for label in rule.labels
    }
    known = run.files.predictions.is_file()
    return {
        "part": str(metrics["part"]),
        "split": str(run.split),
        "images": metrics["images"],
        "patients": metrics.get("patients"),
        "labels": labels,
        "calibration_in_the_large": in_the_large(run.predictions(), rule, metrics["part"]) if known else None,
    }


def common_means(
    external: Mapping[str, Any],
    internal: Mapping[str, Any] | None,
    table: pd.DataFrame,
    run: FinishedRun | None,
    rule: DecisionRule,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Mean metrics over the findings with enough cases on both sides, so that the same is compared.

    Where no finding has enough, it is the mean over those with a ROC AUC on both sides.

    Args:
        external: From :func:`external_metrics`.
        internal: From :func:`internal_metrics`; None without it.
        table: Of the external validation.
        run: The run, for its table of predictions.
        rule: Of the labels in common.
        resamples: Bootstrap resamples of patients; 0 for no intervals.
        seed: Of the bootstrap.
    """
    sides = [external, *([internal] if internal else [])]
    estimable = [label for label in rule.labels if all(_has_auc(side, label) for side in sides)]
    enough = [label for label in estimable if not any(has_few_cases(side["labels"][label]) for side in sides)]
    labels = enough or estimable
    mean = _means(table, external["part"], rule, labels, resamples, seed)
    inside = None
    if internal and run is not None and run.files.predictions.is_file():
        inside = _means(run.predictions(), internal["part"], rule, labels, resamples, seed)
    difference = unpaired_differences(inside, mean) if inside else None
    return {
        "labels": labels,
        "enough_cases": bool(enough),
        "internal": inside,
        "external": mean,
        "difference": difference,
    }


def _has_auc(side: Mapping[str, Any], label: str) -> bool:
    return side["labels"][label].get("roc_auc") is not None


def _means(
    table: pd.DataFrame, part: str, rule: DecisionRule, labels: Sequence[str], resamples: int, seed: int
) -> dict[str, Any]:
    if not labels:
        return {metric.name: None for metric in shown_in("operating points")} | {"roc_auc": None}
    some = rule.take(labels)
    targets, logits, patients = of_part(table, part, labels)
    metrics = evaluate(
        targets, some.probabilities(logits), patients, labels, some.thresholds,
        part=part, split="", resamples=resamples, seed=seed, scores=logits,
    )  # fmt: skip
    return dict(metrics["macro"])


def differences(external: Mapping[str, Any], internal: Mapping[str, Any] | None) -> dict[str, Any]:
    """External minus internal of each label; empty without internal metrics."""
    if internal is None:
        return {}
    return {
        label: unpaired_differences(internal["labels"][label], figures) for label, figures in external["labels"].items()
    }


def _input_check(table: pd.DataFrame) -> dict[str, Any]:
    flagged = (table[CHECKED] == FLAGGED).to_numpy()
    names = [set(str(each).split(";")) if flag else set() for each, flag in zip(table[FLAGS], flagged, strict=True)]
    counts = {name: sum(name in each for each in names) for name in sorted(set().union(*names))}
    codes = patient_codes(table["patient"].to_numpy(), len(table))
    return {
        "radiographs": len(table),
        "flagged": int(flagged.sum()),
        "share": float(flagged.mean()),
        "share_interval": share_interval(flagged, np.ones(len(table)), codes),
        "by_reason": {name: {"radiographs": many, "share": many / len(table)} for name, many in counts.items()},
    }
