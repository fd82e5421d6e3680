"""Whether the probabilities mean what they say, before and after calibration."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.report.blocks import Cell, Missing, Picture, Row, Section, Table, Text, heads
from xraykit.report.run_files import RunFiles
from xraykit.report.wording import ece_cell, figure_cell, listed, number, stamp

_TITLE = "Calibration"
_METHODS = {"platt": "Platt scaling", "temperature": "temperature", "isotonic": "isotonic", "none": "none"}


def calibration(run: RunFiles, figures: Mapping[str, str]) -> Section:
    """The table of Brier scores and calibration errors, and the reliability curves."""
    said = run.metrics.get("calibration")
    if not said:
        return Section("calibration", _TITLE, [Missing("This run was made before calibration was measured.")])
    drawn = Picture(
        figures["reliability"],
        f"Reliability curves of {len(said['labels'])} findings before and after calibration. {stamp(run.metrics)}.",
        f"Reliability curves: the share of positives among radiographs of about the same probability; above the "
        f"diagonal the finding is more frequent than the model says. {stamp(run.metrics)}.",
        wide=True,
    )
    return Section("calibration", _TITLE, [Text(_what_was_done(said)), _table(run.metrics, said["labels"]), drawn])


def _what_was_done(said: Mapping[str, Any]) -> str:
    if said["method"] == "none":
        return (
            "Training with a weighted loss distorts probabilities. They were left as they are, as the experiment asks."
        )
    method = _METHODS.get(said["method"], said["method"])
    plain = [label for label, each in said["labels"].items() if each["method"] == "none"]
    but = f" Not so for {listed(plain)}: the table says why." if plain else ""
    return (
        f"Training with a weighted loss distorts probabilities. They were set right for each finding ({method}), "
        f"fitted on other radiographs ({said['fitted_on']}).{but}"
    )


def _table(metrics: Mapping[str, Any], labels: Mapping[str, Any]) -> Table:
    return Table(
        f"Calibration before and after. {stamp(metrics)}.",
        heads(
            "Finding", "Method", "Brier before", "Brier after", "ECE before", "ECE after", "ECE by chance", "Per point"
        ),
        tuple(Row(label, tuple(_cells(each))) for label, each in labels.items()),
        (
            "Brier score: mean squared distance of probability and truth; compare it within a finding only. ECE: mean "
            "distance of the reliability curve from the diagonal, which chance alone makes larger than it is. It has "
            "no interval; below it stands what probabilities that are exactly right would not exceed in 95 % of "
            "samples of so many radiographs and patients. Only an ECE above that (marked) shows a fault; of 20 "
            "findings without one, about one is above by chance. ECE by chance: what right probabilities show in the "
            "mean.",
            "Below each Brier score: its 95 % interval, by patient. Per point: radiographs in each point of the curve.",
        ),
    )


def _cells(each: Mapping[str, Any]) -> Iterator[Cell]:
    before, after = each["before"], each["after"]
    yield Cell(_METHODS.get(each["method"], each["method"]), each["reason"] or "")
    yield from (figure_cell(figures, "brier") for figures in (before, after))
    yield from (ece_cell(figures) for figures in (before, after))
    yield Cell(number(after["ece_by_chance"]))
    cases = [point["cases"] for point in after["reliability"] or ()]
    yield Cell("" if not cases else f"{min(cases):,}" if min(cases) == max(cases) else f"{min(cases):,}–{max(cases):,}")
