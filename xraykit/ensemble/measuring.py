"""What an ensemble and its members reach: the spread between folds, each member, and the gain over the best one."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from xraykit.config import Evaluation, SplitRecord
from xraykit.ensemble.combining import Trained
from xraykit.evaluation import (
    DecisionRule,
    Predictions,
    evaluate,
    macro_roc_auc,
    masked_targets,
    paired_differences,
    spread,
)
from xraykit.evaluation.predictions import of_part, with_true_counts

Verdict = Literal["better", "worse", "not_shown", "not_judged"]

_OF_LABEL = ("roc_auc", "average_precision", "positives", "negatives")


def folds_spread(predictions: pd.DataFrame, decision_rule: DecisionRule, split: SplitRecord) -> dict[str, Any]:
    """How far the folds' metrics are apart.

    The folds share most of their training patients, so that their metrics are not independent: the spread is no
    standard error, and no interval follows from it (Bengio and Grandvalet, "No Unbiased Estimator of the Variance of
    K-Fold Cross-Validation", JMLR 2004).

    Args:
        predictions: Out-of-fold predictions, with the column ``fold``.
        decision_rule: Of the ensemble: names the labels.
        split: How the patients were divided.

    Returns:
        ``each``: for each fold its number, ``images``, ``patients``, ``macro`` and, by label, ``roc_auc``,
        ``average_precision``, ``positives`` and ``negatives``; ``roc_auc`` and ``average_precision``: ``lowest``,
        ``mean`` and ``highest`` macro mean of a fold. None where not estimable.
    """
    each = []
    for fold, rows in predictions.groupby("fold", sort=False):
        found = _scored(rows, decision_rule, split, resamples=0, seed=0)
        each.append(
            {
                "fold": int(str(fold)),
                "images": found["images"],
                "patients": found["patients"],
                "macro": {name: found["macro"][name] for name in ("roc_auc", "average_precision")},
                "labels": {
                    label: {name: values[name] for name in _OF_LABEL} for label, values in found["labels"].items()
                },
            }
        )
    each.sort(key=lambda values: values["fold"])
    return {"each": each, **{name: _range(each, name) for name in ("roc_auc", "average_precision")}}


def _range(each: Sequence[Mapping[str, Any]], name: str) -> dict[str, float | None]:
    known = [fold["macro"][name] for fold in each if fold["macro"][name] is not None]
    if not known:
        return {"lowest": None, "mean": None, "highest": None}
    return {"lowest": min(known), "mean": float(np.mean(known)), "highest": max(known)}


def _scored(
    rows: pd.DataFrame, decision_rule: DecisionRule, split: SplitRecord, *, resamples: int, seed: int
) -> dict[str, Any]:
    labels = list(decision_rule.labels)
    targets, logits, patients = of_part(rows, None, labels)
    scored = (np.nan_to_num(decision_rule.probabilities(logits), nan=0.5), patients, labels, decision_rule.thresholds)
    about: dict[str, Any] = {"part": str(rows["part"].iloc[0]), "split": split.as_values(), "seed": seed}
    known = masked_targets(targets, labels, decision_rule.untrained)
    metrics = evaluate(known, *scored, resamples=resamples, scores=logits, **about)
    with_true_counts(
        metrics["labels"], evaluate(targets, *scored, resamples=0, **about)["labels"], decision_rule.untrained
    )
    return metrics


def member_score(each: Trained, untrained: Mapping[str, str]) -> float | None:
    """By what the best member is chosen: the macro ROC AUC of its own fold or, without folds, of its validation part.

    No radiograph of the ensemble's test part is among them.
    """
    labels = list(each.rule.labels)
    targets, logits, _ = of_part(each.rows("test" if each.member.fold is not None else "validation"), None, labels)
    return macro_roc_auc(masked_targets(targets, labels, untrained), logits)


def best_member(scores: Mapping[str, float | None]) -> str | None:
    """The name of the member with the highest score; of equal ones the first; None if no score is known."""
    known = {name: score for name, score in scores.items() if score is not None}
    return max(known, key=lambda name: known[name]) if known else None


def members_on_test_part(
    tables: Mapping[str, pd.DataFrame], members: Sequence[Trained], split: SplitRecord, settings: Evaluation, seed: int
) -> dict[str, dict[str, Any]]:
    """The macro metrics of each member alone on the ensemble's test part, with intervals over patients."""
    found = {}
    for each in members:
        rows = tables[each.member.name]
        metrics = _scored(rows, each.rule, split, resamples=settings.resamples, seed=seed)
        found[each.member.name] = {
            name: metrics["macro"][name]
            for name in ("roc_auc", "roc_auc_interval", "average_precision", "average_precision_interval")
        }
    return found


def members_spread(tables: Mapping[str, pd.DataFrame], members: Sequence[Trained]) -> dict[str, dict[str, Any]]:
    """How far the members' probabilities are apart on the ensemble's test part, as ``predict`` gives it.

    Returns:
        For each label ``median``, ``p90`` and ``largest`` over the radiographs of :func:`xraykit.evaluation.spread`;
        None where fewer than two members can be compared.
    """
    labels = list(members[0].rule.labels)
    # The members' tables may be in other orders.
    alike = [tables[each.member.name].sort_values("image") for each in members]
    logits = np.stack([of_part(table, None, labels)[1] for table in alike])
    found = spread([each.own_rule() for each in members], logits)
    return {label: _of_radiographs(column) for label, column in zip(labels, found.T, strict=True)}


def _of_radiographs(values: np.ndarray) -> dict[str, float | None]:
    if np.isnan(values).any():
        return {"median": None, "p90": None, "largest": None}
    median, p90 = np.quantile(values, [0.5, 0.9])
    return {"median": float(median), "p90": float(p90), "largest": float(values.max())}


def gain(
    best: pd.DataFrame, ensemble: pd.DataFrame, decision_rule: DecisionRule, settings: Evaluation, seed: int
) -> dict[str, Any]:
    """The ensemble minus its best member on the same radiographs, paired by patient.

    Args:
        best: Predictions of the member for the test part.
        ensemble: Predictions of the ensemble for it.
        decision_rule: Of the ensemble.
        settings: Of the evaluation.
        seed: Of the resamples.

    Returns:
        What :func:`xraykit.evaluation.paired_differences` gives, and ``verdict``: ``better`` or ``worse`` if the 95 %
        interval of the macro ROC AUC's difference, of labels with enough cases, lies above or below 0; ``not_shown`` if
        it contains 0; ``not_judged`` without an interval.
    """
    labels = list(decision_rule.labels)
    pair = []
    for table in (best, ensemble):
        targets, logits, patients = of_part(table, None, labels)
        known = masked_targets(targets, labels, decision_rule.untrained)
        pair.append(Predictions(table["image"].tolist(), patients.astype(object), labels, known, logits))
    found = paired_differences(pair[0], pair[1], settings.resamples, seed)
    return {**found, "verdict": _verdict(found)}


def _verdict(found: Mapping[str, Any]) -> Verdict:
    interval = found["macro_enough_cases"].get("roc_auc_difference_interval")
    if interval is None:
        return "not_judged"
    low, high = interval
    return "better" if low > 0 else "worse" if high < 0 else "not_shown"
