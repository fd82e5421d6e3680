"""The study as Optuna runs it: kept in an SQLite file, pruned, and gone on with after any end of the process.

A process that is killed leaves its trial marked as running. The next one that finds itself alone queues such trials
again; where several processes work on one study, the heartbeat of the dead one goes stale and a living one does so.
Several processes may together run a few trials more than ``search.n_trials``, at most one for each further process,
and one that finds the last trials running elsewhere ends without them.
"""

import logging
import time

import optuna
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, Trial, TrialState

from xraykit.config.search_section import Value
from xraykit.errors import TrialFailed
from xraykit.search.drivers import DRIVERS, StudyPlan
from xraykit.search.files import study_lock
from xraykit.search.objective import State, TrialPruned, TrialRecord
from xraykit.search.optuna_study import GRACE_SECONDS, HEARTBEAT_SECONDS, load, make_sampler, quiet
from xraykit.search.space import Space, assemble, suggest
from xraykit.search.trials import KILLED, MOST_RETRIES, Reports, attempt

LOGGER = logging.getLogger(__name__)

POLL_SECONDS = 2

STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


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


def run(plan: StudyPlan) -> tuple[TrialRecord, ...]:
    """Run a study with Optuna; see :data:`xraykit.search.drivers.Driver`.

    Raises:
        XraykitError: ``study.db`` is no Optuna study.
    """
    with quiet(), study_lock(plan.folder / "study.lock") as lock:
        study = load(plan)
        if lock.alone:
            _requeue_orphans(study)
        lock.share()
        # The same seed again would draw the same values again; two processes that begin at once would share them.
        study.sampler = make_sampler(plan.search.optuna, None if lock.taken else plan.seed + len(study.trials))
        plan.begun(done(study))
        _run_remaining(study, plan)
        return _records(study, plan.search.space)


def done(study: optuna.Study) -> int:
    """Number of trials that ended for good: all finished ones but those that were queued again."""
    trials = study.get_trials(deepcopy=False)
    retried = {number for trial in trials for number in trial.system_attrs.get("retry_history", ())}
    return sum(trial.state.is_finished() and trial.number not in retried for trial in trials)


def _run_remaining(study: optuna.Study, plan: StudyPlan) -> None:
    runner = _Runner(plan)
    while (missing := plan.search.n_trials - done(study)) > 0:
        if _running(study) >= missing:
            if _wait_for_others(study):
                continue
            LOGGER.info("the last %d trials are left to the other processes that run them", missing)
            return
        try:
            study.optimize(runner, n_trials=1, catch=(TrialFailed,), callbacks=[runner.ended])
        except BaseException:
            if runner.number is not None:
                _requeue(study, runner.number)
            raise


def _running(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))


def _wait_for_others(study: optuna.Study) -> bool:
    """Wait as long as the heartbeat of a dead process may seem alive; whether one of the running trials ended."""
    before = _running(study)
    deadline = time.monotonic() + GRACE_SECONDS + HEARTBEAT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        optuna.storages.fail_stale_trials(study)
        if _running(study) < before:
            return True
    return False


class _Runner:
    """The function that Optuna optimises.

    Attributes:
        number: Of the trial that is running; ``None`` between trials.
    """

    def __init__(self, plan: StudyPlan) -> None:
        self.plan = plan
        self.number: int | None = None

    def __call__(self, trial: Trial) -> float:
        """Run one trial; what Optuna must know beside the score goes by exceptions, as Optuna expects."""
        self.number = trial.number
        trial.set_user_attr("reason", KILLED)
        began = time.monotonic()
        reports = Reports(trial.number, lambda epoch, score: _tell(trial, epoch, score))
        try:
            outcome = attempt(self.plan.objective, suggest(self.plan.search.space, OptunaDraw(trial)), reports)
        except BaseException as error:
            _note(trial, _cause(error), time.monotonic() - began, reports.epochs)
            raise
        _note(trial, outcome.reason, time.monotonic() - began, reports.epochs)
        if outcome.state == "pruned":
            raise optuna.TrialPruned(outcome.reason)
        if outcome.score is None:
            raise TrialFailed(outcome.reason)
        return outcome.score

    def ended(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Optuna's callback after a trial that ended for good."""
        self.number = None
        space = self.plan.search.space
        self.plan.ended(_record(trial, space), _records(study, space), done(study))


def _tell(trial: Trial, epoch: int, score: float) -> None:
    trial.report(score, step=epoch)
    if trial.should_prune():
        raise TrialPruned(f"trial {trial.number} is pruned after epoch {epoch + 1} with score {score:.4f}")


def _cause(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"


def _note(trial: Trial, reason: str | None, seconds: float, epochs: int) -> None:
    for name, value in {"reason": reason, "seconds": round(seconds, 3), "epochs": epochs}.items():
        trial.set_user_attr(name, value)


def _records(study: optuna.Study, space: Space) -> tuple[TrialRecord, ...]:
    trials = study.get_trials(deepcopy=False, states=tuple(STATES))
    return tuple(_record(trial, space) for trial in trials)


def _record(trial: FrozenTrial, space: Space) -> TrialRecord:
    noted = trial.user_attrs
    running = trial.state == TrialState.RUNNING
    return TrialRecord(
        number=trial.number,
        state=STATES[trial.state],
        values=assemble(space, trial.params),
        score=trial.value,
        epochs=len(trial.intermediate_values),
        seconds=None if running or noted.get("reason") == KILLED else noted.get("seconds"),
        reason=None if running else noted.get("reason"),
    )


def _requeue_orphans(study: optuna.Study) -> None:
    """Queue the trials of dead processes again, unless they were too often."""
    queue_again = RetryHeartbeatStaleTrialCallback(max_retry=MOST_RETRIES)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        queue_again(study, study.trials[trial.number])


def _requeue(study: optuna.Study, number: int) -> None:
    """Queue a trial again that ended for no reason of its own."""
    if study.trials[number].state == TrialState.RUNNING:
        study.tell(number, state=TrialState.FAIL)
    if study.trials[number].state == TrialState.FAIL:
        RetryHeartbeatStaleTrialCallback()(study, study.trials[number])


DRIVERS.add("optuna", run)
