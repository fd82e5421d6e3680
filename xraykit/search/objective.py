"""What a search engine sees of a training: a function from values to scores, and what becomes of each call.

No engine is imported here, and none sees a model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

State = Literal["complete", "pruned", "failed", "running"]


class TrialPruned(Exception):
    """The engine ends this trial early because it does worse than earlier ones.

    No error, so the objective lets it pass. Raised by :meth:`TrialReporter.report` alone.
    """


class TrialReporter(Protocol):
    """How an objective tells the engine about each epoch of its trial.

    Attributes:
        number: 0-based number of the trial in its study.
        origin: Number of the trial that this one does again because its process was killed or interrupted; else
            ``number``. What an earlier attempt left, such as a checkpoint, stands under this number.
    """

    number: int
    origin: int

    def report(self, epoch: int, score: float) -> None:
        """Tell the score of the first objective after an epoch.

        Args:
            epoch: 0-based, growing from call to call; in a training of several stages it counts on. A trial that
                goes on from a checkpoint reports the epochs before it too.
            score: Finite.

        Raises:
            TrialPruned: the trial is not worth going on with.
            ValueError: ``score`` is not finite, or ``epoch`` is not above the last one.
        """


Objective = Callable[[dict[str, Any], TrialReporter], Mapping[str, float]]
"""From values to scores on the validation part, by the names of ``search.objectives``; it may return more.

The values are those of one trial, by the path of the experiment's key: ``{"training.learning_rate": 1e-3,
"model.num_dense_layers": 2, "model.dense_neurons": [128, 64]}``. The objective reports each epoch, raises
:class:`xraykit.errors.TrialFailed` where this trial alone went wrong, and whatever else it raises ends the search.
"""


@dataclass(frozen=True)
class TrialRecord:
    """One trial of a study.

    Attributes:
        number: 0-based, in the order in which the trials began.
        state: How it ended. A trial that was interrupted and is done again is ``failed`` in Optuna's study.
        values: Path of the experiment's key to value.
        score: Of the first objective; of a pruned trial the last one reported, of a failed one ``None``.
        epochs: Epochs that it reported.
        seconds: How long it took; ``None`` if it is running, or was when its process ended.
        reason: Why it did not complete; ``None`` if it did.
        scores: Of all objectives, by name; empty if it did not complete.
        origin: Number of the trial that it does again; ``None`` if it is the first attempt.
        replaced: Whether another trial does it again, so that it does not count.
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
    """A study, finished or broken off.

    Attributes:
        best: The winner, by the rule that ``search.tolerance`` states.
        front: The completed trials that no other beats in all objectives, by number; with one objective the best.
        trials: All trials by number. With interrupted ones among them they can be more than ``search.n_trials``.
    """

    best: TrialRecord
    front: tuple[TrialRecord, ...]
    trials: tuple[TrialRecord, ...]
