"""A Keras Tuner study: hands out an oracle's trials to workers, and writes down how they end."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial, TrialStatus

from xraykit.errors import XraykitError
from xraykit.search.objective import TrialRecord
from xraykit.search.strategies.keras_tuner_oracles import SCORE, engine_warnings_ignored
from xraykit.search.strategies.keras_tuner_space import decode
from xraykit.search.strategies.keras_tuner_state import StudyState
from xraykit.search.strategies.keras_tuner_trials import Answer, Assignment
from xraykit.search.study import Fact, StudyPlan
from xraykit.search.trials import KILLED, MOST_RETRIES

logger = logging.getLogger(__name__)

EPOCHS_KEY = "training.epochs"
HERE = "here"


class OracleStudy:
    """Hands out trials to workers, and writes down how they end. Several threads may use it.

    Args:
        plan: Of the study.
        path: Its file, which may exist.

    Raises:
        XraykitError: the file is damaged.
    """

    def __init__(self, plan: StudyPlan, path: Path) -> None:
        self._plan = plan
        self._state = StudyState(plan, path)
        self._oracle = self._state.oracle
        self._lock = threading.RLock()
        self._broken: BaseException | None = None
        self._exhausted = False

    def ask(self, worker: str = HERE) -> Answer:
        """A trial for a worker; the one that it has, if it has one already."""
        with self._changing():
            if worker in self._oracle.ongoing_trials:
                return self._assignment(self._oracle.ongoing_trials[worker])
            self._end_killers()
            trial = None if self._begins_no_more() else self._create(worker)
            if trial is None:
                return "wait" if self._oracle.ongoing_trials else "over"
            number = int(trial.trial_id)
            self._state.starts[number] = self._state.starts.get(number, 0) + 1
            self._state.save()
            return self._assignment(trial)

    def end(self, record: TrialRecord, worker: str = HERE) -> None:
        """Write down how a trial ended, unless it has ended, or another worker runs it."""
        with self._changing():
            holders = [name for name, trial in self._oracle.ongoing_trials.items() if _number(trial) == record.number]
            if record.number in self._state.records or holders not in ([], [worker]):
                logger.info("trial %d was given to another worker; what %s found is dropped", record.number, worker)
                return
            trial = next(trial for trial in self._oracle.trials.values() if _number(trial) == record.number)
            queue = self._oracle._retry_queue
            queue[:] = [waiting for waiting in queue if waiting != trial.trial_id]
            self._end(trial, record)
            self._state.save()

    def give_back(self, worker: str = HERE, *, killed: bool = False) -> None:
        """Let the trial of a worker be done by the next that asks.

        Args:
            worker: Who has it; it may have none.
            killed: Whether the worker died, which may be the trial's fault.
        """
        with self._changing():
            trial = self._oracle.ongoing_trials.pop(worker, None)
            if trial is not None:
                self._state.starts[_number(trial)] -= 0 if killed else 1
                self._state.queue([trial.trial_id])
                self._state.save()

    def trials(self) -> tuple[TrialRecord, ...]:
        """All trials by number; those that wait to be done again are running too."""
        with self._lock:
            trials = {_number(trial): trial for trial in self._oracle.trials.values()}
            return tuple(self._state.records.get(number) or self._running(trials[number]) for number in sorted(trials))

    def over(self) -> bool:
        """Whether no trial runs and none will begin."""
        with self._changing():
            return not self._oracle.ongoing_trials and self._begins_no_more()

    def workers(self) -> tuple[str, ...]:
        """Who has a trial."""
        with self._lock:
            return tuple(self._oracle.ongoing_trials)

    def remember(self, key: str, value: Fact) -> Fact:
        """See :meth:`xraykit.search.study.Study.remember`."""
        with self._changing():
            if key not in self._state.facts:
                self._state.facts[key] = value
                self._state.save()
            return self._state.facts[key]

    def facts(self) -> dict[str, Fact]:
        """All that was remembered."""
        with self._lock:
            return dict(self._state.facts)

    def close(self) -> None:
        """Take back what is not done; the next start does it again."""
        if self._broken is None:
            for worker in self.workers():
                self.give_back(worker)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One thread at a time, and none after an error: Keras Tuner's oracles stay locked by it."""
        with self._lock:
            if self._broken is not None:
                raise XraykitError(f"The study has ended with an error: {self._broken}.") from self._broken
            try:
                yield
            except BaseException as error:
                self._broken = error
                raise

    def _begins_no_more(self) -> bool:
        search, queue = self._plan.search, self._oracle._retry_queue
        if len(self._state.records) + len(self._oracle.ongoing_trials) >= search.n_trials:
            return True
        if search.timeout is not None and self._state.clock.seconds >= search.timeout:
            return True
        return not queue and (self._exhausted or len(self._oracle.trials) >= search.n_trials)

    def _create(self, worker: str) -> Trial | None:
        with engine_warnings_ignored():
            trial = self._oracle.create_trial(worker)
        if trial.status == TrialStatus.STOPPED:
            self._exhausted = True
            logger.info("the engine began no more than %d trials: it finds no new values", len(self._oracle.trials))
        return trial if trial.status == TrialStatus.RUNNING else None

    def _end_killers(self) -> None:
        """End the waiting trials whose process died too often."""
        queue = self._oracle._retry_queue
        for trial in [self._oracle.trials[waiting] for waiting in queue]:
            if self._state.starts.get(_number(trial), 0) > MOST_RETRIES:
                queue.remove(trial.trial_id)
                self._end(trial, TrialRecord(_number(trial), "failed", self._values(trial), None, 0, None, KILLED))
                self._state.save()

    def _end(self, trial: Trial, record: TrialRecord) -> None:
        trial.status = TrialStatus.COMPLETED if record.state == "complete" else TrialStatus.FAILED
        trial.message = record.reason
        with engine_warnings_ignored():
            if record.state == "complete":
                self._oracle.update_trial(trial.trial_id, {SCORE: record.score})
            self._oracle.end_trial(trial)
        self._state.records[record.number] = record

    def _assignment(self, trial: Trial) -> Assignment:
        return Assignment(_number(trial), self._values(trial))

    def _running(self, trial: Trial) -> TrialRecord:
        return TrialRecord(_number(trial), "running", self._values(trial), None, 0, None, None)

    def _values(self, trial: Trial) -> dict[str, Any]:
        drawn = trial.hyperparameters.values
        values = decode(self._plan.search.space, drawn)
        if "tuner/epochs" in drawn:
            values[EPOCHS_KEY] = int(drawn["tuner/epochs"])
        return values


def _number(trial: Trial) -> int:
    return int(trial.trial_id)
