"""From labels and predictions to defensible figures. Knows numpy arrays, not models."""

from xraykit.evaluation.bootstrap import bootstrap_intervals
from xraykit.evaluation.evaluate import evaluate
from xraykit.evaluation.metrics import average_precision, macro, macro_roc_auc, roc_auc, roc_points
from xraykit.evaluation.operating_points import at_threshold, operating_points, youden_threshold
from xraykit.evaluation.tables import format_metrics, markdown_table

__all__ = [
    "at_threshold",
    "average_precision",
    "bootstrap_intervals",
    "evaluate",
    "format_metrics",
    "macro",
    "macro_roc_auc",
    "markdown_table",
    "operating_points",
    "roc_auc",
    "roc_points",
    "youden_threshold",
]
