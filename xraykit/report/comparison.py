"""Two or more runs side by side, on one page that says whether they are comparable."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from xraykit.errors import DataError
from xraykit.report.blocks import Block, Cell, Row, Section, Table, Text, Warnings, heads
from xraykit.report.pages import render
from xraykit.report.sections import without_empty
from xraykit.report.sections.differences import paired_differences
from xraykit.report.sections.side_by_side import side_by_side
from xraykit.report.wording import DASH, count, figure_cell, macro_means
from xraykit.runs import FinishedRun, RunFolder

logger = logging.getLogger(__name__)

# What must be equal for metrics to be of the same radiographs with the same labels.
_SAME = {
    "split": "split",
    "part": "part",
    "images": "number of radiographs",
    "data_fingerprint": "fingerprint of the parts",
}
_SHOWN = {
    "Split": "split",
    "Part": "part",
    "Radiographs": "images",
    "Patients": "patients",
    "Fingerprint of the parts": "data_fingerprint",
}
_FINGERPRINT_DIGITS = 12


def write_comparison(folders: Sequence[RunFolder], to: Path, *, resamples: int = 1000, seed: int = 0) -> Path:
    """Write a page with the metrics of two or more runs side by side, and paired differences from the first.

    Args:
        folders: Of finished runs, in the order of the columns.
        to: The page.
        resamples: Bootstrap resamples of patients for the intervals of the differences; 0 for none.
        seed: Of the drawing.

    Returns:
        The page.

    Raises:
        DataError: there are fewer than two runs, one is no folder of a finished run, or the page cannot be written.
    """
    if len(folders) < 2:
        raise DataError(f"A comparison needs two runs or more. Received: {len(folders)}. Name their folders.")
    runs = [FinishedRun.open(folder.path) for folder in folders]
    names = _names(runs)
    differences = None if not_comparable(runs) else paired_differences(runs, names, resamples, seed)
    sections = without_empty([_overview(runs, names), *filter(None, [differences]), *side_by_side(runs, names)])
    folders[0].write_text(to, render("comparison.html.j2", title=f"{len(runs)} runs", names=names, sections=sections))
    logger.info("The comparison is %s.", to)
    return to


def not_comparable(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """Why the metrics of these runs must not be compared, as sentences; empty if they may."""
    reasons = []
    for key, name in _SAME.items():
        values = [_shown(run, key) for run in runs]
        if not all(_same(key, runs[0], run) for run in runs):
            reasons.append(f"The {name} differs: {'; '.join(values)}.")
        elif runs[0].metrics.get(key) is None:
            reasons.append(f"The {name} is unknown: these runs do not record it.")
    if reasons:
        reasons.insert(0, "These metrics must not be compared: they may be of different radiographs.")
    return tuple(reasons)


def _same(key: str, run: FinishedRun, other: FinishedRun) -> bool:
    if key == "split":
        return run.split.same_as(other.split)
    return bool(run.metrics.get(key) == other.metrics.get(key))


def _names(runs: Sequence[FinishedRun]) -> list[str]:
    """Titles of the runs, numbered where two are the same."""
    titles = [run.title for run in runs]
    return [
        f"{title} ({place})" if Counter(titles)[title] > 1 else title for place, title in enumerate(titles, start=1)
    ]


def _overview(runs: Sequence[FinishedRun], names: Sequence[str]) -> Section:
    reasons = not_comparable(runs)
    verdict: Block = (
        Warnings(reasons, loud=True)
        if reasons
        else Text(
            "All runs were scored on the same radiographs. Overlapping intervals do not mean that two runs are equal: "
            "the paired differences below compare them radiograph by radiograph."
        )
    )
    rows = [Row(term, tuple(Cell(_shown(run, key)) for run in runs)) for term, key in _SHOWN.items()]
    rows.append(Row("Backbone", tuple(Cell(str((run.about() or {}).get("backbone", DASH))) for run in runs)))
    means_of = [macro_means(run.metrics) for run in runs]
    for name in dict.fromkeys(name for means in means_of for name in means):
        cells = tuple(figure_cell(means.get(name, {}), "roc_auc") for means in means_of)
        rows.append(Row(f"ROC AUC: {name.lower()}", cells, total=True))
    return Section("overview", "The runs", [verdict, Table("What was scored.", heads("Run", *names), tuple(rows))])


def _shown(run: FinishedRun, key: str) -> str:
    value = run.metrics.get(key)
    if value is None:
        return DASH
    if key == "split":
        return str(run.split)
    if key == "data_fingerprint":
        return str(value)[:_FINGERPRINT_DIGITS]
    return count(value) if isinstance(value, int) else str(value)
