"""Figures with one plot for each label: ROC curves, precision–recall curves and reliability curves."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xraykit.evaluation import as_columns, average_precision, is_estimable, known_cases, roc_auc, roc_points, tie_ends
from xraykit.report.figures.style import BLUE, GREY, ORANGE, Margins, fixed_panels, house_style, new_figure

Floats = npt.NDArray[np.float64]

_MARGINS = Margins(left=0.55, right=0.15, bottom=0.5, top=0.55, across=0.2, down=0.62)
_PAD = 28  # points between a plot and its title: two lines of text
_UNIT = ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))
_ROOTS = ((0.0, "0"), (0.01, ".01"), (0.1, ".1"), (0.3, ".3"), (1.0, "1"))


@house_style()
def draw_roc_curves(
    targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], *, part: str, split: str
) -> Figure:
    """The ROC curve of each label in a plot of its own, with the area under it and the numbers of cases.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        scores: ``(n, L)``, finite: logits or probabilities.
        labels: Names of the L columns; a label without positives or negatives is marked "not estimable".
        part: Which part the cases are: ``"test"``.
        split: Which division into parts it comes from.

    Raises:
        DataError: the shapes differ, or a label is not 1, 0 or NaN.
        NonFiniteLossError: a score is NaN or infinite.
    """
    y, p = as_columns(targets, scores, len(labels))
    figure, plots = _plots("ROC curves", labels, "1 − specificity", "sensitivity", part=part, split=split)
    for column, plot in enumerate(plots):
        _roc_curve(plot, y[:, column], p[:, column])
    return figure


@house_style()
def draw_precision_recall(
    targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], *, part: str, split: str
) -> Figure:
    """The precision–recall curve of each label, with its average precision and, dashed, the prevalence.

    A model that knows nothing has the prevalence for its precision at every recall. The steps are those whose area is
    the average precision. For arguments and errors see :func:`draw_roc_curves`.
    """
    y, p = as_columns(targets, scores, len(labels))
    title = "Precision–recall curves; dashed: prevalence"
    figure, plots = _plots(title, labels, "recall (sensitivity)", "precision (PPV)", part=part, split=split)
    for column, plot in enumerate(plots):
        _precision_recall_curve(plot, y[:, column], p[:, column])
    return figure


@house_style()
def draw_reliability(calibration: Mapping[str, Mapping[str, Any]], *, part: str, split: str) -> Figure:
    """The reliability curve of each label before and after calibration, with its ECE and the radiographs per point.

    Both axes grow with the square root, so that the small probabilities of rare findings can be distinguished.

    Args:
        calibration: Label to ``before`` and ``after``: figures of :func:`xraykit.evaluation.calibration.metrics`.
        part: Which part the cases are.
        split: Which division into parts it comes from.
    """
    title = "Reliability before (orange) and after calibration (blue, with 95 % intervals)"
    words = ("mean probability (square-root scale)", "share of positives")
    figure, plots = _plots(title, list(calibration), *words, part=part, split=split)
    for plot, figures in zip(plots, calibration.values(), strict=True):
        _reliability_curve(plot, figures["before"], figures["after"])
    return figure


def _plots(
    title: str, labels: Sequence[str], across: str, up: str, *, part: str, split: str
) -> tuple[Figure, list[Axes]]:
    """A square plot for each label, both axes from 0 to 1."""
    columns = min(4, max(1, len(labels)))
    rows = max(1, math.ceil(len(labels) / columns))
    figure = new_figure(max(3.4, 2.4 * columns), 2.87 * rows + 0.2, title, part=part, split=split)
    plots = fixed_panels(figure, rows, columns, len(labels), _MARGINS, sharex=True, sharey=True)
    for column, (plot, label) in enumerate(zip(plots, labels, strict=True)):
        plot.set_title(label, pad=_PAD)
        plot.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        _ticks(plot, _UNIT)
        plot.tick_params(labelbottom=column + columns >= len(labels))
    figure.supxlabel(across, fontsize=9, y=0.05 / figure.get_figheight(), va="bottom")
    figure.supylabel(up, fontsize=9, x=0.05 / figure.get_figwidth(), ha="left")
    return figure, plots


def _ticks(plot: Axes, ticks: Sequence[tuple[float, str]], scale: Any = float) -> None:
    places, words = [scale(value) for value, _ in ticks], [word for _, word in ticks]
    plot.set_xticks(places, words)
    plot.set_yticks(places, words)


def _roc_curve(plot: Axes, y: Floats, p: Floats) -> None:
    points, area = roc_points(y, p), roc_auc(y, p)
    plot.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    if points is not None:
        plot.plot(*points, color=BLUE, clip_on=False)
    value = "not estimable" if area is None else f"ROC AUC {area:.3f}"
    _annotate(plot, f"{value}\n{_counts(y)}")


def _precision_recall_curve(plot: Axes, y: Floats, p: Floats) -> None:
    area = average_precision(y, p)
    if area is not None:
        plot.axhline(float(np.nanmean(y)), color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        plot.plot(*precision_recall_points(y, p), color=BLUE, drawstyle="steps-pre", clip_on=False)
    value = "not estimable" if area is None else f"av. precision {area:.3f}"
    _annotate(plot, f"{value}\n{_counts(y)}")


def precision_recall_points(y: npt.ArrayLike, p: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Recall, rising from 0, and the precision at each score of one label.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.

    Returns:
        Two arrays ``(k + 1,)`` for k different scores; two empty ones without positives or without negatives.
    """
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return np.empty(0), np.empty(0)
    order = np.argsort(-score, kind="stable")
    ends = tie_ends(score[order])
    true_positives = np.cumsum(positive[order])[ends]
    recall, precision = true_positives / true_positives[-1], true_positives / (ends + 1)
    return np.append(0.0, recall), np.append(precision[0], precision)


def _reliability_curve(plot: Axes, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    _ticks(plot, _ROOTS, math.sqrt)
    plot.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    if after["reliability"] is None:
        _annotate(plot, "not estimable")
        return
    for points, color in ((before["reliability"], ORANGE), (after["reliability"], BLUE)):
        x, y = (np.sqrt([point[name] for point in points]) for name in ("probability", "share"))
        plot.plot(x, y, color=color, marker="o", markersize=2.8, linewidth=1.1, clip_on=False, zorder=3)
    # A point of one patient has no interval.
    low, high = np.sqrt([point["interval"] or [np.nan, np.nan] for point in after["reliability"]]).T
    plot.vlines(x, low, high, color=BLUE, linewidth=0.8, alpha=0.6)
    cases = [point["cases"] for point in after["reliability"]]
    each = f"{min(cases):,}" if min(cases) == max(cases) else f"{min(cases):,}–{max(cases):,}"
    _annotate(plot, f"ECE {before['ece']:.3f} → {after['ece']:.3f}\n{each} per point")


def _counts(y: Floats) -> str:
    return f"{np.count_nonzero(y == 1):,} positive, {np.count_nonzero(y == 0):,} negative"


def _annotate(plot: Axes, text: str) -> None:
    """Between the title and the plot: wherever a curve runs, no text covers it."""
    beside: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    plot.annotate(text, (0, 1), (0, 4), va="bottom", fontsize=7.5, linespacing=1.15, **beside)
