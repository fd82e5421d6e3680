"""Paired differences of several runs from the first one, on the same radiographs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xraykit.compare import compare_runs
from xraykit.errors import DataError
from xraykit.evaluation import NOT_ESTIMABLE, Metric, holm, shown_in
from xraykit.report.blocks import Block, Cell, Row, Section, Table, Text, heads
from xraykit.report.figures.sparklines import Scale, difference_scale, interval_bar
from xraykit.report.wording import between, count, listed, number, scale_head, scope, signed, span
from xraykit.runs import FinishedRun

_TITLE = "Paired differences"
_ALPHA = 0.05
_TESTED = "roc_auc"  # has p values
_EXCLUDES = "excludes\u00a00"
_MEANS = {"macro": "Macro mean", "macro_enough_cases": "Macro mean, enough cases"}


@dataclass(frozen=True)
class _Compared:
    """One run compared with the first: its name and the result of :func:`compare_runs`."""

    name: str
    figures: Mapping[str, Any]

    def rows(self) -> dict[str, Mapping[str, Any]]:
        """Labels and macro means by name."""
        few = self.figures["macro"]["few_cases"]
        means = {title: self.figures[name] for name, title in _MEANS.items() if name == "macro" or few}
        return {**self.figures["labels"], **means}


def paired_differences(runs: Sequence[FinishedRun], names: Sequence[str], resamples: int, seed: int) -> Section:
    """Each run minus the first one, for each label and on average, with intervals over patients.

    Args:
        runs: Comparable runs; the first is the reference.
        names: Of the runs.
        resamples: Bootstrap resamples of patients; 0 for none.
        seed: Of the drawing.
    """
    compared, reasons = [], []
    for run, name in zip(runs[1:], names[1:], strict=True):
        try:
            figures = compare_runs(
                runs[0].folder, run.folder, part=runs[0].summary.part, resamples=resamples, seed=seed
            )
        except DataError as error:
            reasons.append(f"{name} is not compared with {names[0]}. {error}")
        else:
            compared.append(_Compared(name, figures))
    blocks: list[Block] = [*map(Text, reasons)]
    if compared:
        adjusted = _adjusted(compared)
        blocks[:0] = map(Text, _how_to_read(compared, names[0], adjusted))
        blocks += [_table(metric, compared, names[0], adjusted) for metric in shown_in("differences")]
    return Section("differences", _TITLE, blocks)


def _adjusted(compared: Sequence[_Compared]) -> dict[tuple[str, str], float | None]:
    """Holm's p values, adjusted for all labels of all runs of the page."""
    return holm(
        {
            (each.name, label): figures["p_value"]
            for each in compared
            for label, figures in each.figures["labels"].items()
        }
    )


def _how_to_read(
    compared: Sequence[_Compared], first: str, adjusted: Mapping[tuple[str, str], float | None]
) -> Iterator[str]:
    yield (
        f"Difference: the metric of the run minus that of {first}, on the same radiographs; above 0 the run is better. "
        f"The intervals are over patients, the same for both runs."
    )
    tests = sum(p is not None for p in adjusted.values())
    if tests:
        apart = sum(p is not None and p < _ALPHA for p in adjusted.values())
        yield (
            f"Marked: the 95 % interval excludes 0. The intervals are not adjusted for their number: of "
            f"{count(tests)} differences of the ROC AUC about {count(max(1, round(tests / 20)))} would be marked by "
            f"chance if no run differed. p (Holm) is adjusted for all {count(tests)}; below {_ALPHA:.2g}, marked with "
            f"*, is a difference that chance alone hardly explains: {count(apart)}. A difference without a mark may "
            f"still exist."
        )
    untrained = list(dict.fromkeys(label for each in compared for label in each.figures["not_trained"]))
    if untrained:
        yield f"Not trained in one of the runs, and not compared: {listed(untrained)}."
    if max(times for each in compared for times in each.figures["test_part_met"]) > 1:
        yield (
            "A search behind these runs has used the test part more than once, so that it is no longer unseen: "
            "differences may be too good."
        )


def _table(
    metric: Metric, compared: Sequence[_Compared], first: str, adjusted: Mapping[tuple[str, str], float | None]
) -> Table:
    name = f"{metric.name}_difference"
    tested = metric.name == _TESTED
    scale = difference_scale((row for each in compared for row in each.rows().values()), name)
    columns = [
        head
        for each in compared
        for head in (
            Cell(each.name, f"minus {first}"),
            scale_head(scale, "no difference"),
            *([Cell("p"), Cell("p\u00a0(Holm)")] if tested else []),
        )
    ]
    rows = []
    for title in dict.fromkeys(title for each in compared for title in each.rows()):
        cells = [
            cell
            for each in compared
            for cell in _cells(each, title, metric, scale, adjusted.get((each.name, title)), tested=tested)
        ]
        rows.append(Row(title, tuple(cells), total=title in _MEANS.values()))
    return Table(
        f"{metric.title}: differences from {first}. {scope(compared[0].figures)}.",
        heads("Finding", *columns),
        tuple(rows),
        tuple(_notes(compared, tested=tested)),
    )


def _cells(
    each: _Compared, title: str, metric: Metric, scale: Scale, adjusted: float | None, *, tested: bool
) -> Iterator[Cell]:
    figures = each.rows().get(title)
    if figures is None:
        yield from [Cell(NOT_ESTIMABLE), Cell(), *([Cell(), Cell()] if tested else [])]
        return
    difference, around = figures[f"{metric.name}_difference"], figures[f"{metric.name}_difference_interval"]
    excludes = around is not None and not around[0] <= 0 <= around[1]
    mark = ("good" if difference > 0 else "bad") if excludes else ""
    sure = adjusted is not None and adjusted < _ALPHA and tested
    shown = signed(difference) + ("*" if sure else "")
    yield Cell(shown, _EXCLUDES if excludes else "", mark, interval=between(around))
    words = f"{each.name}, {title}: difference of the {metric.title} {signed(difference)} {span(around)}"
    yield Cell(bar=interval_bar(difference, around, words.strip(), scale)) if difference is not None else Cell()
    if tested:
        yield from (Cell("" if p is None else _p(p)) for p in (figures.get("p_value"), adjusted))


def _p(value: float) -> str:
    return "<\u00a00.001" if value < 0.001 else number(value)


def _notes(compared: Sequence[_Compared], *, tested: bool) -> Iterator[str]:
    if tested:
        yield "p: test that both ROC AUCs are equal, with the variance over patients (Obuchowski 1997)."
    else:
        figures = compared[0].figures
        yield f"Intervals by bootstrap over patients ({figures['resamples']} resamples, seed {figures['seed']})."
        yield "There is no p value: read the marks of this table as hints, as they are not adjusted for their number."
    few = list(dict.fromkeys(label for each in compared for label in each.figures["macro"]["few_cases"]))
    if few:
        yield f"Too few patients with or without the finding for a test or an interval of their own: {listed(few)}."
