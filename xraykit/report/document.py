"""The report of a run: one self-contained page."""

import logging
from pathlib import Path

from xraykit.report.blocks import Section
from xraykit.report.figures.drawing import draw_figures
from xraykit.report.figures.style import save_figure
from xraykit.report.pages import embedded_figures, render
from xraykit.report.sections import (
    calibration,
    data,
    ensemble,
    experiment,
    findings,
    glance,
    heat_maps,
    localisation,
    model_card,
    operating_points,
    published,
    search,
    shortcuts,
    sources,
    subgroups,
    training,
)
from xraykit.report.sections.glance import subtitle
from xraykit.runs import FinishedRun, RunFolder

logger = logging.getLogger(__name__)


def write_report(folder: RunFolder, to: Path | None = None) -> Path:
    """Write ``report.html`` and the PNG files of its figures, in ``figures/``, from the files of a run folder alone.

    Args:
        folder: Of a finished run. Sections state what an older run lacks.
        to: Another place for the page; nothing else is written then.

    Returns:
        The page.

    Raises:
        DataError: it is no folder of a finished run, a file in it is damaged, or the page cannot be written.
    """
    run = FinishedRun.open(folder.path)
    drawn = draw_figures(run)
    page = to or folder.report
    text = render(
        "report.html.j2",
        title=run.title,
        subtitle=subtitle(run),
        sections=_sections(run, embedded_figures(drawn)),
    )
    folder.write_text(page, text)
    if to is None:
        for name, figure in drawn.items():
            save_figure(figure, folder.figures / f"{name}.png")
    logger.info("The report is %s (%.1f MB).", page, page.stat().st_size / 1e6)
    return page


def _sections(run: FinishedRun, figures: dict[str, str]) -> list[Section]:
    return [
        glance(run),
        *ensemble(run),
        findings(run, figures),
        operating_points(run),
        calibration(run, figures),
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
        experiment(run),
    ]
