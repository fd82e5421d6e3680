"""A search, whichever engine runs it: the plan of a study, the engines by name, and the result."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from xraykit.config.search_section import Search
from xraykit.errors import XraykitError
from xraykit.registry import Registry
from xraykit.search.objective import Objective, SearchResult, TrialRecord
from xraykit.search.space import Space

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyPlan:
    """What a driver is told.

    Attributes:
        search: The experiment's section.
        objective: From values to a validation score.
        folder: Where the engine keeps the study.
        name: Of the study; another one for another identity or another space.
        seed: Of the engine's draws.
        epochs: At most this many epochs a trial.
        on_trial_end: Called with each trial that ended here.
    """

    search: Search
    objective: Objective
    folder: Path
    name: str
    seed: int
    epochs: int
    on_trial_end: Callable[[TrialRecord], None] | None = None

    def begun(self, done: int) -> None:
        """Say whether a study is continued.

        Args:
            done: Number of its trials that have ended for good.
        """
        if done:
            LOGGER.info("continuing study: %d of %d trials are done", done, self.search.n_trials)

    def ended(self, record: TrialRecord, trials: Iterable[TrialRecord], done: int) -> None:
        """Say how a trial ended and what is left.

        Args:
            record: The trial.
            trials: All trials of the study.
            done: Number of its trials that have ended for good.
        """
        best = best_trial(trials)
        LOGGER.info(
            "trial %d: %s, %s; best so far %s; %d to go",
            record.number,
            record.state,
            record.reason if record.score is None else f"score {record.score:.4f}",
            "none" if best is None else f"{best.score:.4f} (trial {best.number})",
            max(self.search.n_trials - done, 0),
        )
        if self.on_trial_end is not None:
            self.on_trial_end(record)


Driver = Callable[[StudyPlan], tuple[TrialRecord, ...]]
"""Runs a study until ``search.n_trials`` trials have ended for good, those of earlier runs included.

It hands each trial's values to the objective and lets every exception but TrialPruned and TrialFailed through.
Returns all trials by number.
"""

DRIVERS: Registry[Driver] = Registry(
    "search engine",
    {"keras_tuner": "xraykit.search.keras_tuner_driver", "optuna": "xraykit.search.optuna_driver"},
)


def run_search(
    search: Search,
    objective: Objective,
    *,
    folder: Path,
    identity: str,
    seed: int,
    epochs: int,
    on_trial_end: Callable[[TrialRecord], None] | None = None,
) -> SearchResult:
    """Search for the values with the highest validation score, or go on with a search that was broken off.

    A trial counts towards ``search.n_trials`` when it completed, was pruned or failed for a reason of its own. One
    that was interrupted, killed with its process or ended by a programming error does not: the next run does it
    again with the same values. A trial whose process is killed a fourth time counts as failed.

    Args:
        search: The experiment's section: engine, number of trials, space.
        objective: From values to a validation score; it is maximised.
        folder: Where the engine keeps the study: ``study.db`` (Optuna) or ``keras_tuner/``.
        identity: Hash of everything that shapes a score. A study is continued only with the same one and the same
            space.
        seed: Of the engine's draws; a continued study draws anew, not the same again.
        epochs: At most this many epochs a trial; Hyperband divides them.
        on_trial_end: Called with each trial that ended in this run.

    Returns:
        Best trial and all trials.

    Raises:
        XraykitError: no trial completed (the message lists why), or the study's files cannot be used.
        Exception: whatever the objective raises beside TrialFailed, as it is.
    """
    name = f"{identity}-{fingerprint(search.space)}"
    driver = DRIVERS.get(search.engine)
    trials = driver(StudyPlan(search, objective, folder, name, seed, epochs, on_trial_end))
    best = best_trial(trials)
    if best is None:
        raise XraykitError(_nothing_completed(trials))
    return SearchResult(best, trials)


def best_trial(trials: Iterable[TrialRecord]) -> TrialRecord | None:
    """The completed trial with the highest score, the earliest of equals; ``None`` if none completed."""
    scored = [
        (trial.score, -trial.number, trial) for trial in trials if trial.state == "complete" and trial.score is not None
    ]
    return max(scored, key=lambda entry: entry[:2])[2] if scored else None


def fingerprint(space: Space) -> str:
    """Eight hexadecimal digits that differ for different spaces; the order of the keys does not matter."""
    said = json.dumps({key: domain.model_dump(mode="json") for key, domain in space.items()}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _nothing_completed(trials: tuple[TrialRecord, ...]) -> str:
    reasons: dict[str, list[str]] = {}
    for trial in trials:
        reasons.setdefault(trial.reason or trial.state, []).append(str(trial.number))
    listed = "".join(f"\n  {reason} (trial {', '.join(numbers)})" for reason, numbers in reasons.items())
    return (
        f"None of the search's {len(trials)} trials completed. Expected: at least one score. Received:{listed}\n"
        "Narrow search.space (a lower learning rate, a smaller batch) or raise search.n_trials, then run it again."
    )
