"""The worker processes of a search on this machine: start, watch, restart after a kill, stop."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from xraykit.config import Choices, Experiment
from xraykit.errors import ExperimentError, XraykitError
from xraykit.registry import BACKBONES, FORMATS, LOSSES, STRATEGIES, Registry
from xraykit.search import Study, TrialRecord
from xraykit.search.results.progress import ended_line, progress_line
from xraykit.search.study import log_continuation
from xraykit.search.study_setup import StudySetup
from xraykit.search.workers.cores import Share, shares
from xraykit.search.workers.exits import EXIT_DONE, STOPPED
from xraykit.search.workers.exits import STOP_SECONDS as STOP_SECONDS_OF_A_WORKER
from xraykit.system import without_stamp

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
STOP_SECONDS = STOP_SECONDS_OF_A_WORKER + 2
"""A worker that needs longer is killed; its trial is repeated."""

MOST_RESTARTS = 4
"""Restarts of a worker that was killed. A trial that kills its worker four times counts as failed before that."""


@dataclass
class _Worker:
    """One worker: its share of the machine, its log file and its process."""

    number: int
    share: Share
    log: Path
    process: "subprocess.Popen[str]"
    restarts: int = 0


def check_importable(experiment: Experiment) -> None:
    """Check that worker processes will know the backbones, the data format, the loss and the strategy of an experiment.

    Raises:
        ExperimentError: one was registered in a notebook or by an import that no worker repeats.
    """
    search = experiment.search
    domain = search.space.get("model.backbone") if search else None
    chosen = [str(choice) for choice in domain.choices] if isinstance(domain, Choices) else []
    named: list[tuple[Registry[Any], str]] = [(FORMATS, name) for name in experiment.data.formats]
    named += [(LOSSES, experiment.training.loss)]
    named += [(BACKBONES, name) for name in (experiment.model.backbone, *chosen)]
    named += [(STRATEGIES, search.engine)] if search else []
    for registry, name in named:
        module = registry.module_of(name)
        if not registry.is_builtin(name) and (module == "__main__" or not experiment.plugins):
            raise ExperimentError(
                f"search.workers is {search.workers if search else 1}, but the {registry.kind} {name!r} is registered "
                f"by {module}, which other processes do not import. Put it into a .py file and name that "
                f"file in `plugins`, or search with workers: 1."
            )


class Workers:
    """Runs a study with ``search.workers`` processes.

    Args:
        experiment: With its search. Its addresses may contain passwords; the workers receive it through a pipe.
        setup: Of the study.
        run: The tracker's name of the parent run of the trials.
        logs: Folder of the workers' logs.
    """

    def __init__(self, experiment: Experiment, setup: StudySetup, run: str | None, logs: Path) -> None:
        self._experiment = experiment
        self._setup = setup
        self._run = run
        self._logs = logs
        self._logged: set[int] = set()

    def work(self, study: Study) -> None:
        """Run trials until the study is complete; see :meth:`xraykit.search.Study.work`.

        Raises:
            XraykitError: a worker ended with an error, or all were killed too often.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        trials = study.trials()
        self._logged = {trial.number for trial in trials if trial.state != "running"}
        log_continuation(self._setup.search, trials)
        with self._started() as workers:
            logger.info("%d workers search; each writes to %s.", len(workers), self._logs / "worker-N.log")
            while workers:
                time.sleep(POLL_SECONDS)
                self._log_ended(study.trials())
                workers[:] = [worker for worker in workers if self._lives(worker)]
        self._log_ended(study.trials())

    @contextmanager
    def _started(self) -> Iterator[list[_Worker]]:
        workers: list[_Worker] = []
        everyone: list[_Worker] = []
        try:
            for number, share in enumerate(shares(self._setup.search.workers)):
                path = self._logs / f"worker-{number + 1}.log"
                workers.append(_Worker(number, share, path, self._start(share, path)))
            everyone = list(workers)
            yield workers
        finally:
            _stop(everyone or workers)

    def _start(self, share: Share, path: Path) -> "subprocess.Popen[str]":
        with path.open("a", encoding="utf-8") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "xraykit.search.workers.worker"],
                env={**os.environ, **share.environment},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                # Ctrl-C is for the parent, which stops the workers by closing their standard input.
                start_new_session=True,
            )
        job = {
            "experiment": self._experiment.values(),
            "study": self._setup.name,
            "run": self._run,
            "cores": share.cores,
        }
        _send(process.stdin, json.dumps(job) + "\n")
        return process

    def _lives(self, worker: _Worker) -> bool:
        """Whether a worker is still running; a killed one is restarted."""
        code = worker.process.poll()
        if code is None:
            return True
        if code == EXIT_DONE:
            return False
        if code == 0:
            raise XraykitError(
                f"Worker {worker.number + 1} ended before its work was done, so that the search stops. Expected: "
                f"plug-ins that never end the process (sys.exit, os._exit, quit). Its log is {worker.log}."
            )
        if code > 0 and code not in STOPPED:
            raise XraykitError(
                f"Worker {worker.number + 1} ended with an error, so that the search stops: {_last_line(worker.log)} "
                f"Its log is {worker.log}."
            )
        return self._restart(worker, -code if code < 0 else code - 128)

    def _restart(self, worker: _Worker, signal: int) -> bool:
        cause = " (9: manually, or because memory ran out)" if signal == 9 else ""
        logger.warning("Worker %d was killed by signal %d%s; its trial is repeated.", worker.number + 1, signal, cause)
        if worker.restarts == MOST_RESTARTS:
            raise XraykitError(
                f"Worker {worker.number + 1} was killed {MOST_RESTARTS + 1} times, so that the search stops. No "
                f"trial is lost: run the same command again, with fewer search.workers if memory ran out."
            )
        worker.restarts += 1
        worker.process = self._start(worker.share, worker.log)
        return True

    def _log_ended(self, trials: tuple[TrialRecord, ...]) -> None:
        """Log the trials that ended since the last call, and the progress."""
        ended = [trial for trial in trials if trial.counts and trial.number not in self._logged]
        for trial in ended:
            self._logged.add(trial.number)
            logger.info("%s", ended_line(self._setup.search, trial))
        if ended:
            logger.info("%s", progress_line(self._setup.search, trials))


def _stop(workers: list[_Worker]) -> None:
    """Close each worker's standard input, which requests it to stop; kill what does not stop in time.

    A worker that is still importing TensorFlow does not read its standard input yet: SIGTERM ends it.
    """
    for worker in workers:
        worker.process.terminate()
        if worker.process.stdin is not None and not worker.process.stdin.closed:
            _close(worker.process.stdin)
    deadline = time.monotonic() + STOP_SECONDS
    for worker in workers:
        try:
            worker.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("Worker %d does not stop; it is killed. Its trial is repeated.", worker.number + 1)
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
