"""A worker of Keras Tuner's distributed mode: asks the chief for trials, and runs them in this process."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import grpc
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_client import OracleClient

from xraykit.errors import XraykitError
from xraykit.search.objective import Objective, TrialRecord, TrialReporter
from xraykit.search.strategies.keras_tuner_protocol import (
    HEARTBEAT_SECONDS,
    ORACLE_IP,
    ORACLE_PORT,
    TUNER_ID,
    Chief,
    opened,
    parcel,
    worker_name,
)
from xraykit.search.strategies.keras_tuner_trials import Answer, Assignment, take_trials
from xraykit.search.study import Fact, StudyPlan

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 60.0
"""How long a worker waits for a chief that does not answer."""

_FAREWELL_SECONDS = 5.0


class WorkerStudy:
    """A study that is kept by a chief; see :class:`xraykit.search.study.Study`.

    Args:
        plan: Of the study; the chief must have the same.
        chief: Who keeps it.
    """

    sees_all = False

    def __init__(self, plan: StudyPlan, chief: Chief) -> None:
        self._plan = plan
        self._chief = chief
        self._records: list[TrialRecord] = []

    def work(self, objective: Objective) -> None:
        """Run trials of the chief until it says that the study is over."""
        client = ChiefClient(self._plan.name, self._chief)
        logger.info("%s takes trials from the chief at %s", self._chief.tuner_id, self._chief.address)

        def heard(values: dict[str, Any], reporter: TrialReporter) -> Mapping[str, float]:
            with client.heartbeat(reporter.number):
                return objective(values, reporter)

        take_trials(client, heard, self._plan.search, self._ended)

    def trials(self) -> tuple[TrialRecord, ...]:
        """The trials that ended in this process, by number."""
        return tuple(sorted(self._records, key=lambda record: record.number))

    def remember(self, key: str, value: Fact) -> Fact:
        """``None``: what is to be remembered is for the chief to decide."""
        return None

    def facts(self) -> Mapping[str, Fact]:
        """Nothing: facts are kept by the chief."""
        return {}

    @contextmanager
    def hosting(self, workers: int) -> Iterator[list[dict[str, str]]]:
        """Give each worker process of this machine a name of its own; all take trials from the same chief."""
        ip, port = self._chief.address.rsplit(":", 1)
        yield [
            {TUNER_ID: f"{self._chief.tuner_id}-{number}", ORACLE_IP: ip, ORACLE_PORT: port}
            for number in range(workers)
        ]

    def lost(self, worker: int) -> None:
        """Nothing: the chief notices by itself that it hears no more of the worker."""

    def _ended(self, record: TrialRecord) -> None:
        self._records.append(record)
        self._plan.on_trial_end(record, self.trials())


class ChiefClient(OracleClient):
    """Keras Tuner's client, but one that does not wait an hour for a chief that is gone.

    Args:
        study: Name of the study that this worker was told to work on.
        chief: Who is asked.
    """

    def __init__(self, study: str, chief: Chief) -> None:
        super().__init__(oracle=None)
        self._address = chief.address
        self._me = worker_name(study, chief.tuner_id)
        # A chief is no web site: it is not reached through a proxy. One that starts late is found within seconds.
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_reconnect_backoff_ms", 2000)]
        channel = grpc.insecure_channel(chief.address, options=options)
        self.stub = _PatientStub(protos.get_service_grpc().OracleStub(channel), chief.address)
        self._trial_id = ""

    def ask(self) -> Answer:
        """See :class:`xraykit.search.strategies.keras_tuner_trials.Source`.

        Raises:
            XraykitError: the chief cannot be reached, or has another study.
        """
        trial = self.create_trial(self._me)
        said = opened(trial)
        if "refused" in said:
            raise XraykitError(f"The chief at {self._address} gives no trials. {said['refused']}")
        if trial.status == TrialStatus.RUNNING:
            self._trial_id = trial.trial_id
            return Assignment(int(trial.trial_id), said["values"])
        return "wait" if trial.status == TrialStatus.IDLE else "over"

    def end(self, record: TrialRecord) -> None:
        """See :class:`xraykit.search.strategies.keras_tuner_trials.Source`."""
        self._tell(TrialStatus.COMPLETED, record=asdict(record))

    def give_back(self) -> None:
        """See :class:`xraykit.search.strategies.keras_tuner_trials.Source`; a chief that is gone misses nothing."""
        self.stub.seconds = _FAREWELL_SECONDS
        try:
            self._tell(TrialStatus.INVALID)
        except XraykitError as error:
            logger.debug("the trial could not be given back: %s", error)

    @contextmanager
    def heartbeat(self, number: int) -> Iterator[None]:
        """Tell the chief now and then that a trial is being run."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_SECONDS):
                try:
                    self.get_trial(str(number))
                except XraykitError as error:
                    logger.debug("the chief was not told that trial %d runs: %s", number, error)

        threading.Thread(target=beat, daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _tell(self, status: str, **said: Any) -> None:
        trial: Trial = parcel(status, {"worker": self._me, **said}, self._trial_id)
        self.end_trial(trial)


class _PatientStub:
    """The chief's service: calls are repeated while the chief starts, and refused in one sentence when it is gone."""

    def __init__(self, stub: Any, address: str) -> None:
        self._stub = stub
        self._address = address
        self.seconds = PATIENCE_SECONDS

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._stub, name)
        return lambda request, **waiting: self._patiently(call, request)

    def _patiently(self, call: Callable[..., Any], request: Any) -> Any:
        # Every call can be repeated: a worker that asks again gets the same trial, and a trial ends once.
        deadline = time.monotonic() + self.seconds
        while True:
            left = max(0.1, deadline - time.monotonic())
            try:
                return call(request, wait_for_ready=True, timeout=left)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() >= deadline:
                    raise self._unanswered(error) from None
                time.sleep(0.5)

    def _unanswered(self, error: grpc.RpcError) -> XraykitError:
        code = error.code().name.lower().replace("_", " ")
        return XraykitError(
            f"The chief of the search at {self._address} does not answer ({code}, waited {self.seconds:.0f} s). "
            f"Expected: the same command, running there with KERASTUNER_TUNER_ID=chief. Start it, then this worker "
            f"again; what the chief was told of is not lost."
        )
