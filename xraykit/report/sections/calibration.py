"""Whether the probabilities mean what they say, before and after calibration."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.report.blocks import Cell, Missing, Picture, Row, Section, Table, Text, heads
from xraykit.report.wording import ece_cell, figure_cell, listed, number, scope, stamp
from xraykit.runs import FinishedRun

_TITLE = "Calibration"
_METHODS = {"platt": "Platt scaling", "temperature": "temperature", "isotonic": "isotonic", "none": "none"}


def calibration(run: FinishedRun, figures: Mapping[str, str]) -> Section:
    """The table of Brier scores and calibration errors, and the reliability curves."""
    calibrated = run.metrics.get("calibration")
    if not calibrated:
        return Section("calibration", _TITLE, [Missing("This run is from a version that did not measure calibration.")])
    drawn = Picture(
        figures["reliability"],
        f"Reliability curves of {len(calibrated['labels'])} findings before and after calibration. "
        f"{stamp(run.metrics)}.",
        f"Reliability curves: the share of positives among radiographs of similar probability; above the "
        f"diagonal the finding is more frequent than predicted. {stamp(run.metrics)}.",
        wide=True,
    )
    return Section(
        "calibration",
        _TITLE,
        [
            Text(_method(calibrated, in_sample=run.summary.is_in_sample)),
            _table(run.metrics, calibrated["labels"]),
            drawn,
        ],
    )


def _method(calibrated: Mapping[str, Any], *, in_sample: bool) -> str:
    if calibrated["method"] == "none":
        return (
            "Training with a weighted loss distorts probabilities. They are not calibrated, because the experiment "
            "switches calibration off."
        )
    method = _METHODS.get(calibrated["method"], calibrated["method"])
    plain = [label for label, each in calibrated["labels"].items() if each["method"] == "none"]
    but = f" {listed(plain)} could not be calibrated: see the table for the reasons." if plain else ""
    where = "the same radiographs" if in_sample else "other radiographs"
    too_good = " All metrics after calibration are therefore too good." if in_sample else ""
    return (
        f"Training with a weighted loss distorts probabilities. They were calibrated for each finding ({method}), "
        f"fitted on {where} ({calibrated['fitted_on']}).{too_good}{but}"
    )


def _table(metrics: Mapping[str, Any], labels: Mapping[str, Any]) -> Table:
    return Table(
        f"Calibration before and after. {scope(metrics)}.",
        heads(
            "Finding", "Method", "Brier before", "Brier after", "ECE before", "ECE after", "ECE by chance", "Per point"
        ),
        tuple(Row(label, tuple(_cells(each))) for label, each in labels.items()),
        (
            "Brier score: mean squared difference of probability and label; compare it within a finding only. ECE: "
            "mean distance of the reliability curve from the diagonal, which chance alone makes larger. It has no "
            "interval; below it is the limit that perfectly calibrated probabilities stay within in 95 % of samples "
            "of this size. Only an ECE above the limit (marked) is evidence of miscalibration; of 20 perfectly "
            "calibrated findings, about one exceeds it by chance. ECE by chance: the mean ECE of perfectly calibrated "
            "probabilities.",
            "Beside each Brier score: its 95 % interval, by patient. Per point: radiographs in each point of a curve.",
        ),
        "calibration",
    )


def _cells(each: Mapping[str, Any]) -> Iterator[Cell]:
    before, after = each["before"], each["after"]
    yield Cell(_METHODS.get(each["method"], each["method"]), each["reason"] or "")
    yield from (figure_cell(figures, "brier") for figures in (before, after))
    yield from (ece_cell(figures) for figures in (before, after))
    yield Cell(number(after["ece_by_chance"]))
    cases = [point["cases"] for point in after["reliability"] or ()]
    yield Cell("" if not cases else f"{min(cases):,}" if min(cases) == max(cases) else f"{min(cases):,}–{max(cases):,}")
