"""One trial from start to end: which exceptions are its outcome, and which end the whole search."""

import copy
import gc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xraykit.errors import TrialFailed, XraykitError
from xraykit.search.objective import Objective, State, TrialPruned

MOST_RETRIES = 3
"""How often a trial is repeated whose process was killed: the trial itself may be the cause, by its memory."""

KILLED = "the process ended while this trial ran"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: ``complete``, ``pruned`` or ``failed``.
        score: Of the first objective; for a pruned trial the last reported one, for a failed one ``None``.
        reason: Why it did not complete.
        scores: Of all objectives, by name; empty if it did not complete.
    """

    state: State
    score: float | None
    reason: str | None
    scores: dict[str, float] = field(default_factory=dict)


class Reports:
    """The reporter that an objective receives: it refuses values that Optuna would accept silently.

    Args:
        number: 0-based number of the trial.
        origin: Number of the trial that this one repeats; else ``number``.
        save: Receives each (epoch, score); may raise :class:`TrialPruned`.

    Attributes:
        epochs: Number of epochs reported so far.
        last: The last score reported.
    """

    def __init__(self, number: int, origin: int, save: Callable[[int, float], None]) -> None:
        self.number = number
        self.origin = origin
        self.epochs = 0
        self.last: float | None = None
        self._last_epoch = -1
        self._save = save

    def report(self, epoch: int, score: float) -> None:
        """See :meth:`xraykit.search.objective.TrialReporter.report`."""
        if epoch <= self._last_epoch:
            raise ValueError(
                f"Epochs must be reported in order, counted from 0. Received: epoch {epoch} after {self._last_epoch}."
            )
        self.last = _finite(score, f"reported after epoch {epoch}")
        self._last_epoch = epoch
        self.epochs += 1
        self._save(epoch, self.last)


def attempt(objective: Objective, values: dict[str, Any], reports: Reports, names: Sequence[str]) -> Outcome:
    """Run one trial.

    Args:
        objective: From values to scores.
        values: Of this trial.
        reports: Passed to the objective.
        names: Of the required scores; the first one is reported after each epoch.

    Returns:
        The outcome; :class:`xraykit.errors.TrialFailed` and :class:`TrialPruned` are outcomes too.

    Raises:
        TypeError: the objective returned a score that is no number.
        ValueError: it returned a score that is not finite, or reported no epoch, so that no pruner saw the trial.
        XraykitError: a required score is missing.
        BaseException: any other exception of the objective, unchanged.
    """
    try:
        scores = _complete(objective(copy.deepcopy(values), reports), names)
    except TrialPruned:
        return Outcome("pruned", reports.last, f"pruned after epoch {reports.epochs}")
    except TrialFailed as failure:
        return Outcome("failed", None, f"{type(failure).__name__}: {failure}")
    finally:
        # The traceback of a failed training and its model refer to each other; the next trial needs the memory.
        gc.collect()
    if reports.epochs == 0:
        raise ValueError(
            "The objective ended without a report. Expected: a call of report(epoch, score) after each epoch."
        )
    return Outcome("complete", scores[names[0]], None, scores)


def _complete(scores: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    missing = [name for name in names if scores.get(name) is None]
    if missing:
        raise XraykitError(
            f"The objective has no {' and no '.join(missing)}. Expected: {', '.join(names)}. Received: "
            f"{', '.join(name for name, score in scores.items() if score is not None) or 'nothing'}."
        )
    return {name: _finite(scores[name], f"returned as {name}") for name in names}


def _finite(score: object, how: str) -> float:
    try:
        number = float(score)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"The score {how} must be a number. Received: {score!r}.") from None
    if not math.isfinite(number):
        raise ValueError(
            f"The score {how} must be finite. Received: {number}. A training that diverges must raise TrialFailed."
        )
    return number
