"""From an experiment to its run folder: search, if one is asked for, then train, evaluate and explain the winner."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from xraykit import backend
from xraykit.bundle import Classifier, load_model
from xraykit.config import Experiment, Search, load_experiment
from xraykit.data import Parts, describe_briefly, load_parts
from xraykit.run_folder import RunFolder, continued
from xraykit.search import SearchResult, TrialPruned, TrialReporter, run_search, write_trials
from xraykit.tracking import Tracker, open_tracker
from xraykit.trainer import trainer_for
from xraykit.version import VERSION

log = logging.getLogger(__name__)

# These sections say where results go and how they are shown; they do not change a trial's score.
_NOT_SCORED = ("name", "plugins", "search", "evaluation", "explain", "tracking", "output")


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: Where everything is.
        metrics: The content of ``metrics.json``.
    """

    folder: Path
    metrics: Mapping[str, Any]

    def predictions(self) -> pd.DataFrame:
        """The table of ``predictions.csv``."""
        return pd.read_csv(RunFolder(self.folder).predictions, dtype={"patient": str})

    def history(self) -> pd.DataFrame:
        """One row per epoch."""
        return pd.read_csv(RunFolder(self.folder).history)

    def classifier(self) -> Classifier:
        """The trained network, to predict with."""
        return load_model(self.folder)


def run_experiment(experiment: Experiment, folder: RunFolder | None = None) -> Run:
    """Run an experiment from its label file to its figures.

    Args:
        experiment: See :func:`xraykit.load_experiment`.
        folder: Where results go; left out, a new ``output.root/NAME/TIMESTAMP``.

    Raises:
        XraykitError: the message says what was wrong, and what to do.
    """
    folder = folder or RunFolder.create(Path(experiment.output.root), experiment.name)
    if not folder.experiment.is_file():
        folder.write_text(folder.experiment, experiment.to_yaml(comment=f"xraykit {VERSION}, resolved experiment"))
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    log.info(describe_briefly(parts))
    with _tracker(experiment, parts, folder) as tracker:
        winner = _winner(experiment, parts, folder, tracker)
        metrics = trainer_for(winner, tracker).run(folder)
        return Run(folder.path, metrics)


def resume(path: str | Path, overrides: Sequence[str] = ()) -> Run:
    """Go on with a run that was stopped or killed, from its last whole epoch.

    Args:
        path: Its run folder.
        overrides: Of ``tracking`` alone: the run folder does not keep passwords.

    Raises:
        CheckpointError: this is no run folder, or another key is overridden.
    """
    folder, experiment = continued(path, overrides)
    if folder.metrics.is_file():
        log.info("%s is finished; nothing is left to do.", folder.path)
        return Run(folder.path, json.loads(folder.metrics.read_text(encoding="utf-8")))
    return run_experiment(experiment, folder)


def _tracker(experiment: Experiment, parts: Parts, folder: RunFolder) -> Tracker:
    known = json.loads(folder.record.read_text(encoding="utf-8")) if folder.record.is_file() else {}
    tracker = open_tracker(
        experiment.tracking.uri,
        root=Path(experiment.output.root),
        experiment=experiment.name,
        run_name=folder.path.name,
        resume_run_id=known.get("tracking_run"),
    )
    tracker.log_parameters(experiment.with_values({"tracking.uri": None}).values())
    about = {
        "data_fingerprint": parts.fingerprint,
        "split": parts.description,
        "xraykit": VERSION,
        **backend.describe(),
    }
    tracker.set_tags(about)
    folder.write_json(folder.record, {"tracking_run": tracker.run_id, **about})
    return tracker


def _winner(experiment: Experiment, parts: Parts, folder: RunFolder, tracker: Tracker) -> Experiment:
    """The experiment to train: the search's best, or as it stands if there is no search."""
    if experiment.search is None:
        return experiment
    if folder.best_experiment.is_file():
        return load_experiment(folder.best_experiment).with_values({"tracking.uri": experiment.tracking.uri})
    result = _search(experiment, experiment.search, parts, tracker)
    searched = {key: value for key, value in result.best.values.items() if key in experiment.search.space}
    winner = experiment.with_values({"search": None, **searched})
    folder.search.mkdir(exist_ok=True)
    write_trials(result, folder.search / "trials.csv")
    comment = (
        f"The winner of {len(result.trials)} trials: validation macro ROC AUC {result.best.score:.4f} "
        f"(trial {result.best.number})."
    )
    folder.write_text(folder.best_experiment, winner.to_yaml(comment=comment))
    log.info("%s Now it is trained.", comment)
    tracker.log_metrics({"search/best_validation_roc_auc": result.best.score, "search/trials": len(result.trials)})
    return winner


def _search(experiment: Experiment, search: Search, parts: Parts, tracker: Tracker) -> SearchResult:
    alone = experiment.with_values({"search": None, **({"training.epochs": search.epochs} if search.epochs else {})})

    def objective(values: dict[str, Any], trial: TrialReporter) -> float:
        with tracker.child(f"trial-{trial.number:04d}") as child:
            child.log_parameters(values)
            trainer = trainer_for(alone.with_values(values), child)
            try:
                score = trainer.validation_score(lambda epoch, score: trial.report(epoch - 1, score))
            except TrialPruned as pruned:
                child.finish("pruned", str(pruned))
                raise
            child.log_metrics({"best_validation_roc_auc": score})
            return score

    return run_search(
        search,
        objective,
        folder=Path(experiment.output.root) / experiment.name / "study",
        identity=_identity(alone, parts),
        seed=experiment.seed,
        epochs=alone.training.epochs,
    )


def _identity(experiment: Experiment, parts: Parts) -> str:
    """Hash of everything that shapes a trial's score beside the searched values: a changed study is a new one."""
    values = {key: value for key, value in experiment.values().items() if key not in _NOT_SCORED}
    text = json.dumps([values, parts.fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
