"""The files that a search writes into the run folder."""

from xraykit.runs import RunFolder
from xraykit.search import SearchResult, TrialRecord, done, write_trials
from xraykit.search.results.page import write_page
from xraykit.search.results.pictures import draw_search
from xraykit.search.study_setup import StudySetup
from xraykit.search.winner import rule
from xraykit.system import counted


def write_results(setup: StudySetup, trials: tuple[TrialRecord, ...], folder: RunFolder) -> None:
    """Write the table of the trials, the pictures and the page.

    Args:
        setup: Of the study.
        trials: All of them.
        folder: The run folder.
    """
    folder.search.mkdir(exist_ok=True)
    write_trials(setup.search, trials, folder.search / "trials.csv")
    drawings = draw_search(setup.search, trials, folder.search)
    title = f"Search: {setup.trial_experiment.name}"
    write_page(setup.search, trials, drawings, folder.search / "search.html", title)


def write_winner(setup: StudySetup, result: SearchResult, folder: RunFolder, *, final: bool) -> str:
    """Write the winner's experiment file, with the reason for the choice as its comment.

    Args:
        setup: Of the study.
        result: Of the search.
        folder: The run folder.
        final: Whether the search is complete; otherwise the winner is the best so far.

    Returns:
        The comment.
    """
    comment = _reason(setup, result, final=final)
    folder.write_text(folder.best_experiment, setup.winning_experiment(result.best).to_yaml(comment=comment))
    return comment


def _reason(setup: StudySetup, result: SearchResult, *, final: bool) -> str:
    """The winner, its scores and the rule of the choice, in a few sentences."""
    ended, wanted = done(result.trials), setup.search.n_trials
    title = "winner" if final else "best so far"
    scores = ", ".join(f"{name} {score:.6g}" for name, score in result.best.scores.items())
    front = f" {len(result.front)} trials are on the Pareto front." if len(setup.search.objectives) > 1 else ""
    return (
        f"The {title} of {counted(ended, 'trial')} (of {wanted}): trial {result.best.number}, on the "
        f"validation part {scores}.\n{rule(setup.search)}{front}"
    )
