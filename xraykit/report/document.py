"""The report of a run: one self-contained page."""

import logging
from collections.abc import Sequence
from pathlib import Path

from xraykit.config import FIGURE_KINDS
from xraykit.report.blocks import Section
from xraykit.report.figures.drawing import draw_figures
from xraykit.report.figures.style import save_figure_as
from xraykit.report.pages import embedded_figures, render
from xraykit.report.paper import PaperFacts, write_paper
from xraykit.report.sections import (
    calibration,
    data,
    decision_curves,
    ensemble,
    experiment,
    findings,
    glance,
    heat_maps,
    localisation,
    methods,
    model_card,
    operating_points,
    published,
    search,
    shortcuts,
    sources,
    subgroups,
    training,
    without_empty,
)
from xraykit.report.sections.glance import subtitle
from xraykit.report.tables import write_tables
from xraykit.runs import FinishedRun, RunFolder

logger = logging.getLogger(__name__)


def write_report(folder: RunFolder, to: Path | None = None, *, kinds: Sequence[str] | None = None) -> Path:
    """Write ``report.html``, its figures in ``figures/`` and its tables in ``tables/``, from the run folder alone.

    Args:
        folder: Of a finished run. A section without content is left out; the last section states why.
        to: Another place for the page; nothing else is written then.
        kinds: Of the figures' files; left out, those that ``output.figures`` of the experiment names.

    Returns:
        The page.

    Raises:
        DataError: it is no folder of a finished run, a file in it is damaged, or the page cannot be written.
    """
    run = FinishedRun.open(folder.path)
    drawn = draw_figures(run)
    page = to or folder.report
    sections = without_empty(_sections(run, embedded_figures(drawn)))
    text = render(
        "report.html.j2",
        title=run.title,
        subtitle=subtitle(run),
        sections=sections,
    )
    folder.write_text(page, text)
    if to is None:
        for name, figure in drawn.items():
            save_figure_as(figure, folder.figures, name, kinds or _kinds(run))
        write_tables(folder, sections)
        write_paper(run)
    logger.info("The report is %s (%.1f MB).", page, page.stat().st_size / 1e6)
    return page


def _kinds(run: FinishedRun) -> Sequence[str]:
    """What the run's experiment names; one from elsewhere may contain anything."""
    output = PaperFacts(run).given.get("output")
    named = output.get("figures") if isinstance(output, dict) else None
    known = [kind for kind in FIGURE_KINDS if isinstance(named, list) and kind in named]
    return known or FIGURE_KINDS[:1]


def _sections(run: FinishedRun, figures: dict[str, str]) -> list[Section]:
    return [
        glance(run),
        *ensemble(run),
        findings(run, figures),
        operating_points(run),
        calibration(run, figures),
        decision_curves(run, figures),
        subgroups(run),
        *sources(run),
        shortcuts(run),
        localisation(run),
        heat_maps(run),
        published(run),
        training(run, figures),
        search(run),
        data(run, figures),
        model_card(run),
        methods(run),
        experiment(run),
    ]
