"""What a search leaves behind in the run folder, and what it says while it runs."""

import logging
from collections.abc import Callable

from xraykit.runs.folder import RunFolder
from xraykit.search import SearchResult, TrialRecord, done, write_trials
from xraykit.search.places import Places
from xraykit.search.results.page import write_page
from xraykit.search.results.pictures import draw_search
from xraykit.search.results.progress import ended_line, progress_line
from xraykit.search.storage.ledger import Ledger
from xraykit.search.trial_training import trial_name
from xraykit.search.trials import KILLED
from xraykit.search.winner import result_of, rule
from xraykit.system.counting import counted
from xraykit.tracking import State, Tracker

logger = logging.getLogger(__name__)


def told(places: Places) -> Callable[[TrialRecord, tuple[TrialRecord, ...]], None]:
    """The function that says how a trial ended and what is left, and clears what it leaves on the disk."""

    ledger = Ledger(places)

    def tell(record: TrialRecord, trials: tuple[TrialRecord, ...]) -> None:
        logger.info("%s; %s", ended_line(places.search, record), progress_line(places.search, trials))
        places.forget(trials)
        ledger.note_trials(trials)

    return tell


def leave_behind(places: Places, trials: tuple[TrialRecord, ...], folder: RunFolder, said: str | None) -> None:
    """Write table, pictures, page and the winner's experiment file.

    Args:
        places: Of the study.
        trials: All of them.
        folder: The run folder.
        said: The verdict; ``None`` if no trial completed.
    """
    search = places.search
    folder.search.mkdir(exist_ok=True)
    write_trials(search, trials, folder.search / "trials.csv")
    draw_search(search, trials, folder.search)
    write_page(search, trials, folder.search / "search.html", title=f"Search: {places.alone.name}")
    if said is not None:
        best = result_of(search, trials).best
        folder.write_text(folder.best_experiment, places.winner(best).to_yaml(comment=said))


def verdict(places: Places, result: SearchResult, *, final: bool) -> str:
    """Who won and by what rule, in a few sentences.

    Args:
        places: Of the study.
        result: Of the search.
        final: Whether the search ended by itself; else the winner is the best so far.
    """
    ended, wanted = done(result.trials), places.search.n_trials
    so_far = "winner" if final else "best so far"
    scores = ", ".join(f"{name} {score:.6g}" for name, score in result.best.scores.items())
    front = f" {len(result.front)} trials are on the Pareto front." if len(places.search.objectives) > 1 else ""
    return (
        f"The {so_far} of {counted(ended, 'trial')} (of {wanted}): trial {result.best.number}, on the "
        f"validation part {scores}.\n{rule(places.search)}{front}"
    )


def end_orphans(tracker: Tracker, trials: tuple[TrialRecord, ...]) -> None:
    """Tell the tracker of trials whose process was killed before it could."""
    ends: dict[str, tuple[State, str | None]] = {
        trial_name(trial.number): ("interrupted" if trial.replaced else "failed", trial.reason)
        for trial in trials
        if trial.reason == KILLED
    }
    tracker.end_orphans(ends)
