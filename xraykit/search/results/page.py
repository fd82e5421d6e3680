"""The page of a search: one HTML file in the style of the report, without scripts."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.config import DIRECTIONS, Search
from xraykit.search.objective import TrialRecord
from xraykit.search.results.progress import count_states, score_text
from xraykit.search.results.table import trial_table
from xraykit.search.study import done
from xraykit.search.winner import choose, pareto_front, rule
from xraykit.system import write_atomically

if TYPE_CHECKING:
    from xraykit.report import Block, Cell, Glance, Section, Table
    from xraykit.search.results.pictures import Drawing

_NOTES = {
    "plot_optimization_history": "Each point is a completed trial.",
    "plot_param_importances": "Optuna's estimate (PED-ANOVA) of how strongly each parameter determines whether a trial "
    "is among the best. With few trials it is only a hint.",
    "plot_parallel_coordinate": "Each line is a completed trial, darker for a better score, which is the first column. "
    "None: the trial has no such parameter.",
    "plot_pareto_front": "A trial is on the front if no other trial is at least as good in every objective and better "
    "in one. All objectives count, not only the two in the plot.",
}
_PART = "validation part"


def write_page(
    search: Search, trials: tuple[TrialRecord, ...], drawings: Sequence["Drawing"], path: Path, title: str
) -> None:
    """Write the page of a study.

    Args:
        search: The section that the trials are of.
        trials: All trials of the study, as they are now.
        drawings: Their plots, of :func:`xraykit.search.results.pictures.draw_search`.
        path: The HTML file; it is replaced atomically. It loads nothing and contains no script.
        title: Its heading, such as the experiment's name.

    Raises:
        DataError: the file cannot be written; an existing one is unchanged.
    """
    from xraykit.report import render, without_empty

    sections = without_empty([_summary(search, trials), *map(_drawn, drawings), _all_trials(search, trials)])
    subtitle = f"{_engine(search)}; scores of the {_PART}; the test part was not loaded"
    text = render("search.html.j2", title=title, subtitle=subtitle, sections=sections)
    write_atomically(path, text.encode())


def _summary(search: Search, trials: tuple[TrialRecord, ...]) -> "Section":
    from xraykit.report import Facts, Section

    states = ", ".join(f"{count} {state}" for state, count in count_states(trials).items()) or "none has started"
    interrupted = sum(trial.replaced for trial in trials)
    repeated = f". {interrupted} more were interrupted and repeated" if interrupted else ""
    facts = {
        "Search engine": _engine(search),
        "Trials": f"{done(trials)} of {search.n_trials} done: {states}{repeated}.",
        "Objectives": ", ".join(f"{name} ({_direction(name)})" for name in search.objectives),
        "Scores": "All scores are measured on the validation part. The test part was not loaded.",
        "Rule": rule(search),
        **_winner(search, trials),
    }
    blocks: list[Block] = [*_figures(search, trials), Facts(tuple(facts.items()))]
    return Section("overview", "The search", blocks)


def _figures(search: Search, trials: tuple[TrialRecord, ...]) -> "list[Glance]":
    from xraykit.report import Figure, Glance

    front = pareto_front(search, trials)
    if not front:
        return []
    best = choose(search, front)
    figures = [
        Figure(score_text(name, best.scores[name]), name, f"trial {best.number}, {_PART}") for name in search.objectives
    ]
    return [Glance((*figures, Figure(str(done(trials)), "trials done", f"of {search.n_trials}")))]


def _engine(search: Search) -> str:
    if search.engine == "keras_tuner":
        return f"Keras Tuner, {search.keras_tuner.method}"
    return f"Optuna, sampler {search.optuna.sampler}, pruner {search.pruner}"


def _direction(name: Any) -> str:
    return "higher is better" if DIRECTIONS[name] == "maximize" else "lower is better"


def _winner(search: Search, trials: tuple[TrialRecord, ...]) -> dict[str, str]:
    front = pareto_front(search, trials)
    if not front:
        return {"Best so far": "No trial has completed yet."}
    best = choose(search, front)
    scores = ", ".join(f"{name} {score_text(name, best.scores[name])}" for name in search.objectives)
    term = "Winner" if done(trials) >= search.n_trials else "Best so far"
    values = {f"Values of trial {best.number}": ", ".join(f"{key}: {_text(each)}" for key, each in best.values.items())}
    fronted = (
        {"Pareto front": "Trials " + ", ".join(str(each.number) for each in front)} if search.objectives[1:] else {}
    )
    return {term: f"Trial {best.number}: {scores}", **values, **fronted}


def _drawn(drawing: "Drawing") -> "Section":
    """A plot with its note, or the reason why it is missing; on a phone it scrolls in its own box."""
    from xraykit.report import Missing, Picture, Section

    view = drawing.view
    content: Block = (
        Missing(drawing.reason)
        if drawing.source is None
        else Picture(drawing.source, view.title, _NOTES[view.function], wide=True)
    )
    return Section(view.name.replace("_", "-"), view.title, [content])


def _all_trials(search: Search, trials: tuple[TrialRecord, ...]) -> "Section":
    from xraykit.report import Missing, Section

    content: Block = _table(search, trials) if trials else Missing("No trial has begun yet.")
    return Section("trials", "All trials", [content])


def _table(search: Search, trials: tuple[TrialRecord, ...]) -> "Table":
    from xraykit.report import Row, Table, heads

    columns, rows = trial_table(search, trials)
    front = pareto_front(search, trials)
    best = choose(search, front).number if front else None
    word = "winner" if done(trials) >= search.n_trials else "best so far"
    return Table(
        f"Trials, with scores of the {_PART}.",
        heads("trial", *columns[1:]),
        tuple(
            Row(f"{row[0]} ({word})" if row[0] == best else str(row[0]), tuple(_cells(columns, row)), row[0] == best)
            for row in rows
        ),
        ("again: number of the trial that this one repeats. For a pruned trial the last reported score is shown.",),
    )


def _cells(columns: Sequence[str], row: Sequence[Any]) -> Iterator["Cell"]:
    from xraykit.report import Cell

    for column, value in zip(columns[1:], row[1:], strict=True):
        text = "" if value is None else _text(value)
        yield Cell(small=text) if column == "reason" else Cell(text)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1000 else f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
