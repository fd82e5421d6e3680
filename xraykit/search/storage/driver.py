"""One study in Optuna's storage, for any number of processes on any number of machines, whichever strategy proposes.

Each process claims a trial under the database's lock, runs it, and records heartbeats meanwhile. The trial of a process
that is killed or interrupted is marked as failed and queued again with its values; the next process that asks for a
trial runs it. See :mod:`xraykit.search.storage.claims`.
"""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from xraykit.errors import XraykitError
from xraykit.search.objective import Objective, TrialRecord
from xraykit.search.storage.claims import Claims
from xraykit.search.storage.database import StudyStorage
from xraykit.search.storage.trial import RunningTrial
from xraykit.search.strategies.optuna import quiet
from xraykit.search.strategies.strategy import Strategy, make_strategy
from xraykit.search.study import HYPERBAND, Fact, Study, StudyPlan, log_continuation
from xraykit.search.trial_outcome import attempt
from xraykit.search.trial_records import records
from xraykit.system import try_lock

POLL_SECONDS = 3.0

_FACT = "fact: "


@contextmanager
def open_study(plan: StudyPlan) -> Iterator[Study]:
    """Open a study, new or continued; see :func:`xraykit.search.open_study`."""
    _refuse_file_of_keras_tuner(plan)
    strategy = make_strategy(plan)
    with quiet():
        storage = StudyStorage(plan)
        try:
            with _known_alone(storage):
                yield SharedStudy(plan, storage, strategy)
        finally:
            storage.close()


@contextmanager
def _known_alone(storage: StudyStorage) -> Iterator[None]:
    """A process that alone uses an SQLite file need not wait until the heartbeats of killed processes are missed."""
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
        strategy: Proposes the values of trials.
    """

    def __init__(self, plan: StudyPlan, storage: StudyStorage, strategy: Strategy) -> None:
        self._plan = plan
        self._storage = storage
        self._claims = Claims(plan, storage, strategy)

    def work(self, objective: Objective) -> None:
        """Run trials here until the study is over."""
        log_continuation(self._plan.search, self.trials())
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
        with self._not_deleted():
            return self._storage.patiently(lambda: records(search, study.get_trials(deepcopy=False)))

    def remember(self, key: str, value: Fact) -> Fact:
        """See :meth:`xraykit.search.study.Study.remember`."""
        with self._not_deleted():
            return self._storage.patiently(lambda: self._remember(key, value))

    def _remember(self, key: str, value: Fact) -> Fact:
        with self._storage.gate.held():
            known = self._facts()
            if key not in known:
                self._storage.study.set_user_attr(f"{_FACT}{key}", value)
            return known.get(key, value)

    def facts(self) -> Mapping[str, Fact]:
        """All recorded facts."""
        with self._not_deleted():
            return self._storage.patiently(self._facts)

    @contextmanager
    def _not_deleted(self) -> Iterator[None]:
        """Optuna raises KeyError for a study that was deleted from its database while it was open."""
        try:
            yield
        except KeyError:
            raise XraykitError(
                f"The study {self._plan.name} no longer exists in its database: it was emptied or replaced while the "
                f"study was open. Restore it from a backup, then run the command again."
            ) from None

    def _facts(self) -> dict[str, Fact]:
        noted = self._storage.study.user_attrs
        return {key.removeprefix(_FACT): value for key, value in noted.items() if key.startswith(_FACT)}


def _refuse_file_of_keras_tuner(plan: StudyPlan) -> None:
    """Earlier versions kept a study of Keras Tuner in a JSON file of its own.

    Raises:
        XraykitError: there is such a file of this study. Without the refusal the search would silently begin again.
    """
    base = plan.name.partition(HYPERBAND)[0]
    for path in sorted((plan.folder / "keras_tuner").glob(f"*-{base}.json")):
        raise XraykitError(
            f"{path} is a study that an earlier version of xraykit kept for Keras Tuner. It cannot be continued: all "
            f"studies are now kept in Optuna's storage. Finish it with the version that wrote it. To begin the search "
            f"again, move away {path.parent} and {plan.folder / f'{base}.record.json'}; how often winners were scored "
            f"on the test part stays counted."
        )
