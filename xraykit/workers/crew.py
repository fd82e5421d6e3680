"""Several worker processes: start, watch, restart after a kill, stop."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from xraykit.errors import NonFiniteLossError, XraykitError
from xraykit.system import without_stamp
from xraykit.workers.cores import Share
from xraykit.workers.exits import EXIT_DONE, EXIT_NOT_FINITE, STOPPED
from xraykit.workers.exits import STOP_SECONDS as STOP_SECONDS_OF_A_WORKER

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
STOP_SECONDS = STOP_SECONDS_OF_A_WORKER + 2
"""A worker that needs longer is killed."""

MOST_RESTARTS = 4
"""Restarts of a worker that was killed."""


@dataclass
class Worker:
    """One worker process.

    Attributes:
        name: For messages: ``Worker 1``.
        share: Of the machine.
        log: Its log file.
        job: What it received.
        process: The process.
        restarts: How often it was started again.
    """

    name: str
    share: Share
    log: Path
    job: Mapping[str, Any]
    process: "subprocess.Popen[str]" = field(repr=False)
    restarts: int = 0


class Crew:
    """The worker processes of one command; a context manager that stops all of them at its end.

    Args:
        module: Which module a worker runs, with :func:`.work_as_process`.
        work: What stops if a worker fails, for messages: ``search``.
        afterwards: What becomes of the work of a killed worker: ``its trial is repeated``.
        key: Of the experiment, with the number of workers: ``search.workers``.
    """

    def __init__(self, module: str, *, work: str, afterwards: str, key: str) -> None:
        self._module = module
        self._work = work
        self._afterwards = afterwards
        self._key = key
        self._all: list[Worker] = []

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def start(self, name: str, share: Share, log: Path, job: Mapping[str, Any]) -> Worker:
        """Start a worker.

        Args:
            name: For messages: ``Worker 1``.
            share: Of the machine.
            log: File that its output is added to.
            job: Values that JSON can hold; ``cores`` are added. They may contain passwords, and go through a pipe.
        """
        worker = Worker(name, share, log, job, self._started(share, log, job))
        self._all.append(worker)
        return worker

    def lives(self, worker: Worker) -> bool:
        """Whether a worker is still running; a killed one is restarted.

        Raises:
            NonFiniteLossError: its loss became NaN or infinite.
            XraykitError: it ended with another error, or was killed too often.
        """
        code = worker.process.poll()
        if code is None:
            return True
        if code == EXIT_DONE:
            return False
        if code == 0:
            raise XraykitError(
                f"{worker.name} ended before its work was done, so that the {self._work} stops. Expected: plug-ins "
                f"that never end the process (sys.exit, os._exit, quit). Its log is {worker.log}."
            )
        if code > 0 and code not in STOPPED:
            kind = NonFiniteLossError if code == EXIT_NOT_FINITE else XraykitError
            raise kind(
                f"{worker.name} ended with an error, so that the {self._work} stops: {_last_line(worker.log)} "
                f"Its log is {worker.log}."
            )
        return self._restart(worker, -code if code < 0 else code - 128)

    def _started(self, share: Share, log: Path, job: Mapping[str, Any]) -> "subprocess.Popen[str]":
        with log.open("a", encoding="utf-8") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env={**os.environ, **share.environment},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                # Ctrl-C is for the parent, which stops the workers by closing their standard input.
                start_new_session=True,
            )
        _send(process.stdin, json.dumps({**job, "cores": share.cores}) + "\n")
        return process

    def _restart(self, worker: Worker, signal: int) -> bool:
        cause = " (9: manually, or because memory ran out)" if signal == 9 else ""
        logger.warning("%s was killed by signal %d%s; %s.", worker.name, signal, cause, self._afterwards)
        if worker.restarts == MOST_RESTARTS:
            raise XraykitError(
                f"{worker.name} was killed {MOST_RESTARTS + 1} times, so that the {self._work} stops. No finished "
                f"work is lost: run the same command again, with fewer {self._key} if memory ran out."
            )
        worker.restarts += 1
        worker.process = self._started(worker.share, worker.log, worker.job)
        return True

    def _stop(self) -> None:
        """Close each worker's standard input, which requests it to stop; kill what does not stop in time.

        A worker that is still importing TensorFlow does not read its standard input yet: SIGTERM ends it.
        """
        living = [worker for worker in self._all if worker.process.poll() is None]
        for worker in self._all:
            if worker in living:
                worker.process.terminate()
            if worker.process.stdin is not None and not worker.process.stdin.closed:
                _close(worker.process.stdin)
        deadline = time.monotonic() + STOP_SECONDS
        for worker in living:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger.warning("%s does not stop; it is killed, and %s.", worker.name, self._afterwards)
                worker.process.kill()
                worker.process.wait()


def _send(pipe: IO[str] | None, line: str) -> None:
    """Send a process its job. A process that died at once is detected by its exit status."""
    if pipe is None:
        raise ValueError("The worker has no standard input.")
    try:
        pipe.write(line)
        pipe.flush()
    except BrokenPipeError:
        logger.debug("A worker died before it received its job.")


def _close(pipe: IO[str]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        logger.debug("A worker ended before it was requested to stop.")


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return without_stamp(lines[-1]) if lines else "it is empty."
