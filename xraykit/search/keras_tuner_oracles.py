"""Keras Tuner's oracles, which say what to try next, and the search space as they know it."""

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from xraykit.config.search_section import Range, Value
from xraykit.search.drivers import StudyPlan
from xraykit.search.space import Parameter, Space, draw_parameter, parameters

SCORE = "score"


class _Unsaved:
    """Mixin of an oracle: the driver saves it, not the oracle itself."""

    def save(self) -> None:
        """Nothing: see :func:`xraykit.search.keras_tuner_driver.run`."""

    def _save_trial(self, trial: Trial) -> None:
        """Nothing: see :func:`xraykit.search.keras_tuner_driver.run`."""


class _RandomSearch(_Unsaved, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Hyperband(_Unsaved, keras_tuner.oracles.HyperbandOracle):
    pass


class _BayesianOptimization(_Unsaved, keras_tuner.oracles.BayesianOptimizationOracle):
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Values that were not tried before: at an optimum it would train the same model again and again."""
        proposal: dict[str, Any] = super().populate_space(trial_id)
        if any(proposal["values"] == trial.hyperparameters.values for trial in self.trials.values()):
            values = self._random_values()
            proposal = {"status": TrialStatus.RUNNING if values else TrialStatus.STOPPED, "values": values}
        return proposal


ORACLES: dict[str, Any] = {
    "random_search": _RandomSearch,
    "bayesian_optimization": _BayesianOptimization,
    "hyperband": _Hyperband,
}


def make_oracle(plan: StudyPlan) -> Any:
    """The oracle of ``search.keras_tuner.method``; it writes no files and prints nothing."""
    settings = plan.search.keras_tuner
    options: dict[str, Any] = {"max_trials": plan.search.n_trials}
    if settings.method == "bayesian_optimization":
        options["num_initial_points"] = _initial_points(plan)
    if settings.method == "hyperband":
        options = {"max_epochs": plan.epochs, "factor": settings.factor, "hyperband_iterations": None}
    oracle = ORACLES[settings.method](
        objective=keras_tuner.Objective(SCORE, "max"),
        hyperparameters=declare(plan.search.space),
        allow_new_entries=False,
        # Keras Tuner takes 0 for no seed at all.
        seed=plan.seed + 1,
        max_consecutive_failed_trials=sys.maxsize,
        **options,
    )
    oracle.verbose = 0
    return oracle


def _initial_points(plan: StudyPlan) -> int:
    """Keras Tuner's own default, three for each parameter, would leave short studies nothing but random trials."""
    return max(3, min(3 * len(parameters(plan.search.space)), plan.search.n_trials // 3))


class _Declare:
    """Declares parameters to Keras Tuner.

    Choices are declared as JSON, for Keras Tuner takes only one type at a time and makes whole numbers of true and
    false. A stepped range ends half a step late, for Keras Tuner rounds the number of steps down: 0.1, 0.2 and 0.3
    would be two.
    """

    def __init__(self, hyperparameters: Any) -> None:
        self._hyperparameters = hyperparameters

    def integer(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """See :class:`xraykit.search.space.Draw`."""
        scale = {"sampling": "log"} if log else {"step": step}
        return self._hyperparameters.Int(name, low, high, **scale)  # type: ignore[no-any-return]

    def floating(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """See :class:`xraykit.search.space.Draw`."""
        last = high if step is None else high + step / 2
        sampling = "log" if log else "linear"
        return self._hyperparameters.Float(name, low, last, step=step, sampling=sampling)  # type: ignore[no-any-return]

    def categorical(self, name: str, choices: tuple[Value, ...]) -> Value:
        """See :class:`xraykit.search.space.Draw`."""
        return self._hyperparameters.Choice(name, [json.dumps(choice) for choice in choices])  # type: ignore[no-any-return]


def declare(space: Space) -> Any:
    """All parameters of a space as Keras Tuner's hyperparameters, those of a list under the condition of its count."""
    hyperparameters = keras_tuner.HyperParameters()
    for parameter in parameters(space):
        with _condition(hyperparameters, parameter, space):
            draw_parameter(parameter, _Declare(hyperparameters))
    return hyperparameters


def _condition(hyperparameters: Any, parameter: Parameter, space: Space) -> AbstractContextManager[None]:
    if parameter.position is None or parameter.count is None:
        return nullcontext()
    count = space[parameter.count]
    lengths = _lengths(count, parameter.position) if isinstance(count, Range) else []
    return hyperparameters.conditional_scope(parameter.count, lengths)  # type: ignore[no-any-return]


def _lengths(count: Range, position: int) -> list[int]:
    """Lengths of a list with an element at ``position``; Keras Tuner may go one too far on a logarithmic range."""
    possible = range(int(count.low), int(count.high) + (2 if count.log else 1), int(count.step or 1))
    return [length for length in possible if length >= position]
