"""The chief of Keras Tuner's distributed mode: hands out one study's trials to worker processes over gRPC."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from xraykit.errors import XraykitError
from xraykit.search.objective import TrialRecord
from xraykit.search.strategies.keras_tuner_protocol import SILENCE_SECONDS, opened, parcel, parts_of
from xraykit.search.strategies.keras_tuner_study import OracleStudy
from xraykit.search.strategies.keras_tuner_trials import Assignment

logger = logging.getLogger(__name__)


class Desk:
    """What Keras Tuner's service calls its oracle.

    Args:
        study: Whose trials are handed out.
        name: Of the study; a worker that was told of another one is refused.
        remote: Whether workers may be on other machines, so that only their silence tells that they died.
    """

    def __init__(self, study: OracleStudy, name: str, *, remote: bool) -> None:
        self._study = study
        self._name = name
        self._remote = remote
        self._heard: dict[str, float] = {}
        self._holders: dict[str, str] = {}
        self._lock = threading.Lock()

    def create_trial(self, tuner_id: str) -> Trial:
        """Answer a worker that asks for a trial."""
        if parts_of(tuner_id)[0] != self._name:
            return parcel(TrialStatus.STOPPED, {"refused": _other_study(tuner_id, self._name)})
        self._hear(tuner_id)
        try:
            self._lose_silent()
            answer = self._study.ask(tuner_id)
        except Exception as error:  # noqa: BLE001
            logger.error("the study ended with an error: %s: %s", type(error).__name__, error)
            return parcel(TrialStatus.STOPPED, {"refused": f"Its study ended with an error: {error}"})
        if isinstance(answer, Assignment):
            with self._lock:
                self._holders[str(answer.number)] = tuner_id
            return parcel(TrialStatus.RUNNING, {"values": answer.values}, str(answer.number))
        if answer == "over":
            self._forget(tuner_id)
        return parcel(TrialStatus.STOPPED if answer == "over" else TrialStatus.IDLE, {})

    def end_trial(self, trial: Trial) -> None:
        """Take a trial's end from a worker, or the trial itself."""
        said = opened(trial)
        try:
            if trial.status == TrialStatus.INVALID:
                self._forget(said["worker"])
                self._study.give_back(said["worker"])
            else:
                self._study.end(TrialRecord(**said["record"]), said["worker"])
        except Exception as error:  # noqa: BLE001
            # The protocol has no answer to this call; the worker learns of it when it asks for its next trial.
            logger.error("the study ended with an error: %s: %s", type(error).__name__, error)

    def get_trial(self, trial_id: str) -> Trial:
        """Hear that a trial is being run; without the study, which may be busy with drawing the next trial."""
        with self._lock:
            holder = self._holders.get(trial_id)
        if holder is not None:
            self._hear(holder)
        return parcel(TrialStatus.RUNNING, {}, trial_id)

    def lose(self, tuner_id: str) -> None:
        """Give the trial of a process that died to the next that asks."""
        for worker in {*self._known(), *self._study.workers()}:
            if parts_of(worker)[1] == tuner_id:
                self._forget(worker)
                self._study.give_back(worker, killed=True)

    def wait_until_told(self) -> None:
        """Wait until every worker knows that the study is over, but not for dead ones."""
        while any(map(self._is_heard, self._known())):
            time.sleep(0.1)

    def _lose_silent(self) -> None:
        for worker in self._study.workers() if self._remote else ():
            if not self._is_heard(worker):
                logger.warning("%s was not heard of for %.0f s; its trial is done again", worker, SILENCE_SECONDS)
                self._study.give_back(worker, killed=True)

    def _known(self) -> list[str]:
        with self._lock:
            return list(self._heard)

    def _hear(self, worker: str) -> None:
        with self._lock:
            self._heard[worker] = time.monotonic()

    def _forget(self, worker: str) -> None:
        with self._lock:
            self._heard.pop(worker, None)

    def _is_heard(self, worker: str) -> bool:
        with self._lock:
            return time.monotonic() - self._heard.get(worker, -SILENCE_SECONDS) < SILENCE_SECONDS


@dataclass(frozen=True)
class Server:
    """A chief that answers.

    Attributes:
        desk: Its counter.
        port: Where it listens.
    """

    desk: Desk
    port: int


@contextmanager
def serving(study: OracleStudy, name: str, address: str, *, remote: bool) -> Iterator[Server]:
    """Answer workers while the context is open.

    Args:
        study: Whose trials are handed out.
        name: Of the study.
        address: ``IP:PORT``; port 0 is any free one.
        remote: Whether workers may be on other machines. When all is done, the last of them are told so.

    Raises:
        XraykitError: nothing can listen there.
    """
    desk = Desk(study, name, remote=remote)
    # Without the option a second chief could listen on the same port, and each would get some of the workers.
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=[("grpc.so_reuseport", 0)])
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(desk), server)
    port = _listen(server, address)
    server.start()
    try:
        yield Server(desk, port)
        if remote:
            desk.wait_until_told()
    finally:
        server.stop(grace=1.0).wait()


def _other_study(worker: str, name: str) -> str:
    return (
        f"It has the study {name}, and the worker wants {parts_of(worker)[0]}. Start both with the same experiment, "
        f"overrides and data."
    )


def _listen(server: grpc.Server, address: str) -> int:
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if port == 0:
        raise XraykitError(
            f"The chief cannot listen on {address}. Expected: an address of this machine and a free port, in "
            f"KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT. Does another chief run here?"
        )
    return int(port)
