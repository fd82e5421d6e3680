"""One Optuna trial while it runs in this process: its values, its reports and its end."""

import logging
import time
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from xraykit.config import Value
from xraykit.errors import XraykitError
from xraykit.search.objective import TrialPruned
from xraykit.search.storage.database import StudyStorage
from xraykit.search.trial_outcome import Outcome, Reports
from xraykit.search.trial_records import ENDED, EPOCHS

logger = logging.getLogger(__name__)

GIVE_BACK_SECONDS = 3.0

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class OptunaDraw:
    """Draws from an Optuna trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def integer(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """See :class:`xraykit.search.space.Draw`."""
        return int(self._trial.suggest_int(name, low, high, step=step, log=log))

    def floating(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """See :class:`xraykit.search.space.Draw`."""
        return float(self._trial.suggest_float(name, low, high, step=step, log=log))

    def categorical(self, name: str, choices: tuple[Value, ...]) -> Value:
        """See :class:`xraykit.search.space.Draw`."""
        choice: Value = self._trial.suggest_categorical(name, choices)
        return choice


class RunningTrial:
    """A trial that this process has taken.

    Args:
        storage: Of its study.
        trial: Optuna's.
        values: Path of the experiment's key to value.
        origin: Number of the first attempt.

    Attributes:
        reports: What the objective is handed.
        taken: Whether another process took it for dead and repeats it; its result here does not count.
    """

    def __init__(self, storage: StudyStorage, trial: Trial, values: dict[str, Any], origin: int) -> None:
        self._storage = storage
        self._trial = trial
        self._began = time.monotonic()
        self.number = int(trial.number)
        self.values = values
        self.reports = Reports(self.number, origin, self._report)
        self.taken = False

    def _report(self, epoch: int, score: float) -> None:
        try:
            pruned = self._storage.patiently(lambda: self._pruned(epoch, score))
        except UpdateFinishedTrialError:
            self._lose()
            raise TrialPruned(f"trial {self.number} is repeated elsewhere") from None
        if pruned:
            raise TrialPruned(f"trial {self.number} is pruned after epoch {epoch + 1} with score {score:.4f}")

    def _pruned(self, epoch: int, score: float) -> bool:
        """Optuna takes reports of a trial with one objective only."""
        if len(self._storage.study.directions) > 1:
            self._trial.set_user_attr(EPOCHS, self.reports.epochs)
            return False
        self._trial.report(score, step=epoch)
        return bool(self._trial.should_prune())

    def end(self, outcome: Outcome) -> None:
        """Record how it ended, unless it was taken."""
        if not self.taken:
            self._storage.patiently(lambda: self._end(outcome))

    def _end(self, outcome: Outcome) -> None:
        self._note(outcome.reason, outcome.state)
        values = list(outcome.scores.values()) if outcome.state == "complete" else None
        state = _STATES[outcome.state]
        ended: FrozenTrial = self._storage.study.tell(self.number, values, state, skip_if_finished=True)
        if ended.state != state:
            self._lose()

    def give_back(self, error: BaseException) -> None:
        """Let the next process that asks for a trial repeat it."""
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
        try:
            self._storage.patiently(lambda: self._give_back(reason), seconds=GIVE_BACK_SECONDS)
        except XraykitError as complaint:
            logger.warning("trial %d is repeated when its heartbeat is missed: %s", self.number, complaint)

    def _give_back(self, reason: str) -> None:
        self._note(reason, None)
        self._storage.study.tell(self.number, state=TrialState.FAIL, skip_if_finished=True)

    def _note(self, reason: str | None, outcome: str | None) -> None:
        """A failed trial without an outcome is repeated; one that has ended stays as it is."""
        seconds = round(time.monotonic() - self._began, 3)
        noted = {"outcome": outcome, "reason": reason, "seconds": seconds, "at": self._storage.now()}
        try:
            self._trial.set_user_attr(ENDED, noted)
        except UpdateFinishedTrialError:
            logger.debug("trial %d had ended before", self.number)

    def _lose(self) -> None:
        self.taken = True
        logger.warning(
            "trial %d seemed dead and is repeated; its result from this process is dropped. Was the process suspended, "
            "or cut off from the database?",
            self.number,
        )
