"""One trial, run to its end: what counts as an outcome, and what ends the whole search."""

import copy
import gc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xraykit.errors import TrialFailed, XraykitError
from xraykit.search.objective import Objective, State, TrialPruned

MOST_RETRIES = 3
"""How often a trial is done again whose process was killed: it may be the trial that kills it, by its memory."""

KILLED = "the process ended while this trial ran"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: ``complete``, ``pruned`` or ``failed``.
        score: Of the first objective; of a pruned trial the last one reported, of a failed one ``None``.
        reason: Why it did not complete.
        scores: Of all objectives, by name; empty if it did not complete.
    """

    state: State
    score: float | None
    reason: str | None
    scores: dict[str, float] = field(default_factory=dict)


class Reports:
    """The reporter that a driver hands to the objective: it refuses what an engine would swallow.

    Args:
        number: 0-based number of the trial.
        origin: Number of the trial that this one does again; else ``number``.
        tell: Where each (epoch, score) goes; may raise :class:`TrialPruned`.

    Attributes:
        epochs: Number of epochs reported so far.
        last: The last score reported.
    """

    def __init__(self, number: int, origin: int, tell: Callable[[int, float], None]) -> None:
        self.number = number
        self.origin = origin
        self.epochs = 0
        self.last: float | None = None
        self._last_epoch = -1
        self._tell = tell

    def report(self, epoch: int, score: float) -> None:
        """See :meth:`xraykit.search.objective.TrialReporter.report`."""
        if epoch <= self._last_epoch:
            raise ValueError(
                f"Epochs must be reported in order, counted from 0. Received: epoch {epoch} after {self._last_epoch}."
            )
        self.last = _finite(score, f"reported after epoch {epoch}")
        self._last_epoch = epoch
        self.epochs += 1
        self._tell(epoch, self.last)


def attempt(objective: Objective, values: dict[str, Any], reports: Reports, names: Sequence[str]) -> Outcome:
    """Run one trial.

    Args:
        objective: From values to scores.
        values: Of this trial.
        reports: Handed to the objective.
        names: Of the scores that are asked for; the first is the one that was reported.

    Returns:
        The outcome; :class:`xraykit.errors.TrialFailed` and :class:`TrialPruned` are outcomes too.

    Raises:
        TypeError: the objective returned something that is no number.
        ValueError: it returned a number that is not finite, or reported no epoch, so that no pruner can have judged.
        XraykitError: a score that is asked for is missing.
        BaseException: whatever else the objective raises, as it is.
    """
    try:
        scores = _complete(objective(copy.deepcopy(values), reports), names)
    except TrialPruned:
        return Outcome("pruned", reports.last, f"pruned after epoch {reports.epochs}")
    except TrialFailed as failure:
        return Outcome("failed", None, f"{type(failure).__name__}: {failure}")
    finally:
        # A failed training's traceback and its model refer to each other; the next one needs the memory.
        gc.collect()
    if reports.epochs == 0:
        raise ValueError("The objective ended without a report. Expected: report(epoch, score) after each epoch.")
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
