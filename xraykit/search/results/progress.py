"""Progress of a search in the log: a line for each trial that ended, and the state of the study."""

import math
from collections import Counter

from xraykit.config import Search
from xraykit.search.objective import TrialRecord
from xraykit.search.study import done
from xraykit.search.winner import choose, pareto_front
from xraykit.system import counted


def ended_line(search: Search, record: TrialRecord) -> str:
    """How one trial ended: ``trial 7: pruned after epoch 3, macro_roc_auc 0.5120``."""
    again = "" if record.origin is None else f" (trial {record.origin} again)"
    return f"trial {record.number}{again}: {_ending(search, record)}"


def _ending(search: Search, record: TrialRecord) -> str:
    if record.replaced:
        return f"{_first_line(record.reason)}; it is repeated"
    if record.state == "failed":
        return f"failed: {_first_line(record.reason)}"
    scores = record.scores or ({search.objectives[0]: record.score} if record.score is not None else {})
    shown = "".join(f", {name} {score_text(name, scores[name])}" for name in search.objectives if name in scores)
    if record.state == "pruned":
        return f"pruned after epoch {record.epochs}{shown}"
    epochs = counted(record.epochs, "epoch")
    seconds = "" if record.seconds is None else f" in {time_text(record.seconds)}"
    return f"{record.state} after {epochs}{seconds}{shown}"


def _first_line(reason: str | None) -> str:
    return (reason or "reason unknown").strip().splitlines()[0]


def progress_line(search: Search, trials: tuple[TrialRecord, ...], *, workers: int | None = None) -> str:
    """The state of a study: trials by state, best so far, time left.

    Args:
        search: The section that the trials are of.
        trials: All trials of the study, as they are now.
        workers: Processes that run trials; left out, ``search.workers``, or the number of running trials if that is
            larger, because other machines take part.

    Returns:
        ``8 of 20 trials done: 5 complete, 2 pruned, 1 failed, 2 running; best macro_roc_auc 0.6312 (trial 3);
        about 12 min left``. With several objectives the size of the Pareto front replaces the best. What is not
        known yet is left out.
    """
    parts = [f"{done(trials)} of {search.n_trials} trials done{_by_state(trials)}", _best(search, trials)]
    seconds = seconds_left(search, trials, workers=workers)
    if seconds:
        parts.append(f"about {time_text(seconds)} left")
    return "; ".join(part for part in parts if part)


def count_states(trials: tuple[TrialRecord, ...]) -> dict[str, int]:
    """Number of trials by state, without those that another trial repeats."""
    counts = Counter(trial.state for trial in trials if not trial.replaced)
    return {state: counts[state] for state in ("complete", "pruned", "failed", "running") if counts[state]}


def _by_state(trials: tuple[TrialRecord, ...]) -> str:
    listed = ", ".join(f"{count} {state}" for state, count in count_states(trials).items())
    return f": {listed}" if listed else ""


def _best(search: Search, trials: tuple[TrialRecord, ...]) -> str:
    front = pareto_front(search, trials)
    if not front:
        return ""
    if len(search.objectives) > 1:
        return f"{counted(len(front), 'trial')} on the Pareto front"
    best, [name] = choose(search, front), search.objectives
    return f"best {name} {score_text(name, best.scores[name])} (trial {best.number})"


def seconds_left(search: Search, trials: tuple[TrialRecord, ...], *, workers: int | None = None) -> float | None:
    """Seconds until the study is complete or its timeout is reached, from the mean time of the trials that ended.

    Args:
        search: The section that the trials are of.
        trials: All trials of the study, as they are now.
        workers: See :func:`progress_line`.

    Returns:
        0 if nothing is left to do; ``None`` if no trial ended yet.
    """
    took = [trial.seconds for trial in trials if trial.counts and trial.seconds is not None]
    left = search.n_trials - done(trials)
    if left <= 0:
        return 0.0
    if not took:
        return None
    running = sum(trial.state == "running" for trial in trials)
    together = workers or max(search.workers, running)
    # More workers do not make the last trial faster.
    seconds = math.fsum(took) / len(took) * max(1.0, left / together)
    return seconds if search.timeout is None else min(seconds, max(0.0, search.timeout - math.fsum(took) / together))


def score_text(name: str, score: float) -> str:
    """A score of an objective for a reader: a number of parameters is a whole one."""
    return f"{score:,.0f}" if name == "parameters" else f"{score:.4f}"


def time_text(seconds: float) -> str:
    """A duration in the largest unit of which it has at least two: ``45 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    for unit, size, digits in (("days", 86_400, 1), ("h", 3_600, 1), ("min", 60, 0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds:.0f} s"
