"""An Optuna study in its database: opening it, waiting while the database is away, and heartbeats."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timezone
from typing import TypeVar

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy import DateTime, Integer, column, select, table, text
from sqlalchemy.exc import DBAPIError

from xraykit.config import DIRECTIONS
from xraykit.search.storage.address import address_of
from xraykit.search.storage.gate import Gate
from xraykit.search.strategies.optuna import make_pruner
from xraykit.search.study import StudyPlan
from xraykit.system import STOPPING_CALL_SECONDS, is_stopping, seconds_from

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
PATIENCE_SECONDS = 120.0
RETRY_SECONDS = 1.0

AWAY = (StorageInternalError, DBAPIError, ConnectionAbortedError)
"""What is raised while the database cannot be reached."""

_HEARTBEATS = table("trial_heartbeats", column("trial_id", Integer), column("heartbeat", DateTime))
_TRIALS = table("trials", column("trial_id", Integer), column("number", Integer), column("study_id", Integer))
_NOW = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mysql": "SELECT UNIX_TIMESTAMP(NOW(6))",
}

Answer = TypeVar("Answer")


class StudyStorage:
    """A study in its database.

    Args:
        plan: Of the study.

    Attributes:
        study: Optuna's study. Its calls raise one of :data:`AWAY` while the database is away.
        gate: The lock over all processes that share the database.
        heartbeat_seconds: Time between two heartbeats of a running trial.

    Raises:
        XraykitError: the database cannot be used, or its driver's package is missing.
    """

    def __init__(self, plan: StudyPlan) -> None:
        self.heartbeat_seconds = seconds_from("XRAYKIT_HEARTBEAT_SECONDS", HEARTBEAT_SECONDS)
        self._address = address_of(plan)
        self._spare_the_living()
        self.gate = Gate(self._address)
        # An address that never answered is more likely wrong than away.
        self.study, self._rdb, self._study_id = self.patiently(
            lambda: self._opened(plan), seconds=None if plan.patient else 0
        )

    def _opened(self, plan: StudyPlan) -> tuple[optuna.Study, RDBStorage, int]:
        """Two processes that create the same tables at once would fail."""
        if self._address.file is not None:
            self._address.file.parent.mkdir(parents=True, exist_ok=True)
        with self.gate.held():
            rdb = self._tables()
            study = optuna.create_study(
                storage=rdb,
                study_name=plan.name,
                directions=[DIRECTIONS[name] for name in plan.search.objectives],
                load_if_exists=True,
                pruner=make_pruner(plan.search, plan.epochs),
            )
        return study, rdb, int(rdb.get_study_id_from_name(plan.name))

    def _tables(self) -> RDBStorage:
        """Raises ConnectionAbortedError too where another Optuna wrote the tables, or MySQL wants a package."""
        try:
            return RDBStorage(
                # Optuna fills in braces of the address.
                self._address.text.replace("{", "{{").replace("}", "}}"),
                engine_kwargs={"connect_args": self._address.connect_arguments(), "pool_pre_ping": True},
                heartbeat_interval=self.heartbeat_seconds,
                grace_period=3 * self.heartbeat_seconds,
            )
        except RuntimeError as error:
            refused = ConnectionAbortedError(str(error))
        raise refused

    def patiently(self, call: Callable[[], Answer], seconds: float | None = None) -> Answer:
        """Call again while the database is away.

        Args:
            call: Harmless to do twice.
            seconds: How long to try; left out, :data:`PATIENCE_SECONDS`. Never long once a stop is requested.

        Raises:
            XraykitError: the database is still away; without the cause, which may contain a password.
        """
        seconds = PATIENCE_SECONDS if seconds is None else seconds
        deadline, began = None, time.monotonic()
        while True:
            try:
                return call()
            except (*AWAY, OSError) as error:
                complaint = self._address.complaint(error)
            self._spare_the_living()
            if deadline is None:
                deadline = time.monotonic() + seconds
                if seconds:
                    logger.warning("Trying again for %.0f seconds: %s", seconds, complaint)
            if time.monotonic() >= (min(deadline, began + STOPPING_CALL_SECONDS) if is_stopping() else deadline):
                raise complaint
            time.sleep(min(RETRY_SECONDS, self.heartbeat_seconds))

    def _spare_the_living(self) -> None:
        """After an outage all heartbeats are old: running processes get the time to record a new one."""
        self._judges_from = time.monotonic() + self.heartbeat_seconds

    def beat(self, number: int) -> None:
        """Record a heartbeat of a trial."""
        self._rdb.record_heartbeat(self._rdb.get_trial_id_from_study_id_trial_number(self._study_id, number))

    @contextmanager
    def beating(self, number: int) -> Iterator[None]:
        """Record heartbeats of a trial while it runs here, and sooner again after one that failed."""
        ended = threading.Event()

        def beats() -> None:
            pause = self.heartbeat_seconds
            while not ended.wait(pause):
                try:
                    self.beat(number)
                    pause = self.heartbeat_seconds
                except AWAY as error:
                    self._spare_the_living()
                    logger.debug("no heartbeat of trial %d: %s", number, self._address.complaint(error))
                    pause = min(RETRY_SECONDS, self.heartbeat_seconds)

        thread = threading.Thread(target=beats, name=f"heartbeat of trial {number}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(STOPPING_CALL_SECONDS if is_stopping() else self.heartbeat_seconds)

    def heartbeats(self) -> dict[int, float]:
        """Last heartbeat of each trial that had one, in seconds since 1970 by the database's clock."""
        found = (
            select(_TRIALS.c.number, _HEARTBEATS.c.heartbeat)
            .join(_HEARTBEATS, _HEARTBEATS.c.trial_id == _TRIALS.c.trial_id)
            .where(_TRIALS.c.study_id == self._study_id)
        )
        with self._rdb.engine.connect() as connection:
            return {number: beat.replace(tzinfo=timezone.utc).timestamp() for number, beat in connection.execute(found)}

    def now(self) -> float:
        """Seconds since 1970 by the database's clock."""
        with self._rdb.engine.connect() as connection:
            return float(connection.scalar(text(_NOW[self._address.dialect])) or 0.0)

    def fail_the_dead(self) -> None:
        """Mark the trials of dead processes as failed; to be called with the gate held.

        Who begins a trial holds the gate until its first heartbeat, so one without any has lost its process.
        """
        alive = self.heartbeats()
        for trial in self.running():
            if trial.number not in alive:
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        if time.monotonic() >= self._judges_from:
            optuna.storages.fail_stale_trials(self.study)

    def fail_running(self) -> None:
        """Mark all running trials as failed: certainly no other process works on the study."""
        for trial in self.running():
            self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def running(self) -> list[optuna.trial.FrozenTrial]:
        """The trials that are marked as running."""
        found: list[optuna.trial.FrozenTrial] = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return found

    @property
    def lock_file(self) -> str | None:
        """Beside an SQLite file; ``None`` if a server keeps the study."""
        return None if self._address.file is None else str(self._address.file.with_suffix(".lock"))

    def close(self) -> None:
        """End all connections."""
        self._rdb.remove_session()
        self._rdb.engine.dispose()
        self.gate.close()
