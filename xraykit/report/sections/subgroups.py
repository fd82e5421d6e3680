"""Subgroups by sex, age, view position and other columns: for whom the model works less well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xraykit.report.blocks import Block, Cell, Missing, Row, Section, Table, Text, heads
from xraykit.report.wording import DASH, between, count, figure_cell, listed, radiographs, scope, signed
from xraykit.runs import FinishedRun

_TITLE = "Subgroups"
_ALPHA = 0.05  # of adjusted p values
_BESIDE = 2  # groups whose two figures fit into one table


@dataclass(frozen=True)
class _Shown:
    """What is shown of a group: a metric, and the gap that shows whether the group is worse off."""

    figure: str
    name: str
    gap: str
    gap_name: str
    worse: int


_SHOWN = (
    _Shown("roc_auc", "ROC AUC", "roc_auc", "gap", -1),
    _Shown("sensitivity", "Sensitivity", "false_negative_rate", "missed", 1),
)


def subgroups(run: FinishedRun) -> Section:
    """ROC AUC and sensitivity of each group with the gaps, a table or two for each way to divide the part."""
    divided = run.metrics.get("subgroups")
    if not divided:
        return Section("subgroups", _TITLE, [Missing("This run has no metrics by sex, age or view position.")])
    blocks: list[Block] = [*map(Text, _not_divided(run.metrics, divided))]
    blocks += [Text(words) for words in _how_to_read(divided, run.metrics.get("gaps_compared"))]
    for name, groups in divided.items():
        shown = [_SHOWN] if len(groups) <= _BESIDE else [(each,) for each in _SHOWN]
        blocks += [_table(run.metrics, name, groups, figures) for figures in shown]
    return Section("subgroups", _TITLE, blocks)


def _not_divided(metrics: Mapping[str, Any], divided: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Columns by which no groups were compared."""
    absent = metrics.get("subgroups_absent") or []
    if absent:
        yield f"Not divided by {listed(absent)}: the table of predictions has no such column."
    single = {name: next(iter(groups)) for name, groups in divided.items() if len(groups) == 1}
    for name, group in single.items():
        yield f"All radiographs are of one group by {name} ({group}): nothing is compared."


def _how_to_read(divided: Mapping[str, Mapping[str, Any]], compared: int | None) -> Iterator[str]:
    yield (
        "Gap: the metric of the group minus that of all other radiographs; below 0 the group is worse off. Missed: the "
        "same for the false negative rate; above 0 the group is worse off. All groups have the same thresholds."
    )
    if compared is None:
        yield (
            "This run is from a version that did not adjust gaps for multiple comparisons and whose intervals are too "
            "narrow for few positives: no gap is marked as a difference. Evaluate the run again."
        )
        return
    if not compared:
        yield "No gap could be tested: the groups have too few patients with and without a finding."
        return
    marked = sum(_differs(figures, each) for figures in _of_all(divided) for each in _SHOWN)
    yield (
        f"There are {count(compared)} comparisons (two groups mirror each other and count once). The 95 % interval of "
        f"a gap is not adjusted, so that about {count(max(1, round(compared / 20)))} of {count(compared)} would "
        f"exclude 0 by chance. Therefore only gaps with a p value below 0.05 after Holm's adjustment for all "
        f"{count(compared)} are marked with *: {count(marked)}. Without any true difference, at most one report in "
        f"twenty would have a mark. An unmarked gap may still exist: with few positives even a large "
        f"gap may not be detected."
    )


def _of_all(divided: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The metrics of each label in each group."""
    for groups in divided.values():
        for group in groups.values():
            yield from group["labels"].values()


def _table(metrics: Mapping[str, Any], name: str, groups: Mapping[str, Any], shown: tuple[_Shown, ...]) -> Table:
    columns = [
        Cell(f"{each.name}, {group}", radiographs(facts["images"], facts["patients"]))
        for each in shown
        for group, facts in groups.items()
    ]
    rows = [
        Row(label, tuple(_cell(facts["labels"][label], each) for each in shown for facts in groups.values()))
        for label in metrics["labels"]
    ]
    title = shown[0].name if len(shown) == 1 else f"{shown[0].name} and {shown[1].name.lower()}"
    notes = ["In parentheses: 95 % interval, by patient. Small: positives in the group; gap with its own interval."]
    if metrics.get("gaps_compared"):
        notes.append(
            "*: differs from the rest after adjustment for all comparisons, and its own interval excludes 0; marked "
            "cells are coloured."
        )
    caption = f"{title} by {name.replace('_', ' ')}. {scope(metrics)}."
    file = "_".join(["subgroups", name, *([shown[0].figure] if len(shown) == 1 else [])])
    return Table(caption, heads("Finding", *columns), tuple(rows), tuple(notes), file)


def _cell(figures: Mapping[str, Any], each: _Shown) -> Cell:
    positives, gap = f"{count(figures['positives'])} pos.", figures[f"{each.gap}_gap"]
    if figures[each.figure] is None:
        return Cell(DASH, positives)
    around = figures[f"{each.gap}_gap_interval"]
    apart = _differs(figures, each)
    mark = ("bad" if gap * each.worse > 0 else "good") if apart else ""
    lines = [positives]
    if gap is not None:
        lines.append(
            f"{each.gap_name} {signed(gap, 2)}{'*' if apart else ''}" + (f" ({between(around, 2)})" if around else "")
        )
    return replace(figure_cell(figures, each.figure, 2), small="\n".join(lines), mark=mark)


def _differs(figures: Mapping[str, Any], each: _Shown) -> bool:
    """Whether the adjusted p value is small and the interval, which is stricter for few cases, excludes 0."""
    p, interval = figures.get(f"{each.gap}_gap_adjusted_p_value"), figures.get(f"{each.gap}_gap_interval")
    return p is not None and p < _ALPHA and interval is not None and not interval[0] <= 0 <= interval[1]
