"""A study, whichever engine runs it: its plan, what can be done with it, and the engines by name."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from xraykit.config.search_section import Search
from xraykit.config.search_space import Space
from xraykit.registry import Registry
from xraykit.search.objective import Objective, TrialRecord

Fact = str | int | float | bool | dict[str, str] | None


@dataclass(frozen=True)
class StudyPlan:
    """What a driver is told.

    Attributes:
        search: The experiment's section.
        folder: Where a local engine keeps the study.
        name: Of the study; another one for another identity or another space.
        seed: Of the engine's draws; a continued study draws anew, not the same again.
        epochs: At most this many epochs a trial; Hyperband divides them.
        patient: Whether the database was known to answer before, so that opening the study waits while it is away.
        on_trial_end: Called with each trial that ended in this process, and all trials of the study.
    """

    search: Search
    folder: Path
    name: str
    seed: int
    epochs: int
    patient: bool = False
    on_trial_end: Callable[[TrialRecord, tuple[TrialRecord, ...]], None] = lambda record, trials: None


class Study(Protocol):
    """An open study. Several processes may have the same study open, where its engine can share it.

    Attributes:
        sees_all: Whether :meth:`trials` are those of the whole study, and not of this process alone.
    """

    sees_all: bool

    def work(self, objective: Objective) -> None:
        """Take trials and run them here until the study is complete, or was stopped by ``search.timeout``.

        A trial counts towards ``search.n_trials`` when it completed, was pruned or failed for a reason of its own.
        One that was interrupted, killed with its process or ended by a programming error does not: it is done again
        with the same values. A trial whose process is killed a fourth time counts as failed.

        Not one trial more than ``search.n_trials`` is run, however many processes work; a process that finds no
        trial left waits for those that run elsewhere, and takes over the trials of a process that died.

        Raises:
            XraykitError: the study's files or database cannot be used.
            Exception: whatever the objective raises beside TrialFailed, as it is.
        """

    def trials(self) -> tuple[TrialRecord, ...]:
        """All trials by number, as they are now."""

    def remember(self, key: str, value: Fact) -> Fact:
        """Write a fact down with the study, once for all processes.

        Returns:
            What stands there: ``value``, or what another process (or an earlier start) wrote under ``key`` before.
        """

    def facts(self) -> Mapping[str, Fact]:
        """All that was remembered."""

    def hosting(self, workers: int) -> AbstractContextManager[list[dict[str, str]]]:
        """Let worker processes of this machine take trials of this study.

        Args:
            workers: How many there will be.

        Returns:
            A context that gives, for each worker, the environment variables that it needs beside its plan.
        """

    def lost(self, worker: int) -> None:
        """A worker process, counted from 0, ended without ending its trial."""


Driver = Callable[[StudyPlan], AbstractContextManager[Study]]
"""Opens a study, new or continued.

Raises:
    XraykitError: its files or database cannot be used, or a package is missing.
"""

DRIVERS: Registry[Driver] = Registry(
    "search engine",
    {"keras_tuner": "xraykit.search.strategies.keras_tuner_driver", "optuna": "xraykit.search.storage.driver"},
)


def open_study(plan: StudyPlan) -> AbstractContextManager[Study]:
    """Open the study of a plan with the engine that it names; see :data:`Driver`."""
    return DRIVERS.get(plan.search.engine)(plan)


def study_name(identity: str, space: Space) -> str:
    """Name of the study for a search space.

    Args:
        identity: Hash of everything that shapes a score. A study is continued only with the same one.
        space: A study is continued only with the same one; the order of the keys does not matter.
    """
    said = json.dumps({key: domain.model_dump(mode="json") for key, domain in space.items()}, sort_keys=True)
    return f"{identity}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def done(trials: tuple[TrialRecord, ...]) -> int:
    """Number of trials that ended for good."""
    return sum(trial.counts for trial in trials)
