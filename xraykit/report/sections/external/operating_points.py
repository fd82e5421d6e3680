"""Calls at the frozen thresholds in the other collection."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.config import OUT_OF_FOLD
from xraykit.report.blocks import Cell, Row, Section, Table, heads
from xraykit.report.sections.external.cells import difference_cell, fitted_on
from xraykit.report.wording import DASH, figure_cell, rule_name, scope, small_number
from xraykit.runs import FinishedEvaluation


def operating_points(evaluation: FinishedEvaluation) -> Section:
    """Sensitivity, specificity and predictive values at the frozen operating points, here and in the test part."""
    facts = evaluation.facts
    inside = evaluation.metrics["evaluation"]["internal"]
    called, predictive = [], []
    for label, figures in evaluation.metrics["labels"].items():
        own = inside["labels"][label] if inside else {}
        called.append(Row(label, tuple(_called(figures, own, facts.differences.get(label, {})))))
        sides = [_call_cell(each, name) for name in ("precision", "npv") for each in (figures, own)]
        predictive.append(Row(label, tuple(sides)))
    calls = Table(
        f"Calls at the frozen thresholds. {scope(evaluation.metrics)}.",
        heads("Finding", "Threshold", "Sensitivity", Cell("Sensitivity", "internal"), Cell("Difference"), "Specificity",
              Cell("Specificity", "internal"), Cell("Difference")),
        tuple(called),
        (
            f"The thresholds were chosen on other radiographs ({fitted_on(evaluation)}) and are applied here "
            f"unchanged.",
            *_in_sample(inside),
            "In parentheses: 95 % intervals over patients. Differences: external − internal; their intervals are not "
            "adjusted for the number of findings.",
        ),
        "operating_points",
    )  # fmt: skip
    values = Table(
        f"Predictive values at the frozen thresholds. {scope(evaluation.metrics)}.",
        heads("Finding", "PPV", Cell("PPV", "internal"), "NPV", Cell("NPV", "internal")),
        tuple(predictive),
        ("PPV and NPV depend on how frequent the finding is: they differ where the prevalence does.",),
        "predictive_values",
    )
    return Section("operating-points", "Operating points", [calls, values])


def _in_sample(inside: Mapping[str, Any] | None) -> Iterator[str]:
    """That the internal metrics are of the radiographs which the thresholds were chosen on."""
    if inside and inside["part"] == OUT_OF_FOLD:
        yield (
            "Internal: the out-of-fold predictions that the thresholds were chosen on. Internal metrics of calls are "
            "too good, and the differences contain this bias."
        )


def _called(figures: Mapping[str, Any], own: Mapping[str, Any], difference: Mapping[str, Any]) -> Iterator[Cell]:
    point = figures.get("operating_point") or {}
    yield Cell(small_number(figures["threshold"]), rule_name(point.get("rule")))
    for name in ("sensitivity", "specificity"):
        yield _call_cell(figures, name)
        yield _call_cell(own, name)
        known = difference.get(f"{name}_difference") is not None
        yield difference_cell(difference, name) if known else Cell(DASH)


def _call_cell(figures: Mapping[str, Any], name: str) -> Cell:
    return Cell(DASH) if figures.get(name) is None else figure_cell(figures, name)
