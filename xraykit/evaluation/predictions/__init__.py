"""From a run's table of predictions to its metrics. Knows tables, not models."""

from xraykit.evaluation.predictions.assess import assess
from xraykit.evaluation.predictions.cross_fitting import cross_fitting_metrics
from xraykit.evaluation.predictions.parts import data_facts, label_warnings
from xraykit.evaluation.predictions.shortcuts import shortcuts
from xraykit.evaluation.predictions.sources import metrics_by_source, source_warnings
from xraykit.evaluation.predictions.table import of_part, prediction_table, with_probabilities
from xraykit.evaluation.predictions.untrained import with_true_counts

__all__ = [
    "assess",
    "cross_fitting_metrics",
    "data_facts",
    "label_warnings",
    "metrics_by_source",
    "of_part",
    "prediction_table",
    "shortcuts",
    "source_warnings",
    "with_probabilities",
    "with_true_counts",
]
