"""Which process runs which trial: each is claimed under the lock of the database, so that none is run twice."""

import logging
from collections.abc import Sequence
from typing import Literal

from optuna.trial import FrozenTrial, TrialState

from xraykit.registry import STRATEGIES
from xraykit.search.space import parameters, suggest
from xraykit.search.storage.database import StudyStorage
from xraykit.search.storage.trial import OptunaDraw, RunningTrial
from xraykit.search.strategies.strategy import Exhausted, Proposal, Strategy, make_strategy
from xraykit.search.study import StudyPlan, done
from xraykit.search.trial_records import BEGAN, BUDGET, again, due, origin, records, searched

logger = logging.getLogger(__name__)

Claim = RunningTrial | Literal["wait", "over"]


class Claims:
    """Takes trials of a study for this process.

    Args:
        plan: Of the study.
        storage: Where it is kept.
        strategy: Proposes the values.
    """

    def __init__(self, plan: StudyPlan, storage: StudyStorage, strategy: Strategy) -> None:
        self._plan = plan
        self._storage = storage
        self._strategy = strategy
        self._study = storage.study

    def claim(self) -> Claim:
        """A trial to run; ``wait`` while the last ones run elsewhere, ``over`` when the study is complete.

        Raises:
            ConnectionAbortedError: the lock was lost meanwhile.
            Exception: one of :data:`xraykit.search.storage.database.AWAY`: the database is away.
        """
        claim: Claim = "wait"
        try:
            with self._storage.gate.held():
                claim = self._claim()
        except BaseException as error:
            # What the strategy proposed may not have been written down.
            self._strategy = make_strategy(self._plan)
            # Counted without the lock, it may be one too many; the next claim counts it again.
            if isinstance(claim, RunningTrial):
                claim.give_back(error)
            raise
        return claim

    def _claim(self) -> Claim:
        self._storage.fail_the_dead()
        for trial in due(self._trials()):
            self._study.add_trial(again(trial))
        trials = self._trials()
        running = sum(trial.state == TrialState.RUNNING for trial in trials)
        ended = done(records(self._plan.search, trials))
        n_trials = self._plan.search.n_trials
        if ended >= n_trials:
            return "over"
        if self._timed_out(trials):
            return "wait" if running else "over"
        if ended + running >= n_trials:
            return "wait"
        if self._queue(trials):
            return self._begin()
        if running:
            return "wait"
        logger.info("The search ends after %d of %d trials: no new values are left.", ended, n_trials)
        return "over"

    def _trials(self) -> list[FrozenTrial]:
        trials: list[FrozenTrial] = self._study.get_trials(deepcopy=False)
        return trials

    def _timed_out(self, trials: Sequence[FrozenTrial]) -> bool:
        timeout = self._plan.search.timeout
        if timeout is None:
            return False
        return searched(trials, self._storage.heartbeats(), self._storage.now()) >= timeout

    def _queue(self, trials: Sequence[FrozenTrial]) -> bool:
        """Queue the strategy's proposal, unless a trial waits already; whether there is a trial to begin."""
        if any(trial.state == TrialState.WAITING for trial in trials):
            return True
        with STRATEGIES.naming_plugin(self._plan.search.engine):
            try:
                proposal = self._strategy.propose(trials)
            except Exhausted:
                return False
            self._check(proposal)
        if proposal.parameters or proposal.marks:
            self._study.enqueue_trial(dict(proposal.parameters), user_attrs=dict(proposal.marks))
        return True

    def _check(self, proposal: Proposal) -> None:
        """Optuna would ignore the value of a parameter that does not exist."""
        names = [parameter.name for parameter in parameters(self._plan.search.space)]
        unknown = sorted(proposal.parameters.keys() - set(names))
        if unknown:
            raise ValueError(
                f"the proposal has parameters that are not in the search space. Expected: some of {', '.join(names)}. "
                f"Received: {', '.join(unknown)}"
            )

    def _begin(self) -> RunningTrial:
        """The values are drawn here, so that no other process draws without knowing them.

        The heartbeat comes last: a trial without one, once the lock is free, is known to have lost its process.
        """
        trials = self._trials()
        waiting = [trial.number for trial in trials if trial.state == TrialState.WAITING]
        number = waiting[0] if waiting else len(trials)
        self._study.sampler = self._strategy.sampler(number)
        trial = self._study.ask()
        trial.set_user_attr(BEGAN, self._storage.now())
        values = suggest(self._plan.search.space, OptunaDraw(trial))
        begun = self._study.get_trials(deepcopy=False)[trial.number]
        self._storage.beat(trial.number)
        values.update(begun.user_attrs.get(BUDGET, {}))
        return RunningTrial(self._storage, trial, values, origin(begun))
