"""Keras Tuner's oracle of a study: what it knows is rebuilt from the study's trials.

Each trial that the oracle proposes carries a mark: the proposed values, and which other trials the oracle learned of
since its last proposal. Any process brings its own oracle to the same state by repeating these calls in order. So all
processes together, and a continued study, propose what one process with one oracle would have proposed. The state that
Keras Tuner saves is not enough: it lacks the position in a grid and the random numbers of Bayesian optimisation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import TrialStatus
from optuna.trial import FrozenTrial

from xraykit.config import Search
from xraykit.search.objective import TrialRecord
from xraykit.search.strategies.keras_tuner_oracles import KnownProcess, end_trial, initial_points, make_oracle
from xraykit.search.strategies.keras_tuner_space import encode
from xraykit.search.strategies.points import canonical
from xraykit.search.study import StudyPlan
from xraykit.search.trial_records import records

PROPOSED = "keras_tuner"
"""User attribute of a trial that an oracle proposed: a :class:`Proposed` as a mapping."""


@dataclass(frozen=True)
class Proposed:
    """What an oracle did when it proposed a trial.

    Attributes:
        method: ``search.keras_tuner.method``.
        initial_points: See :func:`xraykit.search.strategies.keras_tuner_oracles.make_oracle`.
        begun: Trials of other origin that it heard of since its last proposal, by number of the first attempt.
        ended: Trials of which it heard since then how they ended.
        values: Keras Tuner's values, with those that Hyperband adds (``tuner/epochs``, ``tuner/bracket``, ...).
    """

    method: str
    initial_points: int
    begun: list[int]
    ended: list[int]
    values: dict[str, Any]


@dataclass(frozen=True)
class Known:
    """A trial of the study, all attempts at it together.

    Attributes:
        parameters: Name of a parameter to its value.
        end: The last attempt, if that ended for good.
        proposed: How the oracle proposed it; ``None`` if it is a starting point, or another strategy's.
    """

    parameters: Mapping[str, Any]
    end: TrialRecord | None
    proposed: Proposed | None


def known_trials(search: Search, trials: Sequence[FrozenTrial]) -> dict[int, Known]:
    """The trials of a study that began, by the number of the first attempt."""
    known: dict[int, Known] = {}
    frozen = {trial.number: trial for trial in trials}
    for record in records(search, trials):
        first = record.number if record.origin is None else record.origin
        mark = frozen[first].user_attrs.get(PROPOSED)
        proposed = None if mark is None else Proposed(**mark)
        parameters, _ = canonical(search.space, frozen[record.number].params)
        known[first] = Known(parameters, record if record.counts else None, proposed)
    return known


class StudyOracle:
    """An oracle that knows a study.

    Args:
        plan: Of the study.
        known: Its trials, as far as there are any.

    Attributes:
        oracle: Keras Tuner's.
    """

    def __init__(self, plan: StudyPlan, known: Mapping[int, Known]) -> None:
        self._plan = plan
        first = next(iter(self._own(known).values()), None)
        self._initial_points = first.initial_points if first else initial_points(plan)
        self.oracle = make_oracle(plan, self._initial_points)
        self._ids: dict[int, str] = {}
        self._ended: set[int] = set()

    def follow(self, known: Mapping[int, Known]) -> None:
        """Repeat the proposals that other processes, or earlier starts, have made since the last call."""
        missing = {number: proposed for number, proposed in self._own(known).items() if number not in self._ids}
        with _repeated_quickly(self.oracle) as next_one:
            for number, proposed in missing.items():
                self._hear(known, proposed.begun, proposed.ended)
                next_one()
                self._create(number, proposed.values, proposes=True)

    def propose(self, number: int, known: Mapping[int, Known]) -> Proposed | None:
        """What the oracle proposes for a new trial.

        Args:
            number: Of the trial.
            known: All trials of the study; :meth:`follow` has been called with them.

        Returns:
            ``None`` if the oracle has no values, or waits for a trial that runs. Its own state has changed then too: it
            must be built again.
        """
        begun = [each for each in known if each not in self._ids]
        ended = [each for each, trial in known.items() if trial.end is not None and each not in self._ended]
        self._hear(known, begun, ended)
        trial = self._create(number, None, proposes=True)
        if trial.status != TrialStatus.RUNNING:
            return None
        values = {name: _plain(value) for name, value in trial.hyperparameters.values.items()}
        return Proposed(self._method, self._initial_points, begun, ended, values)

    @property
    def _method(self) -> str:
        return self._plan.search.keras_tuner.method

    def _own(self, known: Mapping[int, Known]) -> dict[int, Proposed]:
        """The proposals of this kind of oracle; those of another one are like any other trial."""
        proposals = {number: trial.proposed for number, trial in known.items()}
        return {number: each for number, each in proposals.items() if each is not None and each.method == self._method}

    def _hear(self, known: Mapping[int, Known], begun: Sequence[int], ended: Sequence[int]) -> None:
        for number in begun:
            values = encode(self._plan.search.space, known[number].parameters)
            self._create(number, values, proposes=False)
        for number in ended:
            end = known[number].end
            completed = end is not None and end.state == "complete"
            end_trial(self.oracle, self.oracle.trials[self._ids[number]], end.score if end and completed else None)
            self._ended.add(number)

    def _create(self, number: int, values: dict[str, Any] | None, *, proposes: bool) -> Any:
        self.oracle.known, self.oracle.proposes = values, proposes
        trial = self.oracle.create_trial(str(number))
        self._ids[number] = trial.trial_id
        return trial


@contextmanager
def _repeated_quickly(oracle: Any) -> Iterator[Callable[[], None]]:
    """A context without searches for optima; it gives a function to be called before each proposal."""
    if not isinstance(oracle, keras_tuner.oracles.BayesianOptimizationOracle):
        yield lambda: None
        return
    oracle.gpr = process = KnownProcess(oracle.gpr)
    yield process.next
    oracle.gpr = process.fitted()


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python, which JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value
