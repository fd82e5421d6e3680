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
    parts = data.parts
    settings, seed = experiment.evaluation, experiment.seed
    train = parts.catalog_of("train")
    return {
        **assess(
            predictions,
            decision_rule,
            settings,
            parts.split,
            seed=seed,
            # A test part of several collections is nobody else's.
            published=() if experiment.data.sources else FORMATS.get(experiment.data.format).published,
        ),
        **_by_source(experiment, train, predictions, decision_rule, parts),
        "shortcuts": shortcuts(train, predictions, decision_rule, resamples=settings.resamples, seed=seed),
        "cross_fitting": cross_fitting(experiment, predictions, decision_rule, data),
        "validation": {
            "roc_auc": fit.score,
            "epoch": fit.best_epoch,
            "epochs": len(fit.history),
            "held_out_share": experiment.training.held_out_share,
        },
        "data_fingerprint": parts.fingerprint,
        "fingerprints": {"label_file": train.label_file_sha256, "image_list": parts.image_list_sha256},
    }


def _by_source(
    experiment: Experiment, train: Catalog, predictions: pd.DataFrame, decision_rule: DecisionRule, parts: Parts
) -> dict[str, Any]:
    """``sources``, where there are several."""
    found = metrics_by_source(
        train, predictions, decision_rule, experiment.evaluation, parts.split, seed=experiment.seed
    )
    return {} if found is None else {"sources": found}
