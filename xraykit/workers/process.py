"""The life of a worker process: its job, its share of the cores, its end.

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
from collections.abc import Callable, Mapping
from typing import Any

from xraykit.system import Stopped, end_at_once, is_stopping, start_logging, steady_streams, stop_signals
from xraykit.workers.exits import EXIT_DONE, EXIT_ERROR, EXIT_NOT_FINITE, STOP_SECONDS, STOPPED

logger = logging.getLogger("xraykit.worker")


def work_as_process(work: Callable[[Mapping[str, Any]], None]) -> int:
    """Do the job that standard input contains.

    Args:
        work: Does a job; see :meth:`.Crew.start`.

    Returns:
        The exit status; see :mod:`xraykit.workers.exits`.
    """
    with steady_streams(), stop_signals(STOP_SECONDS, heed_ignored_interrupt=False):
        try:
            return _done(work, sys.stdin.readline())
        except Stopped as stop:
            logger.info("Stopped.")
            end_at_once(stop.exit_status)
            return stop.exit_status


def _done(work: Callable[[Mapping[str, Any]], None], line: str) -> int:
    if not line:
        # The parent died before it sent the job.
        return STOPPED[-1]
    job = json.loads(line)
    start_logging()
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    if job["cores"]:
        os.sched_setaffinity(0, job["cores"])
    from xraykit.errors import NonFiniteLossError, XraykitError

    try:
        work(job)
    except XraykitError as error:
        logger.error("%s", error)
        return EXIT_NOT_FINITE if isinstance(error, NonFiniteLossError) else EXIT_ERROR
    return EXIT_DONE


def _stop_with_parent() -> None:
    while os.read(0, 4096):
        pass
    if not is_stopping():
        os.kill(os.getpid(), signal.SIGTERM)
