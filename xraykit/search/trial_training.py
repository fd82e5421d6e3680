"""One trial: a training up to its validation scores, with the same trainer as everywhere else."""

import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xraykit.config import DIRECTIONS, Experiment
from xraykit.data import Parts, load_parts
from xraykit.errors import CheckpointError, XraykitError
from xraykit.search import TrialPruned, TrialRecord, TrialReporter, done
from xraykit.search.results.progress import ended_line, progress_line
from xraykit.search.study_record import StudyRecord
from xraykit.search.study_setup import StudySetup, search_of
from xraykit.search.trial_outcome import KILLED
from xraykit.tracking import State, Tracker
from xraykit.training import saved_training, trainer_for, validation_scores

logger = logging.getLogger(__name__)

EPOCH_COLUMNS = {"macro_roc_auc": "val_roc_auc", "worst_label_roc_auc": "val_worst_label_roc_auc", "loss": "val_loss"}
"""Column of the history for each objective that is known after every epoch."""


class TrialTraining:
    """Trains one trial after the other in this process.

    Args:
        setup: Of the study.
        parts: With a sealed test part.
        tracker: Its child runs are the trials.
    """

    def __init__(self, setup: StudySetup, parts: Parts, tracker: Tracker) -> None:
        self._setup = setup
        self._parts = parts
        self._tracker = tracker

    def __call__(self, values: dict[str, Any], trial: TrialReporter) -> Mapping[str, float]:
        """See :data:`xraykit.search.Objective`."""
        with self._tracker.child(trial_name(trial.number)) as child:
            child.log_parameters(values)
            child.set_tags({"xraykit.trial": str(trial.number), "xraykit.trial_origin": str(trial.origin)})
            trainer = trainer_for(self._setup.trial_experiment.with_values(values), parts=self._parts)
            checkpoints = _usable(self._setup.checkpoints(trial.origin), trainer.identity(self._parts))
            first = self._setup.search.objectives[0]

            def report(row: dict[str, Any]) -> None:
                child.log_epoch(row)
                trial.report(row["epoch"] - 1, epoch_score(row, first))

            try:
                scores = validation_scores(trainer, report, checkpoints)
            except TrialPruned as pruned:
                child.finish("pruned", str(pruned))
                raise
            child.log_metrics({f"best_validation_{name}": score for name, score in scores.items()})
            return scores


def epoch_score(row: Mapping[str, Any], objective: str) -> float:
    """The score of one epoch.

    Args:
        row: Of the training's history.
        objective: Name of an objective that is known after every epoch.

    Raises:
        XraykitError: the row does not contain it.
    """
    name = EPOCH_COLUMNS[objective]
    score = row.get(name)
    if score is None:
        raise XraykitError(
            f"Epoch {row.get('epoch')} of a trial has no {name}, which the search optimises. Received: "
            f"{', '.join(sorted(row))}. This is a fault of the trainer; without this score no trial can be compared."
        )
    return float(score)


def trial_name(number: int) -> str:
    """The tracker's name for a trial."""
    return f"trial-{number:04d}"


def after_trial(setup: StudySetup) -> Callable[[TrialRecord, tuple[TrialRecord, ...]], None]:
    """The function to call when a trial has ended: it logs the outcome, deletes checkpoints and updates the record."""
    record = StudyRecord(setup)

    def report(trial: TrialRecord, trials: tuple[TrialRecord, ...]) -> None:
        logger.info("%s; %s", ended_line(setup.search, trial), progress_line(setup.search, trials))
        setup.delete_unneeded_checkpoints(trials)
        record.save_trials(trials)

    return report


def track_best(tracker: Tracker, setup: StudySetup, trials: tuple[TrialRecord, ...]) -> None:
    """Record the best score so far of each objective, over the number of trials that have ended."""
    complete = [trial for trial in trials if trial.state == "complete"]
    best = {}
    for name in setup.search.objectives:
        scores = [trial.scores[name] for trial in complete if name in trial.scores]
        if scores:
            best[f"search/best_so_far_{name}"] = max(scores) if DIRECTIONS[name] == "maximize" else min(scores)
    if best:
        tracker.log_metrics(best, step=done(trials))


def end_orphans(tracker: Tracker, trials: tuple[TrialRecord, ...]) -> None:
    """Close the tracker's runs of trials whose process was killed before it could do so."""
    ends: dict[str, tuple[State, str | None]] = {
        trial_name(trial.number): ("interrupted" if trial.replaced else "failed", trial.reason)
        for trial in trials
        if trial.reason == KILLED
    }
    tracker.end_orphans(ends)


def _usable(checkpoints: Path, identity: Mapping[str, Any]) -> Path:
    """The folder; if its checkpoint is damaged or of another training, it is deleted and the trial starts again."""
    try:
        saved_training(checkpoints, identity)
    except CheckpointError as error:
        logger.warning("%s The trial starts again.", error)
        shutil.rmtree(checkpoints)
    return checkpoints


def data_of_trials(experiment: Experiment) -> tuple[Experiment, Parts]:
    """An experiment with absolute paths, and its parts with a sealed test part, read once for all trials.

    Raises:
        ExperimentError: the experiment has no search.
        DataError: the data cannot be read.
    """
    search_of(experiment)
    experiment = experiment.with_absolute_paths()
    return experiment, load_parts(experiment.data, experiment.split_seed, sealed_test=True)
