"""What trackers show of a run for people: its name, a description with the result, its data and its commit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.config import Experiment
from xraykit.data import Parts
from xraykit.runs import RunFolder, read_environment
from xraykit.tracking import Dataset, Tracker


def run_name(experiment: Experiment, folder: RunFolder, score: float | None = None) -> str:
    """Backbone, score and folder: ``densenet121 0.812 20260101-120000``; the score is left out until it is known."""
    shown = "" if score is None else f" {score:.3f}"
    return f"{experiment.model.network}{shown} {folder.path.name}"


def dataset_of(experiment: Experiment, parts: Parts) -> Dataset:
    """The data of a run without folders; nobody's name is in them."""
    data = experiment.data
    formats = [source.name for source in data.sources] if data.sources else [data.format]
    facts = {
        "split": str(parts.split),
        **{f"radiographs.{part}": parts.sizes[part] for part in parts.sizes},
        "labels": ", ".join(parts.labels),
    }
    source = Path(parts.catalog_of("train").source).name
    return Dataset(" + ".join(map(str, formats)), parts.fingerprint, source, facts)


def commit_of(folder: RunFolder) -> str | None:
    """The commit of the git checkout that the run was started in last; None if it was in none."""
    environment = read_environment(folder)
    git = environment.starts[-1].git if environment is not None and environment.starts else None
    return None if git is None else git.commit


def describe_start(experiment: Experiment, parts: Parts, folder: RunFolder) -> str:
    """The description of a run that has no result yet, as Markdown."""
    return f"{_network(experiment)}. No result yet.\n\n{_data(experiment, parts.fingerprint)}\n\n{_folder(folder)}"


def track_summary(
    tracker: Tracker, experiment: Experiment, folder: RunFolder, metrics: Mapping[str, Any], *, renamed: bool
) -> None:
    """Describe a finished run by its result, and put its score into its name.

    Args:
        tracker: Of the run.
        experiment: Of the run; of a search that of its winner.
        folder: The run.
        metrics: The content of ``metrics.json``.
        renamed: False: a member of an ensemble, which is found by its name.
    """
    report = folder.report.name if folder.report.is_file() else None
    tracker.describe(describe_result(experiment, folder, metrics), report)
    if renamed:
        tracker.rename(run_name(experiment, folder, metrics["macro"]["roc_auc"]))


def describe_result(experiment: Experiment, folder: RunFolder, metrics: Mapping[str, Any]) -> str:
    """The description of a finished run, as Markdown."""
    macro, part = metrics["macro"], str(metrics["part"]).replace("_", " ")
    score = "not estimable" if macro["roc_auc"] is None else f"{macro['roc_auc']:.3f}"
    interval = macro.get("roc_auc_interval")
    between = f" (95 % interval {interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
    lines = [
        f"**ROC AUC {score}**{between}, mean of {macro['labels']} findings on the {part} part: "
        f"{metrics['images']:,} radiographs of {metrics['patients']:,} patients.",
        f"{_network(experiment)}.",
        _data(experiment, metrics["data_fingerprint"]),
        _folder(folder),
    ]
    return "\n\n".join(lines)


def _network(experiment: Experiment) -> str:
    model, training = experiment.model, experiment.training
    several = " (several networks)" if experiment.is_ensemble else ""
    weights = "random weights" if model.weights is None else f"weights {Path(model.weights).name}"
    return f"Network {model.backbone}{several} from {weights}, {training.trainer}, seed {experiment.seed}"


def _data(experiment: Experiment, fingerprint: str) -> str:
    data = experiment.data
    return f"Data: {len(data.labels)} labels, {data.image_size} pixels, fingerprint {fingerprint[:12]}."


def _folder(folder: RunFolder) -> str:
    """The run by the last two parts of its folder: the others are of this machine."""
    return f"Run folder: {'/'.join(folder.path.parts[-2:])}; its report is {folder.report.name}."
