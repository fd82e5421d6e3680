"""A study as a table, for spreadsheets and for the page."""

from pathlib import Path
from typing import Any

from xraykit.config import Search
from xraykit.search.objective import TrialRecord
from xraykit.system import csv_text, write_atomically


def write_trials(search: Search, trials: tuple[TrialRecord, ...], path: Path) -> None:
    """Write one line for each trial; see :func:`trial_table`.

    Args:
        search: Names the objectives.
        trials: All trials of the study.
        path: The CSV file; it is replaced atomically. Text is escaped (:mod:`xraykit.system.spreadsheets`).
    """
    columns, rows = trial_table(search, trials)
    write_atomically(path, csv_text(columns, rows).encode())


def trial_table(search: Search, trials: tuple[TrialRecord, ...]) -> tuple[list[str], list[list[Any]]]:
    """Names of the columns, and one row for each trial.

    Args:
        search: Names the objectives: one column each. For a pruned trial the first one is the last reported score.
        trials: All trials of the study.

    Returns:
        ``number``, ``state``, the objectives, ``seconds``, ``epochs``, ``reason``, ``again`` (the number of the trial
        that it repeats) and one column for each parameter; ``None`` where a trial has no such value.
    """
    flat = [_flatten(trial.values) for trial in trials]
    names = _parameter_names(flat)
    columns = ["number", "state", *search.objectives, "seconds", "epochs", "reason", "again", *names]
    rows = [
        [*_cells(search, trial), *(values.get(name) for name in names)]
        for trial, values in zip(trials, flat, strict=True)
    ]
    return columns, rows


def _cells(search: Search, trial: TrialRecord) -> list[Any]:
    first, *others = search.objectives
    scores = [trial.scores.get(first, trial.score), *(trial.scores.get(name) for name in others)]
    seconds = None if trial.seconds is None else round(trial.seconds, 3)
    return [trial.number, trial.state, *scores, seconds, trial.epochs, trial.reason, trial.origin]


def _flatten(values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, list):
            flat.update({f"{key}_{position}": element for position, element in enumerate(value, start=1)})
        else:
            flat[key] = value
    return flat


def _parameter_names(flat: list[dict[str, Any]]) -> list[str]:
    """The trial with the most parameters gives the order, so that elements of a list stand side by side."""
    names: dict[str, None] = {}
    for values in sorted(flat, key=len, reverse=True):
        names.update(dict.fromkeys(values))
    return list(names)
