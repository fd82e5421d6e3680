"""What a run leaves behind: tables, plots, worklist and report in its folder, and copies in the tracker."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from xraykit.config import Experiment
from xraykit.evaluation import DecisionRule
from xraykit.evaluation.predictions import data_facts
from xraykit.input_check import OddPictures
from xraykit.report import draw_radiographs, write_report
from xraykit.runs import KEY, DataFacts, RunFolder, read_frame, write_predictions
from xraykit.tracking import Tracker
from xraykit.training import Fit, TrainingData
from xraykit.worklist import write_worklist


def epoch_recorder(folder: RunFolder, tracker: Tracker) -> Callable[[dict[str, Any]], None]:
    """A function that adds the row of each epoch to ``history.csv`` and to the tracker."""
    rows: list[Mapping[Any, Any]] = []
    if folder.history.is_file():
        rows += read_frame(folder.history, ("stage",)).to_dict("records")

    def record(row: dict[str, Any]) -> None:
        rows[row["epoch"] - 1 :] = [row]
        folder.write_table(folder.history, rows)
        tracker.log_epoch(row)

    return record


def write_data_facts(folder: RunFolder, data: TrainingData, odd: OddPictures) -> None:
    """Write ``data.json``: counts of each part, of duplicates and of odd pictures; and ``left_out.csv``."""
    pictures = {
        "duplicates": data.duplicates.as_values(),
        "near_duplicates": data.near_duplicates.as_values(),
        "odd_training_pictures": odd.as_values(),
    }
    facts = data_facts(data.parts, data.unreadable)
    folder.write_json(folder.data, {"version": DataFacts.VERSION, **facts, "pictures": pictures})
    if data.unreadable:
        folder.write_table(folder.left_out, [asdict(each) for each in data.unreadable])


def write_results(
    experiment: Experiment,
    data: TrainingData,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    fit: Fit,
    metrics: dict[str, Any],
    folder: RunFolder,
    *,
    pages: bool = True,
) -> dict[str, Any]:
    """Write tables, plots, worklist, ``metrics.json`` and, from these files, the report.

    Args:
        experiment: Of the run.
        data: Its data, unsealed.
        predictions: With probabilities.
        decision_rule: Calibration and operating points.
        fit: The training.
        metrics: What was measured.
        folder: The run.
        pages: Whether plots, worklist and report are written, too.

    Returns:
        The content of ``metrics.json``.
    """
    metrics = {**metrics, KEY: write_predictions(folder.predictions, predictions)}
    folder.write_table(folder.history, pd.DataFrame(fit.history))
    if not pages:
        return folder.write_metrics(metrics)
    return write_pages(experiment, data, predictions, decision_rule, metrics, folder)


def write_pages(
    experiment: Experiment,
    data: TrainingData,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    metrics: dict[str, Any],
    folder: RunFolder,
) -> dict[str, Any]:
    """Write plots, worklist, ``metrics.json`` and, from these files, the report; see :func:`write_results`."""
    draw_radiographs(data.parts, data.pictures, folder.figures, experiment.seed, experiment.output.figures)
    split, part = str(data.parts.split), metrics["part"]
    write_worklist(folder, predictions, decision_rule, data.pictures, split=split, part=part)
    written = folder.write_metrics(metrics)
    write_report(folder)
    return written


def track_results(tracker: Tracker, folder: RunFolder, metrics: Mapping[str, Any]) -> None:
    """Record metrics, files and bundle of a run."""
    tracker.log_metrics(_flat(metrics))
    for path, subfolder in folder.artifacts():
        tracker.log_file(path, subfolder)
    tracker.log_model(folder.bundle)


def _flat(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """Metrics under the tracker's names: ``test/macro/roc_auc``, ``test/Mass/roc_auc``."""
    named = {name: metrics[name] for name in ("macro", "macro_enough_cases")} | metrics["labels"]
    of_sources = (metrics.get("sources") or {}).get("each", {})
    named |= {f"source {name}/macro": each["macro"] for name, each in of_sources.items()}
    flat = {
        f"{metrics['part']}/{label}/{name}": value
        for label, values in named.items()
        for name, value in values.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }
    return {**flat, "validation/macro/roc_auc": (metrics.get("validation") or {}).get("roc_auc")}
