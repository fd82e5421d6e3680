"""Sex, age, view position and the like: for whom the model works less well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xraykit.report.blocks import Block, Cell, Missing, Row, Section, Table, Text, heads
from xraykit.report.run_files import RunFiles
from xraykit.report.wording import DASH, count, listed, number, radiographs, signed, span, stamp

_TITLE = "Subgroups"
_ALPHA = 0.05  # of adjusted p values
_BESIDE = 2  # groups whose two figures fit into one table


@dataclass(frozen=True)
class _Shown:
    """What is shown of a group: a figure, and the gap that tells whether the group is worse off."""

    figure: str
    name: str
    gap: str
    gap_name: str
    worse: int


_SHOWN = (
    _Shown("roc_auc", "ROC AUC", "roc_auc", "gap", -1),
    _Shown("sensitivity", "Sensitivity", "false_negative_rate", "missed", 1),
)


def subgroups(run: RunFiles) -> Section:
    """ROC AUC and sensitivity of each group with the gaps, a table or two for each way to divide the part."""
    divided = run.metrics.get("subgroups")
    if not divided:
        return Section("subgroups", _TITLE, [Missing("This run has no figures by sex, age or view position.")])
    blocks: list[Block] = [*map(Text, _not_divided(run.metrics, divided))]
    blocks += [Text(said) for said in _how_to_read(divided, run.metrics.get("gaps_compared"))]
    for name, groups in divided.items():
        shown = [_SHOWN] if len(groups) <= _BESIDE else [(each,) for each in _SHOWN]
        blocks += [_table(run.metrics, name, groups, figures) for figures in shown]
    return Section("subgroups", _TITLE, blocks)


def _not_divided(metrics: Mapping[str, Any], divided: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What nobody was compared by: nothing is known of a difference there."""
    absent = metrics.get("subgroups_absent") or []
    if absent:
        yield f"Not divided by {listed(absent)}: the table of predictions has no such column."
    single = {name: next(iter(groups)) for name, groups in divided.items() if len(groups) == 1}
    for name, group in single.items():
        yield f"All radiographs are of one group by {name} ({group}): nothing is compared."


def _how_to_read(divided: Mapping[str, Mapping[str, Any]], compared: int | None) -> Iterator[str]:
    yield (
        "Gap: the group's figure minus that of all other radiographs; below 0 the group is worse off. Missed: the same "
        "of the share of cases that are not called (false negatives); above 0 the group is worse off. All groups have "
        "the same thresholds."
    )
    if compared is None:
        yield (
            "This run was made before gaps were adjusted for how many there are, and with intervals that are too "
            "narrow where positives are few: no gap is marked as a difference. Make the figures again."
        )
        return
    if not compared:
        yield "No gap could be tested: the groups hold too few patients with and without a finding."
        return
    found = sum(_differs(figures, each) for figures in _of_all(divided) for each in _SHOWN)
    yield (
        f"{count(compared)} comparisons are made here (of two groups, which mirror each other, one). Each gap's 95 % "
        f"interval is that of this gap alone, so that about {count(max(1, round(compared / 20)))} of {count(compared)} "
        f"would leave 0 out by chance. Therefore only gaps whose p value is below 0.05 after Holm's adjustment for all "
        f"{count(compared)} are marked with *: {count(found)}. If there were no difference at all, at most one report "
        f"in twenty would mark any. A gap without a mark is not shown to be absent: with few positives even a large "
        f"one cannot be seen."
    )


def _of_all(divided: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The figures of each label in each group."""
    for groups in divided.values():
        for group in groups.values():
            yield from group["labels"].values()


def _table(metrics: Mapping[str, Any], name: str, groups: Mapping[str, Any], shown: tuple[_Shown, ...]) -> Table:
    columns = [
        Cell(f"{each.name}, {group}", radiographs(said["images"], said["patients"]))
        for each in shown
        for group, said in groups.items()
    ]
    rows = [
        Row(label, tuple(_cell(said["labels"][label], each) for each in shown for said in groups.values()))
        for label in metrics["labels"]
    ]
    title = shown[0].name if len(shown) == 1 else f"{shown[0].name} and {shown[1].name.lower()}"
    notes = ["Small: 95 % interval, by patient; positives in the group; gap with its own 95 % interval."]
    if metrics.get("gaps_compared"):
        notes.append(
            "*: differs from the rest after adjustment for all comparisons, and its own interval excludes 0; colours "
            "follow the mark."
        )
    return Table(f"{title} by {name}. {stamp(metrics)}.", heads("Finding", *columns), tuple(rows), tuple(notes))


def _cell(figures: Mapping[str, Any], each: _Shown) -> Cell:
    positives, gap = f"{count(figures['positives'])} pos.", figures[f"{each.gap}_gap"]
    if figures[each.figure] is None:
        return Cell(DASH, positives)
    around = figures[f"{each.gap}_gap_interval"]
    apart = _differs(figures, each)
    mark = ("bad" if gap * each.worse > 0 else "good") if apart else ""
    lines = ["; ".join(filter(None, [span(figures[f"{each.figure}_interval"], 2), positives]))]
    if gap is not None:
        lines.append(
            f"{each.gap_name} {signed(gap, 2)}{'*' if apart else ''}" + (f" ({span(around, 2)})" if around else "")
        )
    return Cell(number(figures[each.figure], 2), "\n".join(lines), mark)


def _differs(figures: Mapping[str, Any], each: _Shown) -> bool:
    """Whether the adjusted p value is small and the interval, which is the stricter where few count, excludes 0."""
    p, interval = figures.get(f"{each.gap}_gap_adjusted_p_value"), figures.get(f"{each.gap}_gap_interval")
    return p is not None and p < _ALPHA and interval is not None and not interval[0] <= 0 <= interval[1]
