"""What every search strategy offers: values for the next trial, given the trials so far."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from xraykit.config import Value
from xraykit.registry import STRATEGIES
from xraykit.search.study import StudyPlan


class Exhausted(Exception):
    """The strategy has no values for a new trial: none are left, or it needs the result of a running trial first."""


@dataclass(frozen=True)
class Proposal:
    """Values for the next trial.

    Attributes:
        parameters: Name of a parameter (:func:`xraykit.search.space.parameters`) to its value. The strategy's sampler
            draws the parameters that are missing here.
        marks: User attributes of the trial, which later calls can read.
    """

    parameters: Mapping[str, Value] = field(default_factory=dict)
    marks: Mapping[str, Any] = field(default_factory=dict)


class Strategy:
    """Proposes values for the trials of one study; each process that takes part in the study has its own.

    A strategy is registered with :func:`xraykit.register_strategy` by its name, which is ``search.engine`` in the
    experiment. Claims, retries, heartbeats, workers and results are the same for all strategies.

    Args:
        plan: Of the study.
    """

    def __init__(self, plan: StudyPlan) -> None:
        self.plan = plan

    def propose(self, trials: Sequence[FrozenTrial]) -> Proposal:
        """Values for the next trial.

        It is called under the lock of the study: no other process begins a trial meanwhile. A trial that was
        interrupted is repeated without a new call. After an error in the same claim the strategy is built again.

        Args:
            trials: All trials of the study by number, those of other strategies included.

        Raises:
            Exhausted: there are none.
        """
        raise NotImplementedError

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """Draws the parameters that the proposal for trial ``number`` leaves open."""
        return optuna.samplers.RandomSampler(seed=trial_seed(self.plan.seed, number))


def make_strategy(plan: StudyPlan) -> Strategy:
    """The strategy that ``search.engine`` names.

    Raises:
        ExperimentError: its settings cannot be used, or a package is missing.
    """
    with STRATEGIES.naming_plugin(plan.search.engine):
        strategy: Strategy = STRATEGIES.get(plan.search.engine)(plan)
    return strategy


def trial_seed(seed: int, number: int) -> int:
    """A seed for each trial: a continued study draws new values, and no two workers draw the same."""
    return int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:4], "big")
