"""How well the frozen probabilities fit the other collection."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xraykit.evaluation import FEWEST_PATIENTS
from xraykit.report.blocks import Block, Cell, Picture, Row, Section, Table, Text, heads
from xraykit.report.wording import DASH, between, listed, number, percent, scope, signed, stamp
from xraykit.runs import FinishedEvaluation

_MANY = 200
"""Patients with, and without, a finding from which on a calibration curve is precise (Van Calster 2019)."""

_REASONS = {
    "not_estimable": "no positives or no negatives",
    "few_patients": "too few patients",
    "separated": "positives and negatives are separated",
    "equal_probabilities": "all probabilities are equal",
    "certain_probabilities": "some probabilities are 0 or 1",
}


def calibration_in_the_large(evaluation: FinishedEvaluation, figures: Mapping[str, str]) -> Section:
    """Observed against expected, calibration intercept and slope, and the reliability curves."""
    facts = evaluation.facts
    inside = facts.internal.calibration_in_the_large if facts.internal else None
    rows = []
    for label, each in facts.calibration_in_the_large.items():
        trained = evaluation.metrics["labels"][label].get("trained", True)
        cells = tuple(_large(each, (inside or {}).get(label), _note(evaluation, label)))
        rows.append(Row(label, cells if trained else (Cell("not trained"), *[Cell(DASH)] * 6)))
    table = Table(
        f"Calibration of the frozen probabilities. {scope(evaluation.metrics)}.",
        heads("Finding", "Observed", "Expected", Cell("O/E", "1 is right"), Cell("Intercept", "0 is right"),
              Cell("Slope", "1 is right"), Cell("O/E, internal"), Cell("Slope, internal")),
        tuple(rows),
        (
            "Observed: share of radiographs with the finding. Expected: mean probability. O/E: their ratio; below 1 "
            "the probabilities are too high. Intercept: by how much the log odds are too low (above 0) or too high "
            "(below 0) on average. Slope: below 1 the probabilities are too extreme, above 1 not extreme enough (Van "
            "Calster et al., BMC Medicine 2019;17:230).",
            f"In parentheses: 95 % intervals over patients. An intercept needs {FEWEST_PATIENTS['intercept']} patients "
            f"with the finding and as many without, a slope {FEWEST_PATIENTS['slope']}.",
        ),
        "calibration_in_the_large",
    )  # fmt: skip
    blocks: list[Block] = [table]
    if "reliability" in figures:
        few = [
            label
            for label, each in evaluation.metrics["labels"].items()
            if min(each["positive_patients"], each["negative_patients"]) < _MANY
        ]
        if few:
            blocks.append(
                Text(
                    f"The curves below are imprecise for {listed(few)}: fewer than {_MANY} patients with or without "
                    f"the finding."
                )
            )
        blocks.append(
            Picture(
                figures["reliability"],
                "Reliability curves of the findings. The table above has their metrics.",
                "How often a finding is present at each predicted probability. Orange: the network's outputs without "
                f"calibration; blue: the probabilities that the run gives. {stamp(evaluation.metrics)}.",
                wide=True,
            )
        )
    return Section("calibration", "Calibration", blocks)


def _note(evaluation: FinishedEvaluation, label: str) -> str:
    return "" if evaluation.metrics["labels"][label]["calibrated"] else "not calibrated"


def _large(each: Any, inside: Any, note: str) -> Iterator[Cell]:
    yield Cell(percent(each.observed) if each.observed is not None else DASH,
               interval="–".join(map(percent, each.observed_interval)) if each.observed_interval else "")  # fmt: skip
    yield Cell(percent(each.expected) if each.expected is not None else DASH, note)
    yield Cell(_ratio(each.observed_expected), interval=between(each.observed_expected_interval, 2))
    for name in ("intercept", "slope"):
        value, why = getattr(each, name), each.reasons.get(name)
        shown = signed(value, 2) if name == "intercept" else number(value, 2)
        yield _with_interval(shown, why, getattr(each, f"{name}_interval"))
    if inside is None:
        yield from (Cell(DASH), Cell(DASH))
        return
    yield Cell(_ratio(inside.observed_expected), interval=between(inside.observed_expected_interval, 2))
    why = inside.reasons.get("slope")
    yield _with_interval(number(inside.slope, 2), why, inside.slope_interval)


def _with_interval(text: str, why: str | None, interval: Sequence[float] | None) -> Cell:
    return Cell(text, _REASONS.get(why, why)) if why else Cell(text, interval=between(interval, 2))


def _ratio(value: float | None) -> str:
    return number(value, 2)
