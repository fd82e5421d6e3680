"""Several collections: the metrics of each, and what the pooled ones owe to telling the collections apart."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xraykit.evaluation import source_remarks
from xraykit.report.blocks import Block, Cell, Row, Section, Table, Text, Warnings, heads
from xraykit.report.wording import DASH, between, count, figure_cell, number, percent, radiographs, signed, stamp
from xraykit.runs import FinishedRun

_TITLE = "Sources"
_VERDICTS = {"from_source": "partly from the source", "not_shown": "not shown", "not_judged": "not judged"}
_HOW_TO_READ = (
    "Where a finding is more frequent in one source, a network that recognises the source, by a marker or the "
    "processing of its pictures, ranks its radiographs higher without seeing the finding. Within sources: the ROC AUC "
    "of pairs of a positive and a negative of the same source, in which the source does not help. Source alone: each "
    "radiograph gets the prevalence of its source in the training part, without being looked at."
)


def sources(run: FinishedRun) -> list[Section]:
    """The section of a run on several collections; none for one collection."""
    found = run.metrics.get("sources")
    if not found:
        return []
    blocks: list[Block] = [Text(_HOW_TO_READ)]
    if notes := tuple(source_remarks(found)):
        blocks.append(Warnings(notes))
    blocks += [_pooled_and_within(run.metrics, found), _roc_auc_of_each(run.metrics, found["each"])]
    blocks += [_at_the_threshold(run.metrics, found["each"]), _calibration(run.metrics, found["each"])]
    return [Section("sources", _TITLE, blocks)]


def _pooled_and_within(metrics: Mapping[str, Any], found: Mapping[str, Any]) -> Table:
    rows = [Row(label, _compared(each)) for label, each in found["labels"].items()]
    macro = found["macro"]
    if macro["labels"]:
        names = ("roc_auc", "within_roc_auc", "source_roc_auc")
        pooled, within, alone = (Cell(number(macro[name])) for name in names)
        gap = Cell(signed(macro["roc_auc"] - macro["within_roc_auc"]))
        mean = f"Mean of {macro['labels']} findings that several sources annotate"
        rows.append(Row(mean, (pooled, within, gap, alone, Cell(DASH)), total=True))
    return Table(
        f"ROC AUC pooled, within sources, and of the source alone. {stamp(metrics)}.",
        heads("Finding", "Pooled", "Within sources", "Difference", "Source alone", "Pooled ROC AUC"),
        tuple(rows),
        (
            "In parentheses: 95 % interval by patient. Partly from the source: the interval of the difference lies "
            "above 0. The intervals are not adjusted for the number of findings.",
        ),
    )


def _compared(each: Mapping[str, Any]) -> tuple[Cell, ...]:
    bad = "bad" if each["verdict"] == "from_source" else ""
    gap, around = each["roc_auc_from_source"], each["roc_auc_from_source_interval"]
    cells = [figure_cell(each, name) if each[name] is not None else Cell(DASH) for name in _SHOWN]
    difference = Cell(DASH) if gap is None else Cell(signed(gap), mark=bad, interval=between(around))
    verdict = Cell(_VERDICTS[each["verdict"]], each["not_judged_reason"] or "", bad)
    return cells[0], cells[1], difference, cells[2], verdict


_SHOWN = ("roc_auc", "within_roc_auc", "source_roc_auc")


def _roc_auc_of_each(metrics: Mapping[str, Any], each: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        Row(label, tuple(_roc_auc(of_source["labels"][label]) for of_source in each.values()))
        for label in metrics["labels"]
    ]
    means = tuple(figure_cell(of_source["macro"], "roc_auc") for of_source in each.values())
    rows.append(Row("Macro mean", means, total=True))
    notes = (
        "In parentheses: 95 % interval by patient. Small: positives and negatives. The macro means may be of different "
        "findings.",
    )
    return Table(f"ROC AUC of each source. {stamp(metrics)}.", heads("Finding", *_columns(each)), tuple(rows), notes)


def _columns(each: Mapping[str, Mapping[str, Any]]) -> list[Cell]:
    return [Cell(name, radiographs(of_source["images"], of_source["patients"])) for name, of_source in each.items()]


def _roc_auc(figures: Mapping[str, Any]) -> Cell:
    counts = f"{count(figures['positives'])} pos., {count(figures['negatives'])} neg."
    if figures["roc_auc"] is None:
        return Cell(DASH, counts)
    return replace(figure_cell(figures, "roc_auc"), small=counts)


def _at_the_threshold(metrics: Mapping[str, Any], each: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        Row(label, tuple(_shares(of_source["labels"][label]) for of_source in each.values()))
        for label in metrics["labels"]
    ]
    return Table(
        f"Sensitivity and specificity of each source at the common threshold. {stamp(metrics)}.",
        heads("Finding", *_columns(each)),
        tuple(rows),
        ("Sensitivity / specificity; in parentheses: their 95 % intervals by patient.",),
    )


def _shares(figures: Mapping[str, Any]) -> Cell:
    names = [name for name in ("sensitivity", "specificity") if figures.get(name) is not None]
    if not names:
        return Cell(DASH)
    shown = [number(figures[name], 2) if name in names else DASH for name in ("sensitivity", "specificity")]
    spans = [between(figures.get(f"{name}_interval"), 2) or DASH for name in ("sensitivity", "specificity")]
    return Cell(" / ".join(shown), interval=" / ".join(spans))


def _calibration(metrics: Mapping[str, Any], each: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        Row(label, tuple(_large(of_source, label) for of_source in each.values()))
        for label in metrics["labels"]
        if metrics["labels"][label].get("calibrated", True)
    ]
    return Table(
        f"Observed positives divided by expected ones (O/E) in each source. {stamp(metrics)}.",
        heads("Finding", *_columns(each)),
        tuple(rows),
        (
            "One calibration serves all sources. O/E below 1: the probabilities are too high for this source. Small: "
            "95 % interval by patient; share of positives. Findings without calibration are left out.",
        ),
    )


def _large(of_source: Mapping[str, Any], label: str) -> Cell:
    large = of_source["calibration_in_the_large"][label]
    if large["observed_expected"] is None:
        return Cell(DASH)
    observed = f"{percent(large['observed'])} observed"
    around = between(large["observed_expected_interval"], 2)
    return Cell(number(large["observed_expected"], 2), observed, interval=around)
