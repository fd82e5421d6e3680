"""A worker process of a search: ``python -m xraykit.tuning.worker``, started by :mod:`xraykit.tuning.workers` alone.

It reads what it has to do as one line of JSON from standard input, because that may hold passwords, which neither
command lines nor files should. Standard input then stays open as long as its parent lives: its end stops the worker,
however the parent ended.
"""

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

log = logging.getLogger("xraykit.worker")

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def main() -> int:
    """Work on a study until no trial is left.

    Returns:
        The exit status: 0, 2 after an error that is told in one sentence, 130 if stopped.
    """
    order = json.loads(sys.stdin.readline())
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("xraykit").setLevel(logging.INFO)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if order["cores"]:
        os.sched_setaffinity(0, order["cores"])
    from xraykit.errors import XraykitError

    try:
        _work(order)
    except XraykitError as error:
        log.error("%s", error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        log.info("Stopped.")
        return EXIT_INTERRUPTED
    return 0


def _work(order: dict[str, Any]) -> None:
    from xraykit.config import load_experiment
    from xraykit.data import load_parts
    from xraykit.search import open_study
    from xraykit.tracking import join_run
    from xraykit.tuning.objective import TrialTraining
    from xraykit.tuning.outcome import told
    from xraykit.tuning.places import Places

    experiment = load_experiment(order["experiment"])
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    places = Places.of(experiment, parts)
    root = Path(experiment.output.root)
    with (
        join_run(experiment.tracking.uri, root=root, experiment=experiment.name, run_id=order["run"]) as tracker,
        open_study(places.plan(told(places))) as study,
    ):
        study.work(TrialTraining(places, parts, tracker))


def _stop_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
