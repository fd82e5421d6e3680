"""Optuna as a search engine: one study in a database, for any number of processes on any number of machines.

Each process claims a trial under the database's lock, runs it, and records heartbeats meanwhile. The trial of a process
that is killed or interrupted is marked as failed and queued again with its values; the next process that asks for a
trial does it. See :mod:`xraykit.search.storage.claims`.
"""

import logging
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from xraykit.search.objective import Objective, TrialRecord
from xraykit.search.storage.claims import Claims
from xraykit.search.storage.database import StudyStorage
from xraykit.search.storage.records import records
from xraykit.search.storage.trial import RunningTrial
from xraykit.search.strategies.optuna import check_sampler, quiet
from xraykit.search.study import DRIVERS, Fact, Study, StudyPlan, done
from xraykit.search.trials import attempt
from xraykit.system.locks import try_lock

logger = logging.getLogger(__name__)

POLL_SECONDS = 3.0

_FACT = "fact: "


@contextmanager
def open_study(plan: StudyPlan) -> Iterator[Study]:
    """Open a study with Optuna; see :data:`xraykit.search.study.Driver`.

    Raises:
        ExperimentError: ``search.storage`` is no address that a study can be kept at, or a package is missing.
        XraykitError: the database cannot be used.
    """
    check_sampler(plan.search.optuna)
    with quiet():
        storage = StudyStorage(plan)
        try:
            with _known_alone(storage):
                yield SharedStudy(plan, storage)
        finally:
            storage.close()


@contextmanager
def _known_alone(storage: StudyStorage) -> Iterator[None]:
    """Whoever is alone with an SQLite file need not wait until the heartbeats of killed processes are missed."""
    if storage.lock_file is None:
        with nullcontext():
            yield
        return
    with try_lock(Path(storage.lock_file)) as lock:
        if lock.held:
            storage.patiently(storage.fail_running)
        lock.share()
        yield


class SharedStudy:
    """A study in a database; see :class:`xraykit.search.study.Study`.

    Args:
        plan: Of the study.
        storage: Where it is kept.
    """

    sees_all = True

    def __init__(self, plan: StudyPlan, storage: StudyStorage) -> None:
        self._plan = plan
        self._storage = storage
        self._claims = Claims(plan, storage)

    def work(self, objective: Objective) -> None:
        """Run trials here until the study is over."""
        self._say_what_is_done()
        while (claim := self._storage.patiently(self._claims.claim)) != "over":
            if isinstance(claim, RunningTrial):
                self._run(claim, objective)
            else:
                # Many workers that wait should not come all at once.
                time.sleep(random.uniform(0.5, 1.5) * min(POLL_SECONDS, self._storage.heartbeat_seconds))

    def _run(self, trial: RunningTrial, objective: Objective) -> None:
        with self._storage.beating(trial.number):
            try:
                outcome = attempt(objective, trial.values, trial.reports, self._plan.search.objectives)
                trial.end(outcome)
            except BaseException as error:
                trial.give_back(error)
                raise
        if not trial.taken:
            trials = self.trials()
            self._plan.on_trial_end(next(each for each in trials if each.number == trial.number), trials)

    def trials(self) -> tuple[TrialRecord, ...]:
        """All trials that began, by number."""
        study, search = self._storage.study, self._plan.search
        return self._storage.patiently(lambda: records(search, study.get_trials(deepcopy=False)))

    def remember(self, key: str, value: Fact) -> Fact:
        """See :meth:`xraykit.search.study.Study.remember`."""
        return self._storage.patiently(lambda: self._remember(key, value))

    def _remember(self, key: str, value: Fact) -> Fact:
        with self._storage.gate.held():
            known = self._facts()
            if key not in known:
                self._storage.study.set_user_attr(f"{_FACT}{key}", value)
            return known.get(key, value)

    def facts(self) -> Mapping[str, Fact]:
        """All that was remembered."""
        return self._storage.patiently(self._facts)

    def _facts(self) -> dict[str, Fact]:
        noted = self._storage.study.user_attrs
        return {key.removeprefix(_FACT): value for key, value in noted.items() if key.startswith(_FACT)}

    @contextmanager
    def hosting(self, workers: int) -> Iterator[list[dict[str, str]]]:
        """The workers find the study by themselves; see :meth:`xraykit.search.study.Study.hosting`."""
        self._say_what_is_done()
        yield [{} for _ in range(workers)]

    def lost(self, worker: int) -> None:
        """Nothing to do: its heartbeat is missed."""

    def _say_what_is_done(self) -> None:
        if ended := done(self.trials()):
            logger.info("continuing study: %d of %d trials are done", ended, self._plan.search.n_trials)


DRIVERS.add("optuna", open_study)
