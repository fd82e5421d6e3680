"""A study: its plan, and what can be done with it, whichever strategy proposes its trials."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from xraykit.config import Search
from xraykit.search.objective import Objective, TrialRecord

logger = logging.getLogger(__name__)

Fact = str | int | float | bool | dict[str, str] | None

HYPERBAND = "-hyperband-"


@dataclass(frozen=True)
class StudyPlan:
    """What a study is opened with.

    Attributes:
        search: The experiment's section.
        folder: Where a study without ``search.storage`` is kept.
        name: Of the study; see :func:`study_name`.
        seed: Of the strategy's random numbers; a continued study draws new values.
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
    """An open study. Several processes may have the same study open."""

    def work(self, objective: Objective) -> None:
        """Take trials and run them here until the study is complete, or was stopped by ``search.timeout``.

        A trial counts towards ``search.n_trials`` when it completed, was pruned or failed for a reason of its own.
        One that was interrupted, killed with its process or ended by a programming error does not: it is repeated
        with the same values. A trial whose process is killed a fourth time counts as failed.

        Not one trial more than ``search.n_trials`` is run, however many processes work; a process that finds no
        trial left waits for those that run elsewhere, and takes over the trials of a process that died.

        Raises:
            XraykitError: the study's files or database cannot be used.
            Exception: any exception of the objective besides TrialFailed, unchanged.
        """

    def trials(self) -> tuple[TrialRecord, ...]:
        """All trials by number, as they are now."""

    def remember(self, key: str, value: Fact) -> Fact:
        """Record a fact with the study, once for all processes.

        Returns:
            The recorded fact: ``value``, or what another process (or an earlier start) recorded under ``key`` before.
        """

    def facts(self) -> Mapping[str, Fact]:
        """All recorded facts."""


def study_name(identity: str, search: Search) -> str:
    """Name of the study of a search. A study is continued only under the same name.

    Args:
        identity: Hash of everything that shapes a score.
        search: Its space counts; the order of the keys does not. Keras Tuner's Hyperband has a study of its own,
            because most of its trials have fewer epochs than those of other strategies.
    """
    space = {key: domain.model_dump(mode="json") for key, domain in search.space.items()}
    name = f"{identity}-{hashlib.sha256(json.dumps(space, sort_keys=True).encode()).hexdigest()[:8]}"
    hyperband = search.engine == "keras_tuner" and search.keras_tuner.method == "hyperband"
    return f"{name}{HYPERBAND}{search.keras_tuner.factor}" if hyperband else name


def done(trials: tuple[TrialRecord, ...]) -> int:
    """Number of trials that ended for good."""
    return sum(trial.counts for trial in trials)


def log_continuation(search: Search, trials: tuple[TrialRecord, ...]) -> None:
    """Log how many trials of a continued study are done."""
    if ended := done(trials):
        logger.info("Continuing the study: %d of %d trials are done.", ended, search.n_trials)
