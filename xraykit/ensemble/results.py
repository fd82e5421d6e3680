"""From trained members to the finished ensemble: decision rule, test part, metrics, bundle and report.

The order is that of a single network: calibration and thresholds are final before the labels of the test part are read,
by the ensemble and by its members.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import pandas as pd

from xraykit.bundle import Member as PackedMember
from xraykit.bundle import load_model, write_ensemble
from xraykit.config import OUT_OF_FOLD, Experiment
from xraykit.data import SealedData
from xraykit.ensemble.combining import (
    Trained,
    combined,
    fit_on_out_of_fold,
    out_of_fold,
    trained_members,
    untrained_by_any,
)
from xraykit.ensemble.measuring import (
    best_member,
    folds_spread,
    gain,
    member_score,
    members_on_test_part,
    members_spread,
)
from xraykit.ensemble.members import Member
from xraykit.ensemble.training import evaluate_members
from xraykit.evaluation import DecisionRule, macro_roc_auc, masked_targets
from xraykit.evaluation.predictions import assess, cross_fitting_metrics, of_part, with_probabilities
from xraykit.pipeline import (
    cross_fitting,
    draw_examples,
    fit_decision_rule,
    metrics_of_part,
    odd_training_pictures,
    track_results,
    track_summary,
    training_screen,
    unseal,
    with_patient_ids,
    write_data_facts,
    write_pages,
)
from xraykit.registry import Boxes
from xraykit.runs import KEY, RunFolder, write_predictions
from xraykit.tracking import Tracker
from xraykit.training import TrainingData, trainer_for

logger = logging.getLogger(__name__)

_NOT_SCORED = {
    "localisation": None,
    "localisation_why": "Heat maps of an ensemble are not scored; those of its members can be, as runs of their own.",
}


def evaluate_and_pack(
    experiment: Experiment,
    members: Sequence[Member],
    data: SealedData,
    training_data: TrainingData,
    boxes: Boxes,
    folder: RunFolder,
    tracker: Tracker,
) -> dict[str, Any]:
    """Combine the members, measure the ensemble and write everything.

    Args:
        experiment: Of the ensemble.
        members: All of them, trained.
        data: Of the ensemble, with a sealed test part.
        training_data: The same with its pictures.
        boxes: See :func:`xraykit.data.load_boxes`.
        folder: The run.
        tracker: Receives metrics and files besides the run folder.

    Returns:
        The content of ``metrics.json``.

    Raises:
        XraykitError: a file of a member is damaged, or data or disk failed.
    """
    trained = trained_members(members, folder.path)
    chosen, rule = _fitted(experiment, trained, training_data)
    scores = {each.member.name: member_score(each, rule.untrained) for each in trained}

    # The only place where the ensemble's test part is unsealed: its decision rule is final, its best member is known.
    # First its members, if it is theirs, too.
    evaluate_members(members, folder, tracker)
    trained = trained_members(members, folder.path)
    opened = unseal(experiment, data, folder)
    odd = odd_training_pictures(opened)
    tables = _on_test_part(trained, opened, experiment, folder)
    test = [] if not tables else [combined(list(tables.values()), [each.rule for each in trained], "test")]
    predictions = with_probabilities(pd.concat([chosen, *test], ignore_index=True), rule)
    metrics = _metrics(experiment, trained, predictions, rule, opened, tables, scores)

    _pack(experiment, trained, opened, rule, folder)
    if test:
        _explain(experiment, opened, predictions, rule, boxes, folder)
    write_data_facts(folder, opened, odd)
    metrics |= {**_NOT_SCORED, KEY: write_predictions(folder.predictions, predictions)}
    metrics = write_pages(experiment, opened, predictions, rule, metrics, folder)
    track_results(tracker, folder, metrics)
    track_summary(tracker, experiment, folder, metrics, renamed=True)
    return metrics


def _fitted(
    experiment: Experiment, trained: Sequence[Trained], data: TrainingData
) -> tuple[pd.DataFrame, DecisionRule]:
    """The predictions that the ensemble's decision rule is fitted on, and the rule."""
    if experiment.data.split.all_folds:
        predictions = out_of_fold(trained)
        return predictions, fit_on_out_of_fold(experiment, predictions, untrained_by_any(trained))
    tables = [each.rows("validation") for each in trained]
    predictions = combined(tables, [each.rule for each in trained], "validation")
    return predictions, fit_decision_rule(experiment, predictions, data)


def _on_test_part(
    trained: Sequence[Trained], data: TrainingData, experiment: Experiment, folder: RunFolder
) -> dict[str, pd.DataFrame]:
    """The predictions of each member for the ensemble's test part, by name; empty if it has none."""
    if not experiment.data.split.all_folds:
        # All members have the ensemble's parts, and have predicted its test part by now.
        return {each.member.name: each.rows("test") for each in trained}
    if not data.parts.sizes["test"]:
        return {}
    tables = {}
    for each in trained:
        logger.info("Member %s predicts the held-out patients.", each.member.name)
        model = load_model(each.folder.path, plugins=experiment.plugins).model
        table = trainer_for(each.member.experiment, parts=data.parts).predict(model, data, "test")
        tables[each.member.name] = with_patient_ids(experiment, table, folder)
        keras.backend.clear_session()
    return tables


def _metrics(
    experiment: Experiment,
    trained: Sequence[Trained],
    predictions: pd.DataFrame,
    rule: DecisionRule,
    data: TrainingData,
    tables: Mapping[str, pd.DataFrame],
    scores: Mapping[str, float | None],
) -> dict[str, Any]:
    """The content of ``metrics.json``: of the test part or, without one, of the out-of-fold predictions."""
    settings, seed, parts = experiment.evaluation, experiment.seed, data.parts
    folds = experiment.data.split.all_folds
    metrics = metrics_of_part(experiment, predictions, rule, parts, "test" if tables else OUT_OF_FOLD)
    found: dict[str, Any] = {"members": _facts(trained, scores), "best_member": best_member(scores)}
    found["chosen_by"] = found["rule_fitted_on"] = OUT_OF_FOLD if folds else "validation"
    if folds:
        found["folds"] = folds_spread(predictions[predictions["part"] == OUT_OF_FOLD], rule, parts.split)
        metrics["cross_fitting"] = _cross_fitting(experiment, predictions, rule)
        metrics["validation"] = None
        if tables:
            metrics[OUT_OF_FOLD] = assess(predictions, rule, settings, parts.split, seed=seed, part=OUT_OF_FOLD)
    else:
        metrics["cross_fitting"] = cross_fitting(experiment, predictions, rule, data)
        metrics["validation"] = {"roc_auc": _validation_score(predictions, rule)}
    if tables:
        alone = members_on_test_part(tables, trained, parts.split, settings, seed)
        for each in found["members"]:
            each["test"] = alone[each["name"]]
        found["spread"] = members_spread(tables, trained)
    found |= _gain(experiment, predictions, rule, tables, found["best_member"])
    return {**metrics, "ensemble": found}


def _facts(trained: Sequence[Trained], scores: Mapping[str, float | None]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.member.name,
            "fold": each.member.fold,
            "seed": each.member.seed,
            "epoch": validation["epoch"],
            "epochs": validation["epochs"],
            "validation_roc_auc": validation["roc_auc"],
            "score": scores[each.member.name],
            "test": None,
        }
        for each in trained
        for validation in [each.finished.metrics["validation"]]
    ]


def _cross_fitting(experiment: Experiment, predictions: pd.DataFrame, rule: DecisionRule) -> dict[str, Any] | None:
    """How optimistic probabilities and calls are on the out-of-fold predictions that the rule was fitted on."""
    settings = experiment.evaluation
    if not settings.cross_fitting:
        return None
    fitted_on = of_part(predictions, OUT_OF_FOLD, rule.labels)
    return cross_fitting_metrics(*fitted_on, rule, settings.calibration, settings.cross_fitting, experiment.seed)


def _validation_score(predictions: pd.DataFrame, rule: DecisionRule) -> float | None:
    targets, logits, _ = of_part(predictions, "validation", rule.labels)
    return macro_roc_auc(masked_targets(targets, rule.labels, rule.untrained), logits)


def _gain(
    experiment: Experiment,
    predictions: pd.DataFrame,
    rule: DecisionRule,
    tables: Mapping[str, pd.DataFrame],
    best: str | None,
) -> dict[str, Any]:
    """``gain`` over the best member, or None and ``gain_why``."""
    if not tables:
        return {"gain": None, "gain_why": "no_held_out_part"}
    if best is None:
        return {"gain": None, "gain_why": "no_best_member"}
    rows = predictions[predictions["part"] == "test"]
    return {"gain": gain(tables[best], rows, rule, experiment.evaluation, experiment.seed), "gain_why": None}


def _pack(
    experiment: Experiment, trained: Sequence[Trained], data: TrainingData, rule: DecisionRule, folder: RunFolder
) -> None:
    """Write the one bundle of all members."""
    screen = training_screen(experiment.seed, [data])
    packed = [PackedMember(each.folder.path, each.member.seed, each.member.fold) for each in trained]
    write_ensemble(folder.bundle, packed, experiment, rule, screen, data.parts)


def _explain(
    experiment: Experiment,
    data: TrainingData,
    predictions: pd.DataFrame,
    rule: DecisionRule,
    boxes: Boxes,
    folder: RunFolder,
) -> None:
    """Write the gallery of the ensemble's heat maps."""
    if experiment.explain.per_kind:
        classifier = load_model(folder.path, plugins=experiment.plugins)
        methods = {"grad_cam": classifier.saliency()}
        draw_examples(experiment, methods, data, predictions, rule, boxes, folder)
