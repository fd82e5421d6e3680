"""From labels and predictions to defensible figures. Knows numpy arrays, not models."""

from xraykit.evaluation.calibration.chance import ChanceCalibration, calibration_by_chance
from xraykit.evaluation.calibration.fitting import Calibration, fit_calibration, logits_of
from xraykit.evaluation.calibration.metrics import calibration_figures
from xraykit.evaluation.calibration.reliability import (
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from xraykit.evaluation.comparisons.paired import Predictions, paired_differences
from xraykit.evaluation.comparisons.shortcuts import Metadata, metadata_baseline
from xraykit.evaluation.comparisons.subgroups import adjust_gaps, age_bands, subgroup_figures
from xraykit.evaluation.decisions.decision_rule import DecisionRule, too_few_patients
from xraykit.evaluation.decisions.derived import derived_figures
from xraykit.evaluation.decisions.operating_points import (
    OperatingPoint,
    choose_operating_points,
    choose_threshold,
    operating_points,
    youden_threshold,
)
from xraykit.evaluation.decisions.threshold_metrics import at_threshold, predictive_values
from xraykit.evaluation.evaluate import evaluate
from xraykit.evaluation.localisation.heat_maps import map_state
from xraykit.evaluation.localisation.scores import localisation_figures
from xraykit.evaluation.metrics import average_precision, label_roc_aucs, macro, macro_roc_auc, roc_auc, roc_points
from xraykit.evaluation.published import published_figures
from xraykit.evaluation.reasons import REASON_CODES, ReasonCode
from xraykit.evaluation.statistics.bootstrap import bootstrap_intervals
from xraykit.evaluation.statistics.delong import DeLongComparison, delong_comparison, delong_interval, delong_variance
from xraykit.evaluation.statistics.intervals import wilson_interval
from xraykit.evaluation.statistics.multiple import holm
from xraykit.evaluation.tables import format_metrics, markdown_table
from xraykit.evaluation.untrained import masked_targets, untrained_labels

__all__ = [
    "REASON_CODES",
    "Calibration",
    "ChanceCalibration",
    "DeLongComparison",
    "DecisionRule",
    "Metadata",
    "OperatingPoint",
    "Predictions",
    "ReasonCode",
    "adjust_gaps",
    "age_bands",
    "at_threshold",
    "average_precision",
    "bootstrap_intervals",
    "brier_score",
    "calibration_by_chance",
    "calibration_figures",
    "choose_operating_points",
    "choose_threshold",
    "delong_comparison",
    "delong_interval",
    "delong_variance",
    "derived_figures",
    "evaluate",
    "expected_calibration_error",
    "fit_calibration",
    "format_metrics",
    "holm",
    "label_roc_aucs",
    "localisation_figures",
    "logits_of",
    "macro",
    "macro_roc_auc",
    "map_state",
    "markdown_table",
    "masked_targets",
    "metadata_baseline",
    "operating_points",
    "paired_differences",
    "predictive_values",
    "published_figures",
    "reliability_curve",
    "roc_auc",
    "roc_points",
    "subgroup_figures",
    "too_few_patients",
    "untrained_labels",
    "wilson_interval",
    "youden_threshold",
]
