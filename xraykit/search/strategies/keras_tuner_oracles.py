"""Keras Tuner's oracles, which say what to try next: saved elsewhere, and trying the user's starting points first."""

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from xraykit.config.search_section import DIRECTIONS
from xraykit.search.space import parameters
from xraykit.search.strategies.keras_tuner_space import declare, encode
from xraykit.search.study import StudyPlan

SCORE = "score"


class _Studied:
    """Mixin of an oracle: the study saves it, and starting points take the place of its first random values.

    Attributes:
        waiting: Starting points that were not tried yet, as Keras Tuner's values.
        taken: Starting points that were tried, as JSON: a continued study tries none of them again.
    """

    waiting: list[dict[str, Any]]
    taken: list[str]
    _seed_state: int

    def save(self) -> None:
        """Nothing: see :class:`xraykit.search.strategies.keras_tuner_state.StudyState`."""

    def _save_trial(self, trial: Trial) -> None:
        """Nothing: see :class:`xraykit.search.strategies.keras_tuner_state.StudyState`."""

    def get_state(self) -> dict[str, Any]:
        return {**super().get_state(), "taken": self.taken}  # type: ignore[misc]

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)  # type: ignore[misc]
        self.taken = state["taken"]
        self.waiting = [point for point in self.waiting if _written(point) not in self.taken]

    def _random_values(self) -> dict[str, Any] | None:
        values = self._point_values()
        return values if values is not None else super()._random_values()  # type: ignore[misc]

    def _point_values(self) -> dict[str, Any] | None:
        """Values of the next starting point that was not tried; ``None`` if there is none left."""
        while self.waiting:
            point = self.waiting.pop(0)
            self.taken.append(_written(point))
            for _ in range(self._max_collisions):  # type: ignore[attr-defined]
                values = self._filled(point)
                if not self._duplicate(values):  # type: ignore[attr-defined]
                    return values
        return None

    def _filled(self, point: dict[str, Any]) -> dict[str, Any]:
        """The values of a point, those that it leaves out drawn at random."""
        filled = keras_tuner.HyperParameters()
        for entry in self.hyperparameters.space:  # type: ignore[attr-defined]
            filled.merge([entry])
            if filled.is_active(entry):
                drawn = entry.random_sample(self._seed_state)
                self._seed_state += 1
                filled.values[entry.name] = point.get(entry.name, drawn)
        return filled.values  # type: ignore[no-any-return]


class _RandomSearch(_Studied, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Hyperband(_Studied, keras_tuner.oracles.HyperbandOracle):
    pass


class _BayesianOptimization(_Studied, keras_tuner.oracles.BayesianOptimizationOracle):
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Starting points, then values that were not tried before: at an optimum it would train one model for ever."""
        if self.waiting:
            return self._random_populate_space()  # type: ignore[no-any-return]
        proposal: dict[str, Any] = super().populate_space(trial_id)
        if any(proposal["values"] == trial.hyperparameters.values for trial in self.trials.values()):
            return _proposal(self._random_values())
        return proposal


class _GridSearch(_Studied, keras_tuner.oracles.GridSearchOracle):
    """Keras Tuner's own order of combinations, gone through from its beginning after each start.

    Its oracle keeps its place in a linked list that it does not save, so that a continued study would try all again.
    """

    last: dict[str, Any] | None = None

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Starting points, then each combination that was not tried, until there is none left."""
        values = self._point_values()
        while values is None:
            following = self._following()
            if following is None:
                break
            self.last = following
            values = None if self._duplicate(following) else following
        return _proposal(values)

    def _following(self) -> dict[str, Any] | None:
        if self.last is None:
            space = self.get_space()
            return {entry.name: entry.default for entry in space.space if space.is_active(entry)}
        return self._get_next_combination(self.last)  # type: ignore[no-any-return]


ORACLES: dict[str, Any] = {
    "random_search": _RandomSearch,
    "bayesian_optimization": _BayesianOptimization,
    "hyperband": _Hyperband,
    "grid_search": _GridSearch,
}


def make_oracle(plan: StudyPlan) -> Any:
    """The oracle of ``search.keras_tuner.method``; it writes no files and prints nothing."""
    search, settings = plan.search, plan.search.keras_tuner
    gridded = settings.method == "grid_search"
    options: dict[str, Any] = {"max_trials": search.n_trials}
    if settings.method == "bayesian_optimization":
        options["num_initial_points"] = _initial_points(plan)
    if settings.method == "hyperband":
        options = {"max_epochs": plan.epochs, "factor": settings.factor, "hyperband_iterations": None}
    oracle = ORACLES[settings.method](
        objective=keras_tuner.Objective(SCORE, DIRECTIONS[search.objectives[0]][:3]),
        hyperparameters=declare(search.space, gridded=gridded),
        allow_new_entries=False,
        # Keras Tuner takes 0 for no seed at all.
        seed=plan.seed + 1,
        max_consecutive_failed_trials=sys.maxsize,
        **options,
    )
    oracle.verbose = 0
    oracle.taken = []
    oracle.waiting = [encode(search.space, point) for point in search.enqueue]
    return oracle


def _initial_points(plan: StudyPlan) -> int:
    """Keras Tuner's own default, three for each parameter, would leave short studies nothing but random trials."""
    return max(3, min(3 * len(parameters(plan.search.space)), plan.search.n_trials // 3))


def _proposal(values: dict[str, Any] | None) -> dict[str, Any]:
    return {"status": TrialStatus.STOPPED if values is None else TrialStatus.RUNNING, "values": values}


def _written(point: dict[str, Any]) -> str:
    return json.dumps(point, sort_keys=True)


@contextmanager
def engine_warnings_ignored() -> Iterator[None]:
    """Deprecations inside Keras Tuner, and Gaussian processes that did not converge: no reader can act on them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
