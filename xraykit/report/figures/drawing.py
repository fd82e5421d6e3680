"""The figures that can be drawn from the files of a run."""

import pandas as pd
from matplotlib.figure import Figure

from xraykit.report.figures.curves import draw_precision_recall, draw_reliability, draw_roc_curves
from xraykit.report.figures.numbers import draw_prevalence, draw_training_curves
from xraykit.report.run_files import RunFiles


def draw_figures(run: RunFiles) -> dict[str, Figure]:
    """``roc_curves``, ``precision_recall``, ``reliability``, ``training_curves`` and ``prevalence``, by name.

    What a run does not have the files for is left out.

    Raises:
        DataError: a file lacks a column.
    """
    part, split = str(run.metrics["part"]), str(run.split)
    figures = {}
    scores, calibration = run.scores, run.metrics.get("calibration")
    if scores is not None:
        figures["roc_curves"] = draw_roc_curves(*scores, run.labels, part=part, split=split)
        figures["precision_recall"] = draw_precision_recall(*scores, run.labels, part=part, split=split)
    if calibration:
        figures["reliability"] = draw_reliability(calibration["labels"], part=part, split=split)
    if run.history is not None:
        figures["training_curves"] = draw_training_curves(run.history, split=split)
    if run.data is not None:
        rows = [
            {"label": label, "part": name, **counts}
            for name, facts in run.data["parts"].items()
            for label, counts in facts["labels"].items()
        ]
        figures["prevalence"] = draw_prevalence(pd.DataFrame(rows), split=split)
    return figures
