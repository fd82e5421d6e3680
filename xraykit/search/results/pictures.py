"""The plots of a search, as PNG files and for the page; most are drawn by Optuna."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.config import Search
from xraykit.search.objective import TrialRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from xraykit.search.results.views import View

logger = logging.getLogger(__name__)

_LEGEND = {"Best Value": "best so far", "Best Trial": "Pareto front", "Trial": "other completed trials"}


_LARGEST_SVG = 100_000
"""Letters of its data URI. A plot of hundreds of trials is smaller as pixels."""


@dataclass(frozen=True)
class Drawing:
    """A plot for the page.

    Attributes:
        view: What it shows.
        source: A data URI; None if it could not be drawn.
        reason: Why not, as a sentence.
    """

    view: "View"
    source: str | None
    reason: str = ""


def draw_search(search: Search, trials: tuple[TrialRecord, ...], folder: Path) -> tuple[Drawing, ...]:
    """Write optimisation history, parameter importance, parallel coordinates and, if there is one, the Pareto front.

    The log, and the page (:func:`xraykit.search.results.page.write_page`), say what is not drawn and why.

    Args:
        search: The section that the trials are of.
        trials: All trials of the study; the completed ones are drawn.
        folder: Folder of the PNG files: ``optimization_history.png``, ``parameter_importance.png``,
            ``parallel_coordinates.png``, ``pareto_front.png``. For the objectives after the first, the
            file names end in the name of the objective.

    Returns:
        The same plots for the page.

    Raises:
        DataError: a file cannot be written.
    """
    from xraykit.search.results.drawn_study import completed, drawn_study, silence
    from xraykit.search.results.views import View, drawn_or_reason, views

    drawings = []
    with silence(), _unseen_pyplot():
        study = drawn_study(search, trials, escaped=lambda word: word.replace("$", r"\$"))
        part = f"Validation part, {len(completed(study))} completed trials"

        def draw(view: View) -> "Figure":
            return _draw(view.function, study, view.options, f"{view.title}\n{part}")

        for view in views(search, study):
            figure, reason = drawn_or_reason(view, draw)
            if figure is None:
                logger.info("%s.png is not drawn. %s", view.name, reason)
                drawings.append(Drawing(view, None, reason))
            else:
                drawings.append(Drawing(view, _saved(figure, folder / f"{view.name}.png")))
    return tuple(drawings)


def _saved(figure: "Figure", path: Path) -> str:
    """Write the PNG; returns the data URI of the figure as an SVG, or as pixels where the SVG is large."""
    from xraykit.report import embedded_figures, embedded_webp, save_figure

    (drawn,) = embedded_figures({path.stem: figure}).values()
    save_figure(figure, path)
    return drawn if len(drawn) <= _LARGEST_SVG else embedded_webp(path)


@contextmanager
def _unseen_pyplot() -> Iterator[None]:
    """Optuna draws with pyplot: here on no screen, and afterwards only the user's own figures and backend remain."""
    import matplotlib
    import matplotlib.pyplot as plt

    # Reading rcParams["backend"] itself would choose one.
    before = dict.__getitem__(matplotlib.rcParams, "backend")
    own = plt.get_fignums()
    plt.switch_backend("agg")
    try:
        with plt.ioff():
            yield
    finally:
        for number in set(plt.get_fignums()) - set(own):
            plt.close(number)
        # A backend that cannot be loaded now could not be loaded before either.
        with suppress(ImportError):
            plt.switch_backend(before)


def _draw(function: str, study: Any, options: dict[str, Any], head: str) -> "Figure":
    """One of Optuna's plots in the style of the report, as far as it can be changed afterwards."""
    import matplotlib.pyplot as plt
    from optuna.visualization import matplotlib as drawings

    from xraykit.report import INK, house_style
    from xraykit.search.results.coordinates import draw_coordinates

    if function == "plot_parallel_coordinate":
        return draw_coordinates(study, head, **options)
    # Optuna changes the style of all later plots.
    with house_style(), plt.rc_context({"figure.constrained_layout.use": True}):
        axes = getattr(drawings, function)(study, **options)
        figure: Figure = axes.figure
        figure.set_layout_engine("constrained")
        axes.set_title("")
        figure.suptitle(head, x=0.01, ha="left", fontsize=11, color=INK)
        _STYLE_OF[function](figure, axes)
        for each in figure.axes:
            for label in (each.xaxis.label, each.yaxis.label, *each.texts):
                label.set(fontsize=9, color=INK)
    return figure


def _history(figure: "Figure", axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    _lighten(figure, axes)
    _whole_numbers(axes.yaxis)
    axes.set(xlabel="trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes)


def _importance(figure: "Figure", axes: "Axes") -> None:
    _lighten(figure, axes)
    axes.set(xlabel="share of the importance", ylabel="")
    axes.grid(axis="y", visible=False)
    figure.set_size_inches(7.5, 1.6 + 0.25 * len(axes.get_yticks()))
    # The title names its only entry.
    axes.legend_ = None


def _front(figure: "Figure", axes: "Axes") -> None:
    _lighten(figure, axes)
    _whole_numbers(axes.yaxis)
    _legend(axes)


def _lighten(figure: "Figure", axes: "Axes") -> None:
    """A white background and a pale grid instead of Optuna's grey."""
    figure.set_size_inches(7.5, 4.5)
    axes.set_facecolor("white")
    axes.grid(color="#E6E6E6")
    axes.set_axisbelow(True)


def _legend(axes: "Axes") -> None:
    """The legend above the plot, where it hides nothing."""
    handles, names = axes.get_legend_handles_labels()
    shown = [_LEGEND.get(name, name) for name in names]
    axes.legend(handles, shown, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1)


def _whole_numbers(axis: "Axis") -> None:
    """Large numbers in full: matplotlib would write a factor such as 1e6 far from the axis."""
    if axis.get_scale() == "linear" and max(map(abs, axis.get_view_interval())) >= 10_000:
        axis.set_major_formatter("{x:,.0f}")


_STYLE_OF = {
    "plot_optimization_history": _history,
    "plot_param_importances": _importance,
    "plot_pareto_front": _front,
}
