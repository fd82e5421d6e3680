"""From labels and predictions to defensible metrics. Knows numpy arrays, not models."""

from xraykit.evaluation.bootstrap import bootstrap_intervals
from xraykit.evaluation.calibration.chance import ChanceCalibration, calibration_by_chance
from xraykit.evaluation.calibration.fitting import LEAST_PROBABILITY, Calibration, fit_calibration, logits_of
from xraykit.evaluation.calibration.in_the_large import FEWEST_PATIENTS, calibration_in_the_large
from xraykit.evaluation.calibration.metrics import calibration_metrics
from xraykit.evaluation.calibration.reliability import brier_score, expected_calibration_error, reliability_curve
from xraykit.evaluation.comparisons.paired import Predictions, paired_differences
from xraykit.evaluation.comparisons.shortcuts import Metadata, metadata_baseline
from xraykit.evaluation.comparisons.sources import source_metrics, source_remarks
from xraykit.evaluation.comparisons.subgroups import adjust_gaps, age_bands, subgroup_metrics
from xraykit.evaluation.comparisons.unpaired import unpaired_differences
from xraykit.evaluation.comparisons.verdicts import (
    OLDER,
    columns_in_words,
    judged,
    reasons,
    taken_into_account,
    verdict_of,
)
from xraykit.evaluation.counts import Counts
from xraykit.evaluation.decisions.combination import (
    alike_rules,
    combined_logits,
    member_probabilities,
    spread,
    trained_labels,
)
from xraykit.evaluation.decisions.cross_fitting import FOLDS, LabelRule, NotFitted, cross_fitted, fit_label
from xraykit.evaluation.decisions.decision_rule import DecisionRule, too_few_patients
from xraykit.evaluation.decisions.derived import derived_metrics
from xraykit.evaluation.decisions.net_benefit import DecisionCurve, NetBenefit, decision_curve
from xraykit.evaluation.decisions.operating_points import (
    OperatingPoint,
    choose_operating_points,
    choose_threshold,
    operating_points,
    youden_threshold,
)
from xraykit.evaluation.decisions.threshold_metrics import at_threshold, predictive_values
from xraykit.evaluation.evaluate import evaluate, has_few_cases
from xraykit.evaluation.localisation.heat_maps import map_state
from xraykit.evaluation.localisation.scores import BASELINES, localisation_metrics
from xraykit.evaluation.metric_table import METRICS, Metric, add_metric, shown_in
from xraykit.evaluation.metrics import (
    as_columns,
    average_precision,
    is_estimable,
    known_cases,
    label_roc_aucs,
    macro,
    macro_roc_auc,
    roc_auc,
    roc_points,
    tie_ends,
)
from xraykit.evaluation.published import published_figures
from xraykit.evaluation.reasons import REASON_CODES, ReasonCode
from xraykit.evaluation.statistics.delong import DeLongComparison, delong_comparison, delong_interval, delong_variance
from xraykit.evaluation.statistics.intervals import (
    ENOUGH_PATIENTS,
    LEAST_RESAMPLES,
    percentile_interval,
    wilson_interval,
)
from xraykit.evaluation.statistics.kappa import Agreement, cohens_kappa
from xraykit.evaluation.statistics.multiple import holm
from xraykit.evaluation.statistics.resampling import patient_codes, patients_of_rarer_class, ratio, resampled_sums
from xraykit.evaluation.statistics.shares import share_interval
from xraykit.evaluation.statistics.stratified_auc import stratified_auc
from xraykit.evaluation.tables import ENOUGH_CASES, NOT_ESTIMABLE, few_cases, format_metrics, markdown_table
from xraykit.evaluation.untrained import masked_targets, untrained_labels

__all__ = [
    "BASELINES",
    "ENOUGH_CASES",
    "ENOUGH_PATIENTS",
    "FEWEST_PATIENTS",
    "FOLDS",
    "LEAST_PROBABILITY",
    "LEAST_RESAMPLES",
    "METRICS",
    "NOT_ESTIMABLE",
    "OLDER",
    "REASON_CODES",
    "Agreement",
    "Calibration",
    "ChanceCalibration",
    "Counts",
    "DeLongComparison",
    "DecisionCurve",
    "DecisionRule",
    "LabelRule",
    "Metadata",
    "Metric",
    "NetBenefit",
    "NotFitted",
    "OperatingPoint",
    "Predictions",
    "ReasonCode",
    "add_metric",
    "adjust_gaps",
    "age_bands",
    "alike_rules",
    "as_columns",
    "at_threshold",
    "average_precision",
    "bootstrap_intervals",
    "brier_score",
    "calibration_by_chance",
    "calibration_in_the_large",
    "calibration_metrics",
    "choose_operating_points",
    "choose_threshold",
    "cohens_kappa",
    "columns_in_words",
    "combined_logits",
    "cross_fitted",
    "decision_curve",
    "delong_comparison",
    "delong_interval",
    "delong_variance",
    "derived_metrics",
    "evaluate",
    "expected_calibration_error",
    "few_cases",
    "fit_calibration",
    "fit_label",
    "format_metrics",
    "has_few_cases",
    "holm",
    "is_estimable",
    "judged",
    "known_cases",
    "label_roc_aucs",
    "localisation_metrics",
    "logits_of",
    "macro",
    "macro_roc_auc",
    "map_state",
    "markdown_table",
    "masked_targets",
    "member_probabilities",
    "metadata_baseline",
    "operating_points",
    "paired_differences",
    "patient_codes",
    "patients_of_rarer_class",
    "percentile_interval",
    "predictive_values",
    "published_figures",
    "ratio",
    "reasons",
    "reliability_curve",
    "resampled_sums",
    "roc_auc",
    "roc_points",
    "share_interval",
    "shown_in",
    "source_metrics",
    "source_remarks",
    "spread",
    "stratified_auc",
    "subgroup_metrics",
    "taken_into_account",
    "tie_ends",
    "too_few_patients",
    "trained_labels",
    "unpaired_differences",
    "untrained_labels",
    "verdict_of",
    "wilson_interval",
    "youden_threshold",
]
