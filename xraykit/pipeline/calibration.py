"""Calibration and thresholds: fitted on the validation part, before the test part is unsealed."""

from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import Experiment
from xraykit.evaluation import DecisionRule
from xraykit.evaluation.predictions import cross_fitting_metrics, of_part
from xraykit.system import counted
from xraykit.training import TrainingData


def fit_decision_rule(experiment: Experiment, validation: pd.DataFrame, data: TrainingData) -> DecisionRule:
    """Calibration and operating points of each label.

    Args:
        experiment: Its ``evaluation`` section is read.
        validation: Predictions of the validation part; of its held-out patients alone, if there are some.
        data: The data of the run.
    """
    settings, labels = experiment.evaluation, data.parts.labels
    targets, logits, patients = _fitted_on(experiment, validation, data)
    held_out = experiment.training.held_out_share > 0
    part = "patients of the validation part that were held out from all choices" if held_out else "validation part"
    return DecisionRule.fit(
        targets,
        logits,
        labels,
        method=settings.calibration,
        rules={label: settings.rule_of(label) for label in labels},
        fitted_on=f"{part}, {counted(len(targets), 'radiograph')} of {counted(len(set(patients)), 'patient')}",
        patients=patients,
        min_patients=settings.min_positive_patients,
        untrained=data.untrained,
    )


def cross_fitting(
    experiment: Experiment, predictions: pd.DataFrame, decision_rule: DecisionRule, data: TrainingData
) -> dict[str, Any] | None:
    """How optimistic metrics are where the rule was fitted; None if ``evaluation.cross_fitting`` is 0."""
    settings = experiment.evaluation
    if not settings.cross_fitting:
        return None
    fitted_on = _fitted_on(experiment, predictions, data)
    return cross_fitting_metrics(
        *fitted_on, decision_rule, settings.calibration, settings.cross_fitting, experiment.seed
    )


def _fitted_on(
    experiment: Experiment, predictions: pd.DataFrame, data: TrainingData
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, logits and patients of the radiographs that the rule is fitted on."""
    held_out = data.held_out(experiment.training.held_out_share, experiment.split_seed)
    rows = held_out if held_out.any() else ~held_out
    targets, logits, patients = of_part(predictions, "validation", data.parts.labels)
    return targets[rows], logits[rows], patients[rows]
