"""The metrics of each source of a mixture, and what the pooled ones owe to telling the sources apart."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import NO_FINDING, SOURCE, Evaluation, LabelNames, SplitRecord
from xraykit.data import Catalog
from xraykit.evaluation import (
    DecisionRule,
    calibration_in_the_large,
    evaluate,
    masked_targets,
    patient_codes,
    source_metrics,
)
from xraykit.evaluation.predictions.table import of_part
from xraykit.evaluation.predictions.untrained import mark_untrained


def metrics_by_source(
    training: Catalog,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    settings: Evaluation,
    split: SplitRecord,
    *,
    seed: int,
    part: str = "test",
) -> dict[str, Any] | None:
    """The ``sources`` of ``metrics.json``; None where all radiographs are of one collection.

    Args:
        training: The training part.
        predictions: The table of predictions.
        decision_rule: How logits become probabilities and calls; the same for all sources.
        settings: The experiment's ``evaluation`` section.
        split: How the radiographs were divided into parts.
        seed: Of the bootstrap.
        part: Which part is scored.

    Returns:
        The result of :func:`xraykit.evaluation.source_metrics`, and ``each``: for each source with radiographs in the
        part, the metrics of its radiographs alone (:func:`xraykit.evaluation.evaluate`) and
        ``calibration_in_the_large`` (:func:`xraykit.evaluation.calibration_in_the_large`).
    """
    if not training.sources:
        return None
    labels, rows = list(decision_rule.labels), predictions[predictions["part"] == part]
    targets, logits, patients = of_part(predictions, part, labels)
    known = masked_targets(targets, labels, decision_rule.untrained)
    names = rows[SOURCE].to_numpy(object)
    compared = source_metrics(
        targets,
        logits,
        patients,
        labels,
        names,
        training.targets(),
        training.table[SOURCE].to_numpy(object),
        decision_rule.untrained,
        intervals=settings.resamples > 0,
    )
    probabilities = np.nan_to_num(decision_rule.probabilities(logits), nan=0.5)
    each = {}
    for source in training.sources:
        inside = names == source.name
        if not inside.any():
            continue
        scored = (probabilities[inside], patients[inside], labels, decision_rule.thresholds)
        metrics = evaluate(
            known[inside],
            *scored,
            part=part,
            split=split.as_values(),
            resamples=settings.resamples,
            seed=seed,
            scores=logits[inside],
        )
        mark_untrained(metrics, targets[inside], patient_codes(scored[1], len(scored[1])), decision_rule.untrained)
        large = calibration_in_the_large(known[inside], probabilities[inside], patients[inside], labels)
        each[source.name] = {
            **{name: value for name, value in metrics.items() if name not in ("part", "split")},
            "calibration_in_the_large": large,
        }
    return {**compared, "each": each}


def source_warnings(training: Catalog) -> list[str]:
    """What can be known before the training of labels that not all sources share; empty for one collection.

    Args:
        training: The training part.
    """
    if not training.sources:
        return []
    names, targets = training.table[SOURCE].to_numpy(object), training.targets()
    has = {value: [_sources_with(names, column == value) for column in targets.T] for value in (0, 1)}
    known = [_sources_with(names, ~np.isnan(column)) for column in targets.T]
    return [
        *_annotated_once(training, known),
        *_of_one_source(training, known, has),
        *_without_findings(training, known),
    ]


def _sources_with(names: np.ndarray, rows: np.ndarray) -> list[str]:
    return sorted(set(names[rows].tolist()))


def _annotated_once(training: Catalog, known: list[list[str]]) -> Iterator[str]:
    for source in training.sources:
        labels = [label for label, names in zip(training.labels, known, strict=True) if names == [source.name]]
        if labels:
            yield (
                f"Annotated by the source {source.name} alone: {', '.join(labels)}. The network learns them there, "
                f"and is tested there: the metrics do not hold for the other sources."
            )


def _of_one_source(training: Catalog, known: list[list[str]], has: dict[int, list[list[str]]]) -> Iterator[str]:
    for at, label in enumerate(training.labels):
        for value, kind in ((1, "positives"), (0, "negatives")):
            if len(known[at]) > 1 and len(has[value][at]) == 1:
                yield (
                    f"All {kind} of {label} in the training part are of the source {has[value][at][0]}: a network that "
                    f"recognises the source ranks them without seeing the finding. Compare the ROC AUC within sources."
                )


def _without_findings(training: Catalog, known: list[list[str]]) -> Iterator[str]:
    alike, format_of = LabelNames(), {source.name: source.format for source in training.sources}
    for label, names in zip(training.labels, known, strict=True):
        # Sources of one format annotate the same findings.
        if alike.key(label) == alike.key(NO_FINDING) and len({format_of[name] for name in names}) > 1:
            yield (
                f"{label} means in each source that none of that collection's own findings was found. They differ, so "
                f"that the label does not mean the same in {' and '.join(names)}."
            )
