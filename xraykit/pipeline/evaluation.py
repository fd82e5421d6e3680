"""Metrics of the test part, by the decision rule that was fitted on the validation part."""

from typing import Any

import pandas as pd

from xraykit.config import Experiment
from xraykit.data import Catalog, Parts
from xraykit.evaluation import DecisionRule
from xraykit.evaluation.predictions import assess, metrics_by_source, shortcuts
from xraykit.pipeline.calibration import cross_fitting
from xraykit.registry import FORMATS
from xraykit.training import Fit, TrainingData


def evaluate_test_part(
    experiment: Experiment, predictions: pd.DataFrame, decision_rule: DecisionRule, data: TrainingData, fit: Fit
) -> dict[str, Any]:
    """The content of ``metrics.json``, except for localisation.

    Args:
        experiment: Its ``evaluation`` section is read.
        predictions: Of the validation and the test part, with probabilities.
        decision_rule: Calibration and operating points.
        data: The data of the run, unsealed.
        fit: The training.
    """
    return {
        **metrics_of_part(experiment, predictions, decision_rule, data.parts),
        "cross_fitting": cross_fitting(experiment, predictions, decision_rule, data),
        "validation": {
            "roc_auc": fit.score,
            "epoch": fit.best_epoch,
            "epochs": len(fit.history),
            "held_out_share": experiment.training.held_out_share,
        },
    }


def metrics_of_part(
    experiment: Experiment, predictions: pd.DataFrame, decision_rule: DecisionRule, parts: Parts, part: str = "test"
) -> dict[str, Any]:
    """The metrics of the test part, or of out-of-fold predictions, with what they are measured on.

    Args:
        experiment: Its ``evaluation`` section is read.
        predictions: With probabilities.
        decision_rule: Calibration and operating points.
        parts: The training part is what the metadata baseline learns from; of out-of-fold predictions, there is none.
        part: ``test`` or ``out_of_fold``.
    """
    settings, seed = experiment.evaluation, experiment.seed
    train, is_test = parts.catalog_of("train"), part == "test"
    # A test part of several collections is nobody else's.
    published = FORMATS.get(experiment.data.format).published if is_test and not experiment.data.sources else ()
    resamples = settings.resamples
    return {
        **assess(predictions, decision_rule, settings, parts.split, seed=seed, published=published, part=part),
        **_by_source(experiment, train, predictions, decision_rule, parts, part),
        "shortcuts": shortcuts(train, predictions, decision_rule, resamples=resamples, seed=seed) if is_test else None,
        "data_fingerprint": parts.fingerprint,
        "fingerprints": {"label_file": train.label_file_sha256, "image_list": parts.image_list_sha256},
    }


def _by_source(
    experiment: Experiment,
    train: Catalog,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    parts: Parts,
    part: str,
) -> dict[str, Any]:
    """``sources``, where there are several."""
    found = metrics_by_source(
        train, predictions, decision_rule, experiment.evaluation, parts.split, seed=experiment.seed, part=part
    )
    return {} if found is None else {"sources": found}
