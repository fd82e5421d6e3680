"""Keras Tuner as a search engine: on this machine alone, with worker processes, or on several machines with a chief.

Hyperband (Li et al. 2018) divides ``epochs`` itself: it starts many trials with few epochs, given to the objective as
``training.epochs``, and repeats the best ones with ``factor`` times as many, trained anew. How many trials one sweep
has follows from ``epochs`` and ``factor``; sweeps are repeated until ``search.n_trials`` trials have ended, be it in
the middle of one. No method prunes by what is reported.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from xraykit.errors import ExperimentError, XraykitError
from xraykit.search.objective import Objective, TrialRecord
from xraykit.search.strategies.keras_tuner_chief import Desk, Server, serving
from xraykit.search.strategies.keras_tuner_protocol import ORACLE_IP, ORACLE_PORT, TUNER_ID, chief
from xraykit.search.strategies.keras_tuner_study import EPOCHS_KEY, OracleStudy
from xraykit.search.strategies.keras_tuner_trials import POLL_SECONDS, take_trials
from xraykit.search.strategies.keras_tuner_worker import WorkerStudy
from xraykit.search.study import DRIVERS, Fact, Study, StudyPlan, done
from xraykit.system.locks import try_lock

logger = logging.getLogger(__name__)

_LOCAL = "127.0.0.1:0"


@contextmanager
def open_study(plan: StudyPlan) -> Iterator[Study]:
    """Open a study with Keras Tuner; see :data:`xraykit.search.study.Driver`.

    With Keras Tuner's environment variables KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT the
    study is kept by the process whose id is ``chief``, and the others work.

    Raises:
        ExperimentError: Hyperband is asked to search ``training.epochs``, which it chooses itself, or the
            environment variables are incomplete.
        XraykitError: another process works on the study, or its file is damaged.
    """
    if plan.search.keras_tuner.method == "hyperband" and EPOCHS_KEY in plan.search.space:
        raise ExperimentError(
            f"search.space.{EPOCHS_KEY}: Hyperband chooses the epochs of each trial itself. Remove the key, or choose "
            "another search.keras_tuner.method."
        )
    known = chief()
    if known is not None and not known.here:
        yield WorkerStudy(plan, known)
        return
    path = _study_path(plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    with try_lock(path.with_suffix(".lock")) as lock:
        if not lock.held:
            raise XraykitError(f"Another process works on the study {path}. Wait for it, or stop it first.")
        study = OracleStudy(plan, path)
        try:
            yield KeptStudy(plan, study) if known is None else ChiefStudy(plan, study, known.address)
        finally:
            study.close()


def _study_path(plan: StudyPlan) -> Path:
    """Another method, or Hyperband with other epochs, is another study: their states do not fit each other."""
    settings = plan.search.keras_tuner
    divided = f"-{plan.epochs}-{settings.factor}" if settings.method == "hyperband" else ""
    return plan.folder / "keras_tuner" / f"{settings.method}{divided}-{plan.name}.json"


class KeptStudy:
    """A study that this process keeps; see :class:`xraykit.search.study.Study`.

    Args:
        plan: Of the study.
        study: The study itself.
        address: ``IP:PORT`` where workers on other machines find it; ``None`` if there are none.
    """

    sees_all = True

    def __init__(self, plan: StudyPlan, study: OracleStudy, address: str | None = None) -> None:
        self._plan = plan
        self._study = study
        self._remote = address is not None
        self._address = address or _LOCAL
        self._desk: Desk | None = None
        self.trials = study.trials
        self.remember = study.remember

    def work(self, objective: Objective) -> None:
        """Run trials here until the study is over.

        The engine itself may end it early, when it finds nothing but values that were tried.
        """
        self._say_what_is_done()
        take_trials(self._study, objective, self._plan.search, self._ended)

    def facts(self) -> Mapping[str, Fact]:
        """All that was remembered."""
        return self._study.facts()

    @contextmanager
    def hosting(self, workers: int) -> Iterator[list[dict[str, str]]]:
        """Be the chief of worker processes; see :meth:`xraykit.search.study.Study.hosting`."""
        self._say_what_is_done()
        with self._serving() as server:
            self._desk = server.desk
            ip = self._address.rsplit(":", 1)[0]
            try:
                yield [
                    {TUNER_ID: _local(number), ORACLE_IP: ip, ORACLE_PORT: str(server.port)}
                    for number in range(workers)
                ]
            finally:
                self._desk = None

    def lost(self, worker: int) -> None:
        """Give the trial of a worker that died to the next that asks."""
        if self._desk is not None:
            self._desk.lose(_local(worker))

    def _serving(self) -> AbstractContextManager[Server]:
        return serving(self._study, self._plan.name, self._address, remote=self._remote)

    def _ended(self, record: TrialRecord) -> None:
        self._plan.on_trial_end(record, self.trials())

    def _say_what_is_done(self) -> None:
        if ended := done(self.trials()):
            logger.info("continuing study: %d of %d trials are done", ended, self._plan.search.n_trials)


class ChiefStudy(KeptStudy):
    """A study that this process keeps for workers on other machines."""

    def work(self, objective: Objective) -> None:
        """Hand out trials until the study is over; none is run here."""
        self._say_what_is_done()
        with self._serving():
            logger.info("the chief at %s runs no trials itself; it waits for workers", self._address)
            told = {trial.number for trial in self.trials() if trial.counts}
            while not self._study.over():
                time.sleep(POLL_SECONDS)
                self._tell_ended(told)
            self._tell_ended(told)

    def _tell_ended(self, told: set[int]) -> None:
        for record in self.trials():
            if record.counts and record.number not in told:
                told.add(record.number)
                self._ended(record)


def _local(worker: int) -> str:
    """Tuner id of a worker process of this machine; others are free to call theirs tuner0, tuner1, ..."""
    return f"local-{worker}"


DRIVERS.add("keras_tuner", open_study)
