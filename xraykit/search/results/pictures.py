"""The pictures that a search leaves behind, drawn by Optuna for either engine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.config.search_section import Search
from xraykit.search.objective import TrialRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

_LEGEND = {"Best Value": "best so far", "Best Trial": "Pareto front", "Trial": "other completed trials"}


def draw_search(search: Search, trials: tuple[TrialRecord, ...], folder: Path) -> None:
    """Write optimisation history, parameter importance, parallel coordinates and, if there is one, the Pareto front.

    What cannot be drawn is reported in the log, and on the page (:func:`xraykit.search.results.page.write_page`).

    Args:
        search: The section that the trials are of.
        trials: All trials of the study; the completed ones are drawn.
        folder: Where the PNG files go: ``optimization_history.png``, ``parameter_importance.png``,
            ``parallel_coordinates.png``, ``pareto_front.png``. Of the objectives after the first, the files' names end
            in the objective's.

    Raises:
        DataError: a file cannot be written.
    """
    from xraykit.report.figures.style import save_figure
    from xraykit.search.results.drawn_study import completed, drawn_study, silence
    from xraykit.search.results.views import View, drawn_or_said, views

    with silence(), _unseen_pyplot():
        study = drawn_study(search, trials, escaped=lambda word: word.replace("$", r"\$"))
        part = f"Validation part, {len(completed(study))} completed trials"

        def draw(view: View) -> "Figure":
            return _draw(view.function, study, view.options, f"{view.title}\n{part}")

        for view in views(search, study):
            figure, reason = drawn_or_said(view, draw)
            if figure is None:
                logger.info("%s.png is not drawn. %s", view.name, reason)
            else:
                save_figure(figure, folder / f"{view.name}.png")


@contextmanager
def _unseen_pyplot() -> Iterator[None]:
    """Optuna draws by pyplot: on no screen here, and nothing but the user's own figures and backend is left after."""
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
        # A screen that is not to be had now was not to be had before.
        with suppress(ImportError):
            plt.switch_backend(before)


def _draw(function: str, study: Any, options: dict[str, Any], head: str) -> "Figure":
    """One of Optuna's drawings in the house's look, as far as it can be changed afterwards."""
    import matplotlib.pyplot as plt
    from optuna.visualization import matplotlib as drawings

    from xraykit.report.figures.style import INK, house_style

    # Optuna changes the style for whatever is drawn later.
    with house_style(), plt.rc_context({"figure.constrained_layout.use": True}):
        axes = getattr(drawings, function)(study, **options)
        figure: Figure = axes.figure
        figure.set_layout_engine("constrained")
        axes.set_title("")
        figure.suptitle(head, x=0.01, ha="left", fontsize=11, color=INK)
        _DRESS[function](figure, axes)
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
    # Its one entry is in the title.
    axes.legend_ = None


def _front(figure: "Figure", axes: "Axes") -> None:
    _lighten(figure, axes)
    _whole_numbers(axes.yaxis)
    _legend(axes)


def _lighten(figure: "Figure", axes: "Axes") -> None:
    """A white ground and a pale grid in place of Optuna's grey."""
    figure.set_size_inches(7.5, 4.5)
    axes.set_facecolor("white")
    axes.grid(color="#E6E6E6")
    axes.set_axisbelow(True)


def _legend(axes: "Axes") -> None:
    """Above the plot, where it hides nothing."""
    handles, names = axes.get_legend_handles_labels()
    said = [_LEGEND.get(name, name) for name in names]
    axes.legend(handles, said, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1)


def _whole_numbers(axis: "Axis") -> None:
    """Numbers of parameters in full: a factor such as 1e6 stands far from its axis."""
    if axis.get_scale() == "linear" and max(map(abs, axis.get_view_interval())) >= 10_000:
        axis.set_major_formatter("{x:,.0f}")


def _coordinates(figure: "Figure", axes: "Axes") -> None:
    """One inch for each coordinate, slanted names that end at it, whole numbers where both ends are whole."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    for each in figure.axes:
        each.grid(visible=False)
        _whole_numbers(each.yaxis)
        for label in each.get_yticklabels():
            label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5})
        linear = each.get_yscale() == "linear" and not isinstance(each.yaxis.get_major_locator(), FixedLocator)
        if linear and all(float(end).is_integer() for end in each.get_ylim()):
            each.yaxis.set_major_locator(MaxNLocator(integer=True))
    labels = axes.get_xticklabels()
    figure.set_size_inches(max(7.5, 1.15 * len(labels) + 1.5), 5.5)
    for label in labels:
        label.set(rotation=30, ha="right", rotation_mode="anchor")
    for lines in axes.collections:
        # Optuna's palest lines are white. Its reversed colours are for scores of which the lowest is the best.
        lines.set_cmap("viridis" if lines.get_cmap().name.endswith("_r") else "viridis_r")


_DRESS = {
    "plot_optimization_history": _history,
    "plot_parallel_coordinate": _coordinates,
    "plot_param_importances": _importance,
    "plot_pareto_front": _front,
}
