"""The figures that can be drawn from the files of a run."""

import pandas as pd
from matplotlib.figure import Figure

from xraykit.report.decisions import decision_curves_of
from xraykit.report.figures.curves import draw_precision_recall, draw_reliability, draw_roc_curves
from xraykit.report.figures.decision_curves import draw_decision_curves
from xraykit.report.figures.numbers import draw_prevalence, draw_training_curves
from xraykit.report.scores import scores_of
from xraykit.runs import FinishedRun


def draw_figures(run: FinishedRun) -> dict[str, Figure]:
    """The figures by the names of their files: ``roc_curves``, ``precision_recall``, ``reliability``, ...

    What a run does not have the files for is left out.

    Raises:
        DataError: a file lacks a column.
    """
    part, split = str(run.metrics["part"]), str(run.split)
    figures = {}
    scores, calibration = scores_of(run), run.metrics.get("calibration")
    if scores is not None:
        figures["roc_curves"] = draw_roc_curves(*scores, run.labels, part=part, split=split)
        figures["precision_recall"] = draw_precision_recall(*scores, run.labels, part=part, split=split)
    if calibration:
        figures["reliability"] = draw_reliability(calibration["labels"], part=part, split=split)
    decisions = decision_curves_of(run)
    if decisions is not None and decisions.curves:
        figures["decision_curves"] = draw_decision_curves(decisions.curves, part=part, split=split)
    if run.files.history.is_file():
        figures["training_curves"] = draw_training_curves(run.history(), split=split)
    data = run.data_facts()
    if data is not None:
        rows = [
            {"label": label, "part": name, **counts}
            for name, facts in data["parts"].items()
            for label, counts in facts["labels"].items()
        ]
        figures["prevalence"] = draw_prevalence(pd.DataFrame(rows), split=split)
    return figures
