"""The figure of the decision curves: one plot for each label."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xraykit.evaluation import DecisionCurve
from xraykit.report.figures.style import BLUE, GREY, ORANGE, Margins, fixed_panels, house_style, new_figure

_MARGINS = Margins(left=0.75, right=0.15, bottom=0.5, top=0.25, across=0.5, down=0.45)
_TICKS = ((0.0, "0"), (0.01, ".01"), (0.05, ".05"), (0.1, ".1"), (0.2, ".2"), (0.5, ".5"))
_BELOW = 0.25  # of the largest net benefit: how far below 0 a plot shows the harm


@house_style()
def draw_decision_curves(curves: Mapping[str, DecisionCurve], *, part: str, split: str) -> Figure:
    """The net benefit of each label against the threshold, with that of acting on every radiograph and on none.

    The axis of the threshold grows with the square root, so that small ones can be distinguished.

    Args:
        curves: By label, each with points.
        part: Which part the cases are.
        split: Which division into parts it comes from.
    """
    columns = min(4, max(1, len(curves)))
    rows = max(1, math.ceil(len(curves) / columns))
    title = "Decision curves: model (blue, with 95 % intervals), acting on all (orange) and on none (grey)"
    figure = new_figure(max(4.6, 2.6 * columns), 2.2 * rows + 0.3, title, part=part, split=split)
    for plot, (label, curve) in zip(
        fixed_panels(figure, rows, columns, len(curves), _MARGINS), curves.items(), strict=True
    ):
        plot.set_title(label)
        _curve(plot, curve)
    below = {"fontsize": 9, "y": 0.05 / figure.get_figheight(), "va": "bottom"}
    figure.supxlabel("threshold: probability from which on one acts (square-root scale)", **below)
    figure.supylabel("net benefit", fontsize=9, x=0.05 / figure.get_figwidth(), ha="left")
    return figure


def _curve(plot: Axes, curve: DecisionCurve) -> None:
    at = np.sqrt([point.threshold for point in curve.points])
    low, high = np.array([point.model_interval or [np.nan, np.nan] for point in curve.points]).T
    plot.axhline(0, color=GREY, linewidth=1)
    plot.plot(at, [point.treat_all for point in curve.points], color=ORANGE, linewidth=1.1)
    plot.fill_between(at, low, high, color=BLUE, alpha=0.18, linewidth=0)
    plot.plot(at, [point.model for point in curve.points], color=BLUE)
    top = max(1e-6, curve.prevalence or 0, float(np.nanmax(high, initial=0)))
    plot.set(xlim=(0, math.sqrt(_TICKS[-1][0])), ylim=(-_BELOW * top, 1.08 * top))
    plot.set_xticks([math.sqrt(value) for value, _ in _TICKS], [word for _, word in _TICKS])
    plot.locator_params(axis="y", nbins=5)
