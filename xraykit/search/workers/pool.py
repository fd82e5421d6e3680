"""The worker processes of a search on this machine: what they do, and what is logged of it."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xraykit.config import Choices, Experiment
from xraykit.registry import BACKBONES, STRATEGIES, Registry
from xraykit.search import Study, TrialRecord
from xraykit.search.results.progress import ended_line, progress_line
from xraykit.search.study import log_continuation
from xraykit.search.study_setup import StudySetup
from xraykit.workers import POLL_SECONDS, Crew, shares
from xraykit.workers import check_importable as check_names

logger = logging.getLogger(__name__)


def check_importable(experiment: Experiment) -> None:
    """Check that worker processes will know the backbones, the data format, the loss and the strategy of an experiment.

    Raises:
        ExperimentError: one was registered in a notebook or by an import that no worker repeats.
    """
    search = experiment.search
    if search is None:
        return
    domain = search.space.get("model.backbone")
    chosen = [str(choice) for choice in domain.choices] if isinstance(domain, Choices) else []
    more: list[tuple[Registry[Any], str]] = [*((BACKBONES, name) for name in chosen), (STRATEGIES, search.engine)]
    check_names(experiment, "search.workers", search.workers, more)


class Workers:
    """Runs a study with ``search.workers`` processes.

    Args:
        experiment: With its search. Its addresses may contain passwords; the workers receive it through a pipe.
        setup: Of the study.
        run: The tracker's name of the parent run of the trials.
        folder: The run folder; the workers' logs are in ``search/logs``.
        on_ended: Called with all trials after some have ended.
    """

    def __init__(
        self,
        experiment: Experiment,
        setup: StudySetup,
        run: str | None,
        folder: Path,
        on_ended: Callable[[tuple[TrialRecord, ...]], None] = lambda trials: None,
    ) -> None:
        self._experiment = experiment
        self._setup = setup
        self._run = run
        self._folder = folder
        self._logs = folder / "search" / "logs"
        self._on_ended = on_ended
        self._logged: set[int] = set()

    def work(self, study: Study) -> None:
        """Run trials until the study is complete; see :meth:`xraykit.search.Study.work`.

        A trial that kills its worker four times counts as failed before its worker was killed too often.

        Raises:
            XraykitError: a worker ended with an error, or all were killed too often.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        trials = study.trials()
        self._logged = {trial.number for trial in trials if trial.state != "running"}
        log_continuation(self._setup.search, trials)
        module, repeated = "xraykit.search.workers.worker", "its trial is repeated"
        with Crew(module, work="search", afterwards=repeated, key="search.workers") as crew:
            divided = enumerate(shares(self._setup.search.workers), 1)
            job = {
                "experiment": self._experiment.values(),
                "folder": str(self._folder.absolute()),
                "study": self._setup.name,
                "run": self._run,
            }
            workers = [
                crew.start(f"Worker {number}", share, self._logs / f"worker-{number}.log", job)
                for number, share in divided
            ]
            logger.info("%d workers search; each writes to %s.", len(workers), self._logs / "worker-N.log")
            while workers:
                time.sleep(POLL_SECONDS)
                self._log_ended(study.trials())
                workers = [worker for worker in workers if crew.lives(worker)]
        self._log_ended(study.trials())

    def _log_ended(self, trials: tuple[TrialRecord, ...]) -> None:
        """Log the trials that ended since the last call, and the progress."""
        ended = [trial for trial in trials if trial.counts and trial.number not in self._logged]
        for trial in ended:
            self._logged.add(trial.number)
            logger.info("%s", ended_line(self._setup.search, trial))
        if ended:
            logger.info("%s", progress_line(self._setup.search, trials))
            self._on_ended(trials)
