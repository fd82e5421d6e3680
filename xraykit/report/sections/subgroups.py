"""Sex, age, view position and the like: for whom the model works less well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xraykit.report.blocks import Block, Cell, Missing, Row, Section, Table, Text, heads
from xraykit.report.run_files import RunFiles
from xraykit.report.wording import DASH, count, number, radiographs, signed, span, stamp

_TITLE = "Subgroups"
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
    blocks: list[Block] = [Text(said) for said in _how_to_read(divided)]
    for name, groups in divided.items():
        shown = [_SHOWN] if len(groups) <= _BESIDE else [(each,) for each in _SHOWN]
        blocks += [_table(run.metrics, name, groups, figures) for figures in shown]
    return Section("subgroups", _TITLE, blocks)


def _how_to_read(divided: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    intervals = [
        figures[f"{each.gap}_gap_interval"]
        for groups in divided.values()
        for group in groups.values()
        for figures in group["labels"].values()
        for each in _SHOWN
    ]
    known = [interval for interval in intervals if interval is not None]
    yield (
        "Gap: the group's figure minus that of all other radiographs; below 0 the group is worse off. Missed: the same "
        "of the share of cases that are not called (false negatives); above 0 the group is worse off. All groups have "
        "the same thresholds."
    )
    yield (
        f"Gaps whose 95 % interval excludes 0 are marked with *: {sum(map(_excludes_zero, known))} of "
        f"{count(len(known))}. With so many groups some do by chance: about one in twenty, here {len(known) / 20:.0f}, "
        f"if there were no difference at all. Look for gaps that are large and have a reason."
    )


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
    note = "Small: 95 % interval by bootstrap over patients; positives in the group; gap with its 95 % interval."
    return Table(f"{title} by {name}. {stamp(metrics)}.", heads("Finding", *columns), tuple(rows), (note,))


def _cell(figures: Mapping[str, Any], each: _Shown) -> Cell:
    positives, gap = f"{count(figures['positives'])} pos.", figures[f"{each.gap}_gap"]
    if figures[each.figure] is None:
        return Cell(DASH, positives)
    around = figures[f"{each.gap}_gap_interval"]
    apart = _excludes_zero(around)
    mark = ("bad" if gap * each.worse > 0 else "good") if apart else ""
    lines = ["; ".join(filter(None, [span(figures[f"{each.figure}_interval"], 2), positives]))]
    if gap is not None:
        lines.append(
            f"{each.gap_name} {signed(gap, 2)}{'*' if apart else ''}" + (f" ({span(around, 2)})" if around else "")
        )
    return Cell(number(figures[each.figure], 2), "\n".join(lines), mark)


def _excludes_zero(interval: list[float] | None) -> bool:
    return interval is not None and (interval[0] > 0 or interval[1] < 0)
