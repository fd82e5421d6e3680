"""A worker process of a search: ``python -m xraykit.search.workers.worker``, started by :mod:`.pool` alone.

It reads its job as one line of JSON from standard input, because the job may contain passwords, which must not be in
command lines or files. Standard input then stays open as long as the parent lives: its end stops the worker, however
the parent ended. A worker handles signals itself, also those that its parent ignores.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.search.workers.exits import EXIT_DONE, EXIT_ERROR, STOP_SECONDS, STOPPED
from xraykit.system import Stopped, end_at_once, is_stopping, start_logging, steady_streams, stop_signals

logger = logging.getLogger("xraykit.worker")


def main() -> int:
    """Work on a study until no trial is left.

    Returns:
        The exit status; see :mod:`xraykit.search.workers.exits`.
    """
    with steady_streams(), stop_signals(STOP_SECONDS, heed_ignored_interrupt=False):
        try:
            return _run_job(sys.stdin.readline())
        except Stopped as stop:
            logger.info("Stopped.")
            end_at_once(stop.exit_status)
            return stop.exit_status


def _run_job(line: str) -> int:
    if not line:
        # The parent died before it sent the job.
        return STOPPED[-1]
    job = json.loads(line)
    start_logging()
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    if job["cores"]:
        os.sched_setaffinity(0, job["cores"])
    from xraykit.errors import XraykitError

    try:
        _work(job)
    except XraykitError as error:
        logger.error("%s", error)
        return EXIT_ERROR
    return EXIT_DONE


def _work(job: Mapping[str, Any]) -> None:
    from xraykit.config import load_experiment
    from xraykit.data import load_parts
    from xraykit.errors import XraykitError
    from xraykit.search import open_study
    from xraykit.search.study_setup import StudySetup
    from xraykit.search.trial_training import TrialTraining, after_trial
    from xraykit.tracking import join_run

    experiment = load_experiment(job["experiment"])
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    setup = StudySetup.of(experiment, parts)
    if setup.name != job["study"]:
        raise XraykitError(
            "Data, plug-ins or start weights have changed since the search began, so that this worker would work on "
            "another study. Start the search again."
        )
    root = Path(experiment.output.root)
    with (
        join_run(experiment.tracking.uri, root=root, experiment=experiment.name, run_id=job["run"]) as tracker,
        open_study(setup.plan(after_trial(setup), patient=True)) as study,
    ):
        study.work(TrialTraining(setup, parts, tracker))


def _stop_with_parent() -> None:
    while os.read(0, 4096):
        pass
    if not is_stopping():
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
