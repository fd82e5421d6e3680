"""What a search engine sees of a training: a function from values to a score, and what becomes of each call.

No engine is imported here, and none sees a model.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
    """

    number: int

    def report(self, epoch: int, score: float) -> None:
        """Tell the validation score after an epoch.

        Args:
            epoch: 0-based, growing from call to call; in a training of several stages it counts on.
            score: The same score as the objective returns in the end; finite.

        Raises:
            TrialPruned: the trial is not worth going on with.
            ValueError: ``score`` is not finite, or ``epoch`` is not above the last one.
        """


Objective = Callable[[dict[str, Any], TrialReporter], float]
"""From values to a validation score, which is maximised.

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
        score: Validation score; of a pruned trial the last one reported, of a failed one ``None``.
        epochs: Epochs that it reported.
        seconds: How long it took; ``None`` if it is running, or was when its process ended.
        reason: Why it did not complete; ``None`` if it did.
    """

    number: int
    state: State
    values: dict[str, Any]
    score: float | None
    epochs: int
    seconds: float | None
    reason: str | None


@dataclass(frozen=True)
class SearchResult:
    """A finished study.

    Attributes:
        best: The completed trial with the highest score; the earlier one of two equals.
        trials: All trials by number. With interrupted ones among them they can be more than ``search.n_trials``.
    """

    best: TrialRecord
    trials: tuple[TrialRecord, ...]
