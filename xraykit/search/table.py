"""A study as a table for a spreadsheet."""

import csv
import io
from pathlib import Path
from typing import Any

from xraykit.search.files import write_atomically
from xraykit.search.objective import SearchResult, TrialRecord

COLUMNS = ("number", "state", "score", "seconds", "epochs", "reason")


def write_trials(result: SearchResult, path: Path) -> None:
    """Write one line for each trial, and one column for each parameter; empty where a trial has no such parameter.

    Args:
        result: The study.
        path: The CSV file; it is replaced as a whole.
    """
    flat = [_flatten(trial.values) for trial in result.trials]
    names = _parameter_names(flat)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *names))
    for trial, values in zip(result.trials, flat, strict=True):
        writer.writerow((*_cells(trial), *(values.get(name, "") for name in names)))
    write_atomically(path, text.getvalue())


def _cells(trial: TrialRecord) -> list[Any]:
    seconds = None if trial.seconds is None else round(trial.seconds, 3)
    return [trial.number, trial.state, trial.score, seconds, trial.epochs, trial.reason]


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
