"""Keras Tuner's oracles as a search strategy of the one study in Optuna's storage.

Hyperband (Li et al. 2018) divides ``epochs`` itself: it starts many trials with few epochs, given to the objective as
``training.epochs``, and repeats the best ones with ``factor`` times as many, trained from the beginning. The number of
trials in one sweep follows from ``epochs`` and ``factor``; sweeps are repeated until ``search.n_trials`` trials have
ended, possibly in the middle of a sweep. No oracle prunes by reported scores.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from keras_tuner.engine.trial import TrialStatus
from optuna.trial import FrozenTrial

from xraykit.errors import ExperimentError
from xraykit.registry import register_strategy
from xraykit.search.strategies.keras_tuner_oracles import end_trial, make_oracle, oracle_calls
from xraykit.search.strategies.keras_tuner_replay import PROPOSED, Proposed, StudyOracle, known_trials
from xraykit.search.strategies.keras_tuner_space import decode, encode, with_point
from xraykit.search.strategies.points import begun_combinations, canonical, starting_point
from xraykit.search.strategies.strategy import Exhausted, Proposal, Strategy
from xraykit.search.study import StudyPlan
from xraykit.search.trial_records import BUDGET, COMBINATION

EPOCHS_KEY = "training.epochs"

_CHIEF_VARIABLES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")


@register_strategy("keras_tuner")
class KerasTunerStrategy(Strategy):
    """The oracle that ``search.keras_tuner`` names.

    Raises:
        ExperimentError: Hyperband is asked to search ``training.epochs``, which it chooses itself, or the environment
            names a chief of Keras Tuner.
    """

    def __init__(self, plan: StudyPlan) -> None:
        super().__init__(plan)
        self._method = plan.search.keras_tuner.method
        _check_environment(os.environ)
        if self._method == "hyperband" and EPOCHS_KEY in plan.search.space:
            raise ExperimentError(
                f"search.space.{EPOCHS_KEY}: Hyperband chooses the epochs of each trial itself. Remove the key, or "
                "choose another search.keras_tuner.method."
            )
        self._oracle: StudyOracle | None = None
        self._grid: Any = None
        self._without_values: tuple[int, int] | None = None

    def propose(self, trials: Sequence[FrozenTrial]) -> Proposal:
        """A starting point, or what the oracle proposes after the study's trials so far."""
        gridded = self._method == "grid_search"
        point = starting_point(self.plan.search, trials, gridded=gridded)
        with oracle_calls():
            if self._method == "hyperband":
                return self._ask(trials, point)
            if point is not None:
                return point
            return self._combination(trials) if gridded else self._ask(trials, None)

    def _combination(self, trials: Sequence[FrozenTrial]) -> Proposal:
        """The next combination in Keras Tuner's own order that no trial has.

        Keras Tuner's oracle waits for the end of each trial, which might declare a new parameter. Here the space is
        known beforehand, so that each trial ends for the oracle at once, and any number of processes can work.
        """
        space, begun = self.plan.search.space, begun_combinations(trials)
        if self._grid is None:
            self._grid = make_oracle(self.plan, 0)
        while (trial := self._grid.create_trial("grid")).status == TrialStatus.RUNNING:
            end_trial(self._grid, trial, None)
            parameters, mark = canonical(space, decode(space, trial.hyperparameters.values))
            if mark not in begun:
                return Proposal(parameters, {COMBINATION: mark})
        raise Exhausted

    def _ask(self, trials: Sequence[FrozenTrial], point: Proposal | None) -> Proposal:
        known = known_trials(self.plan.search, trials)
        state = len(trials), sum(trial.end is not None for trial in known.values())
        if state == self._without_values:
            raise Exhausted
        oracle = StudyOracle(self.plan, known) if self._oracle is None else self._oracle
        # An oracle that failed, or had no values, may have changed: it is built again.
        self._oracle = None
        oracle.follow(known)
        proposed = oracle.propose(len(trials), known)
        if proposed is None:
            self._without_values = state
            raise Exhausted
        if point is None or proposed.values["tuner/round"] > 0:
            self._oracle = oracle
            return self._proposal(proposed, {})
        # The point takes the place of random values in the first round; the oracle learns of it when it is built again.
        chosen = encode(self.plan.search.space, point.parameters)
        space = oracle.oracle.get_space()
        values = with_point(space, proposed.values, chosen, self.plan.seed + len(trials))
        return self._proposal(replace(proposed, values=values), point.marks)

    def _proposal(self, proposed: Proposed, marks: Mapping[str, Any]) -> Proposal:
        epochs = proposed.values.get("tuner/epochs")
        budget = {} if epochs is None else {BUDGET: {EPOCHS_KEY: int(epochs)}}
        return Proposal(
            decode(self.plan.search.space, proposed.values), {**marks, **budget, PROPOSED: asdict(proposed)}
        )


def _check_environment(environment: Mapping[str, str]) -> None:
    """Otherwise jobs on several machines would each run the whole search, while the user expects one."""
    found = [name for name in _CHIEF_VARIABLES if name in environment]
    if found:
        raise ExperimentError(
            f"Keras Tuner's chief is no longer used, but the environment names it. Received: {', '.join(found)}. Unset "
            "the variables. Several machines share a study through the database that search.storage names; see "
            "docs/search.md."
        )
