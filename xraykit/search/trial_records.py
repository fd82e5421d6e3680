"""What Optuna's trials report: how each ended, which must be repeated, and how long the study has searched."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState, create_trial

from xraykit.config import Search
from xraykit.search.objective import State, TrialRecord
from xraykit.search.space import assemble
from xraykit.search.trial_outcome import KILLED, MOST_RETRIES

STARTING_POINT, COMBINATION = "starting_point", "combination"
"""User attributes of a trial: the user's starting point or the combination of a grid that it is."""
BUDGET = "budget"
"""User attribute of a trial: values that the strategy sets beside the search space, by the experiment's keys."""
BEGAN, EPOCHS, ENDED = "began", "epochs", "ended"
"""User attributes of a trial: what its process recorded. ``ended`` is missing if the process was killed."""

_FIRST, _HISTORY, _FIXED = "failed_trial", "retry_history", "fixed_params"

STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


def due(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that must be queued again: they failed for no reason of their own, and are not queued yet."""
    known = {trial.number: trial for trial in trials}
    queued = _queued(trials)
    return [
        trial
        for trial in trials
        if trial.state == TrialState.FAIL
        and _ended(trial).get("outcome") != "failed"
        and trial.number not in queued
        and sum(_was_killed(known[number]) for number in (*_history(trial), trial.number)) <= MOST_RETRIES
    ]


def again(trial: FrozenTrial) -> FrozenTrial:
    """A waiting trial that repeats ``trial`` with its values."""
    marks = {key: trial.user_attrs[key] for key in (STARTING_POINT, COMBINATION, BUDGET) if key in trial.user_attrs}
    fixed = {_FIXED: trial.system_attrs[_FIXED]} if _FIXED in trial.system_attrs else {}
    return create_trial(
        state=TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs=marks,
        system_attrs={**fixed, _FIRST: origin(trial), _HISTORY: [*_history(trial), trial.number]},
    )


def origin(trial: FrozenTrial) -> int:
    """Number of the first attempt."""
    first = RetryHeartbeatStaleTrialCallback.retried_trial_number(trial)
    return trial.number if first is None else int(first)


def records(search: Search, trials: Sequence[FrozenTrial]) -> tuple[TrialRecord, ...]:
    """All trials that began, by number."""
    replaced = _queued(trials) | {trial.number for trial in due(trials)}
    return tuple(_record(search, trial, trial.number in replaced) for trial in trials if trial.state in STATES)


def _record(search: Search, trial: FrozenTrial, replaced: bool) -> TrialRecord:
    noted, state = _ended(trial), STATES[trial.state]
    scored = state in ("complete", "pruned") and trial.values
    return TrialRecord(
        number=trial.number,
        state=state,
        values={**assemble(search.space, trial.params), **trial.user_attrs.get(BUDGET, {})},
        score=trial.values[0] if scored else None,
        epochs=int(trial.user_attrs.get(EPOCHS, len(trial.intermediate_values))),
        seconds=noted.get("seconds"),
        reason=None if state in ("complete", "running") else noted.get("reason") or KILLED,
        scores=dict(zip(search.objectives, trial.values, strict=True)) if state == "complete" else {},
        origin=None if origin(trial) == trial.number else origin(trial),
        replaced=replaced,
    )


def searched(trials: Iterable[FrozenTrial], heartbeats: Mapping[int, float], now: float) -> float:
    """Seconds during which at least one trial ran.

    Args:
        trials: All trials of the study.
        heartbeats: The last one of each trial, in seconds since 1970; a killed trial ran until then.
        now: In seconds since 1970.
    """
    intervals = []
    for trial in trials:
        if BEGAN in trial.user_attrs:
            began = float(trial.user_attrs[BEGAN])
            known = now if trial.state == TrialState.RUNNING else heartbeats.get(trial.number, began)
            intervals.append((began, max(began, float(_ended(trial).get("at", known)))))
    return union(intervals)


def union(intervals: Iterable[tuple[float, float]]) -> float:
    """Length of the union of intervals, each from a lower to a higher number."""
    length, reached = 0.0, float("-inf")
    for low, high in sorted(intervals):
        length += max(0.0, high - max(low, reached))
        reached = max(reached, high)
    return length


def _history(trial: FrozenTrial) -> list[int]:
    return list(RetryHeartbeatStaleTrialCallback.retry_history(trial))


def _queued(trials: Iterable[FrozenTrial]) -> set[int]:
    return {number for trial in trials for number in _history(trial)}


def _was_killed(trial: FrozenTrial) -> bool:
    return ENDED not in trial.user_attrs


def _ended(trial: FrozenTrial) -> dict[str, Any]:
    return dict(trial.user_attrs.get(ENDED, {}))
