"""The page of an external validation: one self-contained HTML file."""

from pathlib import Path

from xraykit.report.blocks import Section
from xraykit.report.figures.drawing import draw_figures
from xraykit.report.pages import embedded_figures, render
from xraykit.report.sections import decision_curves, findings, subgroups, without_empty
from xraykit.report.sections.external import (
    at_a_glance,
    calibration_in_the_large,
    collection,
    network,
    operating_points,
    side_by_side,
)
from xraykit.report.tables import write_tables
from xraykit.report.wording import radiographs, with_interval
from xraykit.runs import FinishedEvaluation
from xraykit.system import counted


def write_evaluation(evaluation: FinishedEvaluation, to: Path | None = None) -> Path:
    """Write ``report.html`` and ``tables/`` of an external validation from the files of its folder alone.

    Args:
        evaluation: From :meth:`xraykit.runs.FinishedEvaluation.open`.
        to: Another place for the page; nothing else is written then.

    Returns:
        The page.

    Raises:
        DataError: a file is damaged, or the page cannot be written.
    """
    drawn = embedded_figures(draw_figures(evaluation))
    page = to or evaluation.files.report
    sections = without_empty(_sections(evaluation, drawn))
    text = render(
        "evaluation.html.j2",
        kind="external validation",
        title=evaluation.title,
        subtitle=_subtitle(evaluation),
        sections=sections,
    )
    evaluation.files.write_text(page, text)
    if to is None:
        write_tables(evaluation.files, sections)
    return page


def _subtitle(evaluation: FinishedEvaluation) -> str:
    scored = radiographs(evaluation.metrics["images"], evaluation.metrics["patients"])
    common = evaluation.facts.common
    mean = with_interval(common.external, "roc_auc")
    return f"External validation; {scored}; macro ROC AUC of {counted(len(common.labels), 'finding')}: {mean}"


def _sections(evaluation: FinishedEvaluation, figures: dict[str, str]) -> list[Section]:
    return [
        at_a_glance(evaluation),
        side_by_side(evaluation),
        calibration_in_the_large(evaluation, figures),
        decision_curves(evaluation, figures),
        operating_points(evaluation),
        findings(evaluation, figures),
        subgroups(evaluation),
        collection(evaluation),
        network(evaluation),
    ]
