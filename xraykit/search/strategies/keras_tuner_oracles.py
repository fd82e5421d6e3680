"""Keras Tuner's oracles, in memory: they take values that were proposed before, and write no files.

This is the one module that overrides a private name of Keras Tuner, ``_save_trial``: no public way keeps an oracle from
writing a file for each trial. tests/search/strategies/test_keras_tuner_replay.py shows that no file is written.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus
from threadpoolctl import threadpool_limits

from xraykit.config import DIRECTIONS
from xraykit.search.space import parameters
from xraykit.search.strategies.keras_tuner_space import declare
from xraykit.search.study import StudyPlan

SCORE = "score"

_MOST_COLLISIONS = 20
"""As often Keras Tuner itself draws values that were tried before it takes a space for exhausted."""


class _InMemory:
    """Mixin of an oracle.

    Attributes:
        known: Values of the next trial if they are known already; else ``None``.
        proposes: Whether the oracle makes a proposal for the next trial. It changes the oracle's state even where
            ``known`` takes the proposal's place.
    """

    known: dict[str, Any] | None = None
    proposes: bool = True

    def save(self) -> None:
        """Nothing: the study's trials are all that is kept."""

    def _save_trial(self, trial: Trial) -> None:
        """Nothing: see :meth:`save`."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The oracle's proposal, or the known values; see Keras Tuner's ``Oracle.populate_space``."""
        proposal: dict[str, Any] = super().populate_space(trial_id) if self.proposes else {}  # type: ignore[misc]
        return proposal if self.known is None else {"status": TrialStatus.RUNNING, "values": self.known}


class _WithoutRepetition(keras_tuner.oracles.BayesianOptimizationOracle):
    """Keras Tuner's own oracle proposes the optimum of a discrete space again and again once it has found it."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The oracle's proposal; random values if a trial has the proposed ones."""
        proposal: dict[str, Any] = super().populate_space(trial_id)
        tried = [trial.hyperparameters.values for trial in self.trials.values()]
        if proposal["values"] not in tried:
            return proposal
        drawn = keras_tuner.oracles.RandomSearchOracle(
            hyperparameters=self.get_space(), seed=self.seed * 1_000_003 + len(tried) + 1
        )
        proposals = (drawn.populate_space(trial_id) for _ in range(_MOST_COLLISIONS))
        return next((each for each in proposals if each["values"] not in tried), {"status": TrialStatus.STOPPED})


class _RandomSearch(_InMemory, keras_tuner.oracles.RandomSearchOracle):
    pass


class _BayesianOptimization(_InMemory, _WithoutRepetition):
    pass


class _Hyperband(_InMemory, keras_tuner.oracles.HyperbandOracle):
    pass


class _GridSearch(_InMemory, keras_tuner.oracles.GridSearchOracle):
    pass


ORACLES: dict[str, Any] = {
    "random_search": _RandomSearch,
    "bayesian_optimization": _BayesianOptimization,
    "hyperband": _Hyperband,
    "grid_search": _GridSearch,
}


def make_oracle(plan: StudyPlan, initial_points: int) -> Any:
    """A new oracle of the kind that ``search.keras_tuner.method`` names.

    Args:
        plan: Of the study. Its first objective is what the oracle sees.
        initial_points: Random trials before Bayesian optimisation begins.
    """
    search, settings = plan.search, plan.search.keras_tuner
    # The study counts the trials, so that the oracle has no limit of its own.
    options: dict[str, Any] = {"max_trials": None}
    if settings.method == "bayesian_optimization":
        options["num_initial_points"] = initial_points
    if settings.method == "hyperband":
        options = {"max_epochs": plan.epochs, "factor": settings.factor, "hyperband_iterations": None}
    oracle = ORACLES[settings.method](
        objective=keras_tuner.Objective(SCORE, DIRECTIONS[search.objectives[0]][:3]),
        hyperparameters=declare(search.space, gridded=settings.method == "grid_search"),
        allow_new_entries=False,
        # Keras Tuner takes 0 for no seed at all.
        seed=plan.seed + 1,
        max_consecutive_failed_trials=sys.maxsize,
        **options,
    )
    oracle.verbose = 0
    return oracle


def initial_points(plan: StudyPlan) -> int:
    """Keras Tuner's own default, three for each parameter, would leave short studies nothing but random trials."""
    return max(3, min(3 * len(parameters(plan.search.space)), plan.search.n_trials // 3))


def end_trial(oracle: Any, trial: Trial, score: float | None) -> None:
    """Report to an oracle how a trial ended.

    Args:
        oracle: That has the trial.
        trial: The trial.
        score: Of the first objective; ``None`` if it did not complete.
    """
    trial.status = TrialStatus.FAILED if score is None else TrialStatus.COMPLETED
    if score is not None:
        oracle.update_trial(trial.trial_id, {SCORE: score})
    oracle.end_trial(trial)


class KnownProcess:
    """Takes the place of an oracle's Gaussian process while earlier proposals are repeated.

    The values of these are known. Only the random numbers that they used are needed, and the last fit: the next one
    rests on its estimates for the trials that run at the same time. So nothing is fitted before somebody asks for such
    an estimate, and no optimum is searched for, which takes seconds for each proposal.

    Args:
        process: The oracle's own.
    """

    def __init__(self, process: Any) -> None:
        self._process = process
        self._pending: tuple[Any, Any] | None = None
        self._searching = False

    def fit(self, x: Any, y: Any) -> None:
        """Keep the data for a later fit."""
        self._pending, self._searching = (x, y), True

    def predict(self, x: Any, return_std: bool) -> Any:
        """The process's estimates and their standard deviations; constants while an optimum is searched for."""
        if self._searching:
            return np.zeros(len(x)), np.zeros(len(x))
        return self.fitted().predict(x, return_std=return_std)

    def next(self) -> None:
        """The next proposal begins."""
        self._searching = False

    def fitted(self) -> Any:
        """The oracle's own process, after the last fit."""
        if self._pending is not None:
            self._process.fit(*self._pending)
            self._pending = None
        return self._process


@contextmanager
def oracle_calls() -> Iterator[None]:
    """Calls of an oracle: without warnings that no reader can act on, and on one thread.

    The warnings are deprecations inside Keras Tuner and Gaussian processes that did not converge. Their matrices have a
    few dozen rows, for which several threads take longer than one, most of all beside other workers.
    """
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        yield
