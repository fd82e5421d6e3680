"""An experiment as an objective of Optuna, for notebooks that run their own study."""

import gc
from typing import Any

import optuna

from xraykit.config import DIRECTIONS, Experiment
from xraykit.data import Parts
from xraykit.errors import ExperimentError
from xraykit.search.space import suggest
from xraykit.search.storage.trial import OptunaDraw
from xraykit.search.study_setup import search_of, trial_experiment
from xraykit.search.trial_training import data_of_trials, epoch_score
from xraykit.training import trainer_for, validation_scores


class OptunaObjective:
    """One training for each trial, scored on the validation part; see :func:`objective`.

    Attributes:
        directions: For ``optuna.create_study``: ``maximize`` or ``minimize`` for each of ``search.objectives``.
    """

    def __init__(self, experiment: Experiment, parts: Parts) -> None:
        self._search = search_of(experiment)
        self._experiment = trial_experiment(experiment)
        self._parts = parts
        self.directions = [DIRECTIONS[name] for name in self._search.objectives]

    def __call__(self, trial: optuna.Trial) -> float | tuple[float, ...]:
        """Suggest values, train with them and score.

        Args:
            trial: Of a study with these :attr:`directions`, or a finished one whose training is to be repeated.

        Returns:
            The scores by the order of ``search.objectives``; with one objective a number.

        Raises:
            optuna.TrialPruned: the study's pruner ends the trial. It sees the first objective after each epoch; Optuna
                prunes only studies with one objective.
            TrialFailed: this training failed, but others may not, such as with a lower learning rate.
            XraykitError: anything else is wrong, such as the directions of the study.
        """
        self._check(trial)
        values = suggest(self._search.space, OptunaDraw(trial))
        trainer = trainer_for(self._experiment.with_values(values), parts=self._parts)
        try:
            scores = validation_scores(trainer, lambda row: self._report(trial, row))
        finally:
            # The next trial needs the memory of the model.
            gc.collect()
        chosen = tuple(float(scores[name]) for name in self._search.objectives)
        return chosen if len(chosen) > 1 else chosen[0]

    def _report(self, trial: optuna.Trial, row: dict[str, Any]) -> None:
        if len(self.directions) > 1:
            return
        score, epoch = epoch_score(row, self._search.objectives[0]), row["epoch"]
        trial.report(score, step=epoch - 1)
        if trial.should_prune():
            raise optuna.TrialPruned(f"pruned after epoch {epoch} with score {score:.4f}")

    def _check(self, trial: optuna.Trial) -> None:
        """A finished trial (FrozenTrial) belongs to no study."""
        study = getattr(trial, "study", None)
        if study is None:
            return
        received = [direction.name.lower() for direction in study.directions]
        if received != self.directions:
            raise ExperimentError(
                f"The directions of the study do not fit the experiment's objectives "
                f"{', '.join(self._search.objectives)}. Expected: {', '.join(self.directions)}. Received: "
                f"{', '.join(received)}. Create it with optuna.create_study(directions=objective.directions)."
            )


def objective(experiment: Experiment) -> OptunaObjective:
    """A callable for ``optuna.Study.optimize``, from an experiment with a ``search`` section.

    Each trial draws its values from ``search.space``, trains for ``search.epochs`` and is scored on the validation
    part; the labels of the test part are not loaded. Sampler, pruner and storage are those of the caller's study; only
    ``space``, ``epochs`` and ``objectives`` of the section are used. Nothing is written except the picture cache.

    ::

        objective = xraykit.objective(xraykit.load_experiment("experiments/densenet.yaml"))
        study = optuna.create_study(directions=objective.directions)
        study.optimize(objective, n_trials=20, catch=xraykit.errors.TrialFailed)

    Args:
        experiment: See :func:`xraykit.load_experiment`. Its label file is read now, once for all trials.

    Raises:
        ExperimentError: the experiment has no search.
        DataError: the data cannot be read.
    """
    return OptunaObjective(*data_of_trials(experiment))
