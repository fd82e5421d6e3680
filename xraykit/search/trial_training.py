"""A trial is a training: the same trainer as everywhere else, up to its validation scores."""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.data import Parts
from xraykit.errors import CheckpointError, XraykitError
from xraykit.search import TrialPruned, TrialReporter
from xraykit.search.places import Places
from xraykit.tracking import Tracker
from xraykit.training import saved_training, trainer_for

logger = logging.getLogger(__name__)

# What a row of the history calls each objective that can be told after an epoch.
_IN_ROW = {"macro_roc_auc": "val_roc_auc", "worst_label_roc_auc": "val_worst_label_roc_auc", "loss": "val_loss"}


class TrialTraining:
    """Trains one trial after the other in this process.

    Args:
        places: Of the study.
        parts: With a sealed test part.
        tracker: Whose children the trials are.
    """

    def __init__(self, places: Places, parts: Parts, tracker: Tracker) -> None:
        self._places = places
        self._parts = parts
        self._tracker = tracker

    def __call__(self, values: dict[str, Any], trial: TrialReporter) -> Mapping[str, float]:
        """See :data:`xraykit.search.Objective`."""
        with self._tracker.child(trial_name(trial.number)) as child:
            child.log_parameters(values)
            child.set_tags({"xraykit.trial": str(trial.number), "xraykit.trial_origin": str(trial.origin)})
            trainer = trainer_for(self._places.alone.with_values(values), child, parts=self._parts)
            checkpoints = _usable(self._places.checkpoints(trial.origin), trainer.identity(self._parts))
            try:
                scores = trainer.validation_scores(
                    lambda row: trial.report(row["epoch"] - 1, self._first_objective(row)), checkpoints
                )
            except TrialPruned as pruned:
                child.finish("pruned", str(pruned))
                raise
            child.log_metrics({f"best_validation_{name}": score for name, score in scores.items()})
            return scores

    def _first_objective(self, row: Mapping[str, Any]) -> float:
        name = _IN_ROW[self._places.search.objectives[0]]
        score = row.get(name)
        if score is None:
            raise XraykitError(
                f"Epoch {row.get('epoch')} of a trial has no {name}, which the search is steered by. Received: "
                f"{', '.join(sorted(row))}. This is a fault of the trainer; without the figure no trial can be judged."
            )
        return float(score)


def trial_name(number: int) -> str:
    """What the tracker calls a trial."""
    return f"trial-{number:04d}"


def _usable(checkpoints: Path, identity: Mapping[str, Any]) -> Path:
    """The folder, without a checkpoint in it that is damaged or of another training: the trial then begins anew."""
    try:
        saved_training(checkpoints, identity)
    except CheckpointError as error:
        logger.warning("%s The trial begins anew.", error)
        shutil.rmtree(checkpoints)
    return checkpoints
