"""Trials of a Keras Tuner study, taken one after the other and run in this process, whoever hands them out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from xraykit.config.search_section import Search
from xraykit.search.objective import Objective, TrialRecord
from xraykit.search.trials import Reports, attempt

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Assignment:
    """A trial to be run.

    Attributes:
        number: 0-based number of the trial in its study.
        values: Path of the experiment's key to value.
    """

    number: int
    values: dict[str, Any]


Answer = Assignment | Literal["wait", "over"]


class Source(Protocol):
    """Whoever hands out trials: the study in this process, or the chief's."""

    def ask(self) -> Answer:
        """A trial to run; ``wait`` if there may be one later, ``over`` if there will be none."""

    def end(self, record: TrialRecord) -> None:
        """Tell how the trial ended."""

    def give_back(self) -> None:
        """Let somebody else run the trial; it did not fail by its own fault."""


def take_trials(source: Source, objective: Objective, search: Search, ended: Callable[[TrialRecord], None]) -> None:
    """Run trials until there are none left.

    Args:
        source: Hands them out.
        objective: From values to scores.
        search: Names the scores that are asked for.
        ended: Called with each trial that ended here.

    Raises:
        BaseException: whatever the objective raises beside TrialFailed, as it is; the trial is given back.
    """
    while (answer := source.ask()) != "over":
        if answer == "wait":
            time.sleep(POLL_SECONDS)
            continue
        try:
            record = _run(answer, objective, search)
        except BaseException:
            source.give_back()
            raise
        source.end(record)
        ended(record)


def _run(trial: Assignment, objective: Objective, search: Search) -> TrialRecord:
    began = time.monotonic()
    reports = Reports(trial.number, trial.number, lambda epoch, score: None)
    outcome = attempt(objective, trial.values, reports, search.objectives)
    return TrialRecord(
        trial.number,
        outcome.state,
        trial.values,
        outcome.score,
        reports.epochs,
        round(time.monotonic() - began, 3),
        outcome.reason,
        outcome.scores,
    )
