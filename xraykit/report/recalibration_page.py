"""The page of a recalibration: metrics before and after on the local sample, one self-contained HTML file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xraykit.evaluation import shown_in
from xraykit.report.blocks import Block, Cell, Facts, Missing, Picture, Row, Section, Table, Text, Warnings, heads
from xraykit.report.figures.curves import draw_reliability
from xraykit.report.pages import embedded_figures, render
from xraykit.report.sections import without_empty
from xraykit.report.wording import (
    DASH,
    between,
    count,
    ece_cell,
    figure_cell,
    listed,
    number,
    radiographs,
    rule_name,
    signed,
    small_number,
)
from xraykit.runs import RunFolder
from xraykit.system import read_json


def write_recalibration(folder: RunFolder, to: Path | None = None) -> Path:
    """Write ``report.html`` of a recalibration from the ``recalibration.json`` of its folder alone.

    Args:
        folder: Of the recalibration.
        to: Another place for the page.

    Returns:
        The page.

    Raises:
        DataError: the record is damaged, or the page cannot be written.
    """
    remedy = "Restore it from a copy, or recalibrate the network again with xraykit recalibrate."
    record = read_json(folder.recalibration, "the record of a recalibration", remedy=remedy)
    sample = record["sample"]
    page = to or folder.report
    text = render(
        "evaluation.html.j2",
        kind="recalibration",
        title=f"{record['run']} on {sample.get('evaluation') or _name(sample)}",
        subtitle=f"{radiographs(sample['radiographs'], sample['patients'])}; fitted again: {_refitted(record)}",
        sections=without_empty(
            [_glance(record), _before_and_after(record), _points(record), _curves(record), _sample(record)]
        ),
    )
    folder.write_text(page, text)
    return page


def _refitted(record: Mapping[str, Any]) -> str:
    return listed([label for label, each in record["labels"].items() if each["refitted"]]) or "no label"


def _glance(record: Mapping[str, Any]) -> Section:
    notes = record["notes"]
    warnings = tuple(note.removeprefix("Warning: ") for note in notes if note.startswith("Warning: "))
    blocks: list[Block] = [Text(note[0].upper() + note[1:]) for note in notes if not note.startswith("Warning: ")]
    return Section("glance", "What was done", [*([Warnings(warnings)] if warnings else []), *blocks])


def _before_and_after(record: Mapping[str, Any]) -> Section:
    shown = [*_metrics("rank"), ("observed_expected", "O/E"), *_metrics("calibration")]
    rows, errors = [], []
    for label, each in record["labels"].items():
        change = each["brier_change"]
        changed = (
            Cell(DASH) if change is None else Cell(signed(change), interval=between(each["brier_change_interval"]))
        )
        cells = [cell for name, _ in shown for cell in _pair(each, name)]
        rows.append(Row(label, (Cell(count(each["positives"]), count(each["negatives"])), *cells, changed)))
        errors.append(Row(label, tuple(_pair(each, "ece"))))
    columns = [Cell(title, when) for _, title in shown for when in ("before", "after")]
    table = Table(
        f"Metrics before and after. {_stamp(record)}.",
        heads("Finding", Cell("Positives", "negatives"), *columns, Cell("Brier change", "below 0 is better")),
        tuple(rows),
        (
            f"After: {record['folds']}-fold cross-fitting over patients, where each patient is scored by a fit without "
            f"it. Kept: the label was not fitted again.",
            "O/E: observed against expected positives; below 1 the probabilities are too high. In parentheses: 95 % "
            "intervals over patients.",
        ),
    )
    distances = Table(
        f"Expected calibration error before and after. {_stamp(record)}.",
        heads("Finding", Cell("ECE", "before"), Cell("ECE", "after")),
        tuple(errors),
        ("Small: the limit that perfectly calibrated probabilities stay within in 95 % of samples of this size.",),
    )
    return Section("metrics", "Before and after", [table, distances])


def _metrics(kind: str) -> list[tuple[str, str]]:
    return [(each.name, each.title) for each in shown_in("recalibration") if each.kind == kind]


def _pair(each: Mapping[str, Any], name: str) -> Iterator[Cell]:
    for figures in (each["before"], each["after"]):
        if figures is None:
            yield Cell("kept")
        elif name == "ece":
            yield ece_cell(figures)
        else:
            yield figure_cell(figures, name, 2 if name == "observed_expected" else 3)


def _points(record: Mapping[str, Any]) -> Section:
    shown = _metrics("threshold")
    rows = []
    for label, each in record["labels"].items():
        thresholds = (Cell(small_number(each["old_threshold"])), Cell(small_number(each["threshold"])))
        cells = [cell for name, _ in shown for cell in _pair(each, name)]
        rows.append(Row(label, (Cell(rule_name(each["rule"])), *thresholds, *cells)))
    columns = [Cell(title, when) for _, title in shown for when in ("before", "after")]
    table = Table(
        f"Calls before and after. {_stamp(record)}.",
        heads("Finding", "Rule", Cell("Threshold", "before"), Cell("Threshold", "after"), *columns),
        tuple(rows),
        ("Each threshold is the least calibrated probability that is called positive, before and after each by its own "
         "calibration.",),
    )  # fmt: skip
    return Section("operating-points", "Operating points", [table])


def _curves(record: Mapping[str, Any]) -> Section:
    fitted = {
        label: each for label, each in record["labels"].items() if each["after"] and "reliability" in each["after"]
    }
    if not fitted:
        return Section("reliability", "Reliability", [Missing("No label was fitted again.")])
    figure = draw_reliability(fitted, part="local sample", split="cross-fitted")
    caption = f"How often a finding is present at each predicted probability, before and after. {_stamp(record)}."
    picture = embedded_figures({"reliability": figure})["reliability"]
    return Section("reliability", "Reliability", [Picture(picture, "Reliability curves.", caption, wide=True)])


def _sample(record: Mapping[str, Any]) -> Section:
    sample = record["sample"]
    reasons = [f"{label}: {each['reason']}" for label, each in record["labels"].items() if not each["refitted"]]
    rows = (
        ("Network", record["run"]),
        ("File", f"{sample['file']} (SHA-256 {sample['sha256']})"),
        ("Radiographs", radiographs(sample["radiographs"], sample["patients"])),
        ("Left out, as they cannot be read", count(len(record["broken"]))),
        ("Flagged as unlike training", count(len(record["flagged"]))),
        ("Method", f"{record['method']}; {record['fewest_patients']} patients with and without a finding are needed"),
        ("Not fitted again", " ".join(reasons) or "none"),
        ("Intervals", f"{number(record['resamples'], 0)} resamples, seed {record['seed']}"),
    )
    return Section("sample", "The local sample", [Facts(rows)])


def _name(sample: Mapping[str, Any]) -> str:
    return str(sample.get("name", sample["file"]))


def _stamp(record: Mapping[str, Any]) -> str:
    sample = record["sample"]
    return f"Local sample: {_name(sample)}, {radiographs(sample['radiographs'], sample['patients'])}"
