"""The winner of a study: the Pareto front, and the rule that chooses from it."""

from collections.abc import Iterable

from xraykit.config import DIRECTIONS, Search
from xraykit.errors import XraykitError
from xraykit.search.objective import SearchResult, TrialRecord


def result_of(search: Search, trials: tuple[TrialRecord, ...]) -> SearchResult:
    """The winner of a study and its Pareto front.

    Args:
        search: Names the objectives and the tolerance.
        trials: All trials of the study.

    Raises:
        XraykitError: no trial completed; the message lists the reasons.
    """
    front = pareto_front(search, trials)
    if not front:
        raise XraykitError(_nothing_completed(trials))
    return SearchResult(choose(search, front), front, trials)


def pareto_front(search: Search, trials: Iterable[TrialRecord]) -> tuple[TrialRecord, ...]:
    """The completed trials that no other one beats: at least as good in every objective, and better in one.

    Of several trials with equal scores only the earliest is included.
    """
    front: dict[tuple[float, ...], TrialRecord] = {}
    for trial in sorted((each for each in trials if each.state == "complete"), key=lambda each: each.number):
        gains = _gains(search, trial)
        if not any(_at_least(other, gains) for other in front):
            front = {other: each for other, each in front.items() if not _at_least(gains, other)}
            front[gains] = trial
    return tuple(sorted(front.values(), key=lambda each: each.number))


def choose(search: Search, front: tuple[TrialRecord, ...]) -> TrialRecord:
    """The best of a front in the first objective; within ``search.tolerance`` of it the next objective decides."""
    left = list(front)
    for position in range(len(search.objectives)):
        best = max(_gains(search, trial)[position] for trial in left)
        allowed = search.tolerance if position == 0 else 0.0
        left = [trial for trial in left if _gains(search, trial)[position] >= best - allowed]
    return left[0]


def rule(search: Search) -> str:
    """The rule of :func:`choose` in a sentence, for reports."""
    first, *others = search.objectives
    if not others:
        return f"The winner is the trial with the best {first} on the validation part; the earliest of equals."
    near = f" within {search.tolerance:g} of the best" if search.tolerance else " the best"
    return (
        f"The winner is chosen from the Pareto front, on the validation part: of the trials whose {first} is{near}, "
        f"the best in {', then in '.join(others)}; the earliest of equals."
    )


def _gains(search: Search, trial: TrialRecord) -> tuple[float, ...]:
    return tuple(
        trial.scores[name] if DIRECTIONS[name] == "maximize" else -trial.scores[name] for name in search.objectives
    )


def _at_least(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True))


def _nothing_completed(trials: tuple[TrialRecord, ...]) -> str:
    reasons: dict[str, list[str]] = {}
    for trial in trials:
        reasons.setdefault(trial.reason or trial.state, []).append(str(trial.number))
    listed = "".join(f"\n  {reason} (trial {', '.join(numbers)})" for reason, numbers in reasons.items())
    return (
        f"None of the search's {len(trials)} trials completed. Expected: at least one score. Received:{listed}\n"
        "Narrow search.space (a lower learning rate, a smaller batch) or raise search.n_trials, then run it again."
    )
