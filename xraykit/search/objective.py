"""The training as a search sees it, a function from values to scores, and the record of each call.

Neither Optuna nor Keras Tuner is imported here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

State = Literal["complete", "pruned", "failed", "running"]


class TrialPruned(Exception):
    """The pruner ends this trial early because it is worse than earlier ones.

    It is no error: the objective does not catch it. Raised by :meth:`TrialReporter.report` alone.
    """


class TrialReporter(Protocol):
    """Receives the score of each epoch of a trial from the objective.

    Attributes:
        number: 0-based number of the trial in its study.
        origin: Number of the trial that this one repeats because its process was killed or interrupted; else
            ``number``. Files of an earlier attempt, such as checkpoints, are stored under this number.
    """

    number: int
    origin: int

    def report(self, epoch: int, score: float) -> None:
        """Report the score of the first objective after an epoch.

        Args:
            epoch: 0-based and increasing, also over the stages of a training. A trial that continues from a checkpoint
                reports the epochs before it too.
            score: Finite.

        Raises:
            TrialPruned: the trial should end.
            ValueError: ``score`` is not finite, or ``epoch`` is not above the last one.
        """


Objective = Callable[[dict[str, Any], TrialReporter], Mapping[str, float]]
"""From values to scores on the validation part, by the names of ``search.objectives``; it may return more.

The values are those of one trial, by the path of the experiment's key: ``{"training.learning_rate": 1e-3,
"model.num_dense_layers": 2, "model.dense_neurons": [128, 64]}``. The objective reports each epoch and raises
:class:`xraykit.errors.TrialFailed` if only this trial failed. Any other exception ends the search.
"""


@dataclass(frozen=True)
class TrialRecord:
    """One trial of a study.

    Attributes:
        number: 0-based, in the order in which the trials began.
        state: How it ended. A trial that was interrupted and is repeated is ``failed``.
        values: Path of the experiment's key to value.
        score: Of the first objective; for a pruned trial the last reported one, for a failed one ``None``.
        epochs: Number of reported epochs.
        seconds: Its duration; ``None`` while it runs, or if its process was killed.
        reason: Why it did not complete; ``None`` if it did.
        scores: Of all objectives, by name; empty if it did not complete.
        origin: Number of the trial that it repeats; ``None`` for a first attempt.
        replaced: Whether another trial repeats it, so that it does not count.
    """

    number: int
    state: State
    values: dict[str, Any]
    score: float | None
    epochs: int
    seconds: float | None
    reason: str | None
    scores: dict[str, float] = field(default_factory=dict)
    origin: int | None = None
    replaced: bool = False

    @property
    def counts(self) -> bool:
        """Whether it ended for good and counts towards ``search.n_trials``."""
        return self.state != "running" and not self.replaced


@dataclass(frozen=True)
class SearchResult:
    """A study, complete or interrupted.

    Attributes:
        best: The winner; see :func:`xraykit.search.rule`.
        front: The completed trials on the Pareto front, by number; with one objective the best.
        trials: All trials by number. With interrupted ones they can be more than ``search.n_trials``.
    """

    best: TrialRecord
    front: tuple[TrialRecord, ...]
    trials: tuple[TrialRecord, ...]
