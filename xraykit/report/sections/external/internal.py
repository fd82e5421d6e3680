"""Each finding in the run's own test part and in the other collection."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.report.blocks import Cell, Missing, Row, Section, Table, heads
from xraykit.report.sections.external.cells import difference_cell
from xraykit.report.wording import DASH, count, figure_cell, percent, radiographs
from xraykit.runs import FinishedEvaluation
from xraykit.system import counted


def side_by_side(evaluation: FinishedEvaluation) -> Section:
    """ROC AUC and prevalence of each finding, here and in the run's own test part."""
    facts, title = evaluation.facts, "Internal and external"
    if facts.internal is None:
        return Section("internal", title, [Missing(facts.internal_why or "The internal metrics are unknown.")])
    inside = evaluation.metrics["evaluation"]["internal"]
    rows = [
        Row(label, tuple(_beside(evaluation, label, inside["labels"][label], figures)))
        for label, figures in evaluation.metrics["labels"].items()
    ]
    common = facts.common
    if common.internal and common.difference:
        cells = (figure_cell(common.internal, "roc_auc"), figure_cell(common.external, "roc_auc"))
        mean = (*cells, difference_cell(common.difference, "roc_auc"), Cell(), Cell())
        cases = " with enough cases" if common.enough_cases else ""
        rows.append(Row(f"Macro mean of {counted(len(common.labels), 'finding')}{cases}", mean, total=True))
    table = Table(
        f"Internal: {facts.internal.part} part of {facts.network.run}, split: {facts.internal.split}, "
        f"{radiographs(facts.internal.images, facts.internal.patients)}. External: {facts.name}, "
        f"{radiographs(evaluation.metrics['images'], evaluation.metrics['patients'])}.",
        heads("Finding", "ROC AUC, internal", "ROC AUC, external", Cell("Difference", "external − internal"),
              "Prevalence, internal", "Prevalence, external"),
        tuple(rows),
        (
            "In parentheses: 95 % intervals over patients, each on its own and not adjusted for the number of "
            "findings. Those of the differences follow from the two intervals (MOVER, Zou and Donner 2008) and are "
            "valid only if no patient is on both sides.",
            "Other patients, other scanners and other ways to find the labels all change a ROC AUC: a difference does "
            "not show which of them it is.",
            "Average precision, predictive values and Brier score change with the prevalence alone, so that their "
            "differences are not given.",
        ),
        "internal_and_external",
    )  # fmt: skip
    return Section("internal", title, [table])


def _beside(
    evaluation: FinishedEvaluation, label: str, inside: Mapping[str, Any], outside: Mapping[str, Any]
) -> Iterator[Cell]:
    yield figure_cell(inside, "roc_auc")
    yield figure_cell(outside, "roc_auc")
    yield difference_cell(evaluation.facts.differences[label], "roc_auc")
    known = evaluation.facts.internal.calibration_in_the_large if evaluation.facts.internal else None
    yield _prevalence(inside, known[label].observed_interval if known else None)
    yield _prevalence(outside, evaluation.facts.calibration_in_the_large[label].observed_interval)


def _prevalence(figures: Mapping[str, Any], interval: list[float] | None) -> Cell:
    known = figures["positives"] + figures["negatives"]
    around = f"; {' to '.join(map(percent, interval))}" if interval else ""
    share = percent(figures["positives"] / known) if known else DASH
    return Cell(share, f"{count(figures['positives'])} of {count(known)}{around}")
