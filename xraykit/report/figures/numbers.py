"""Figures of numbers: training curves and the prevalence of the labels.

Each function returns a figure that names its part and split; :func:`.save_figure` writes it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xraykit.errors import DataError
from xraykit.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    Margins,
    fixed_panels,
    house_style,
    new_figure,
    panels,
)

_MARGINS = Margins(left=0.75, right=0.2, bottom=0.55, top=0.3, across=0.0, down=0.35)  # of the training curves
_LONGEST_STAGES = 75  # letters that fit beside the title of a plot
_COUNTS = ("label", "part", "positives", "negatives", "unknown")


@house_style()
def draw_training_curves(history: pd.DataFrame, *, split: str) -> Figure:
    """Loss, validation macro ROC AUC and learning rate over the epochs; the best epoch and new stages are marked.

    Args:
        history: One row per epoch with ``epoch``, ``loss``, ``val_loss``, ``val_roc_auc`` and ``learning_rate``; where
            there is ``stage``, a line marks each epoch that begins another one. Missing values are gaps.
        split: Which division into parts it comes from.

    Raises:
        DataError: a column is missing.
    """
    needed = ("epoch", "loss", "val_loss", "val_roc_auc", "learning_rate")
    _need(history, needed, "training history")
    values = history[list(needed)].apply(pd.to_numeric, errors="coerce").astype(float)
    epochs = values["epoch"]
    figure = new_figure(7.5, 5.6, "Training curves", part="training and validation", split=split)
    loss, score, rate = fixed_panels(figure, 3, 1, 3, _MARGINS, sharex=True)
    marker = "o" if len(epochs) <= 30 else ""
    loss.plot(epochs, values["loss"], color=BLUE, marker=marker, markersize=3, label="training")
    loss.plot(epochs, values["val_loss"], color=ORANGE, marker=marker, markersize=3, label="validation")
    loss.set(title="Loss")
    score.plot(epochs, values["val_roc_auc"], color=ORANGE, marker=marker, markersize=3, label="validation")
    score.set(title="Macro ROC AUC")
    rate.plot(epochs, values["learning_rate"], color=GREEN, marker=marker, markersize=3, drawstyle="steps-mid")
    rate.set(title="Learning rate", yscale="log", xlabel="epoch")
    rate.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if len(epochs):
        rate.set_xlim(epochs.min() - 0.5, epochs.max() + 0.5)
    _mark_stages(history, (loss, score, rate))
    _mark_best(values, loss, score)
    return figure


def _need(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"The {name} lacks the columns {', '.join(missing)}. Expected: {', '.join(columns)}. Received: "
            f"{', '.join(map(str, table.columns))}. Give one row per epoch, or per label and part."
        )


def _mark_best(values: pd.DataFrame, loss: Axes, score: Axes) -> None:
    scores = values["val_roc_auc"]
    if scores.notna().any():
        best = values.iloc[int(np.nanargmax(scores.to_numpy()))]
        for plot in (loss, score):
            plot.axvline(best["epoch"], color=GREY, linewidth=0.8, zorder=1)
        caption = f"best epoch: {best['epoch']:.0f} ({best['val_roc_auc']:.3f})"
        score.plot(best["epoch"], best["val_roc_auc"], "D", color=ORANGE, markeredgecolor="black", label=caption)
    else:
        score.text(0.5, 0.5, "not estimable", transform=score.transAxes, ha="center", va="center")
        score.set_yticks([])
    for plot in (loss, score):
        plot.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1)


def _mark_stages(history: pd.DataFrame, plots: Sequence[Axes]) -> None:
    """A dotted line where a stage begins; their names are above the last plot, where they cover no curve."""
    if "stage" not in history.columns:
        return
    stage = history["stage"].astype(str)
    begins = stage.ne(stage.shift()).to_numpy(copy=True)
    begins[:1] = False
    if not begins.any():
        return
    for plot in plots:
        for epoch in history["epoch"][begins]:
            line = plot.axvline(epoch - 0.5, color=PURPLE, linewidth=1, linestyle=":")
    names = ", ".join(
        f"{name} from epoch {epoch:.0f}" for epoch, name in zip(history["epoch"][begins], stage[begins], strict=True)
    )
    text = f"stage: {names}" if len(names) <= _LONGEST_STAGES else f"{begins.sum()} new stages"
    plots[-1].legend([line], [text], loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)


@house_style()
def draw_prevalence(counts: pd.DataFrame, *, split: str) -> Figure:
    """Share of the known radiographs that show each finding, with the numbers, in each part.

    Args:
        counts: One row per label and part with ``label``, ``part``, ``positives``, ``negatives`` and ``unknown``
            (numbers of radiographs). Labels and parts are drawn in the order of their first rows.
        split: Which division into parts it is.

    Raises:
        DataError: a column is missing.
    """
    _need(counts, _COUNTS, "table of label counts")
    labels, parts = list(dict.fromkeys(counts["label"])), list(dict.fromkeys(counts["part"]))
    named = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
    figure = new_figure(1.6 + 2.8 * max(1, len(parts)), 0.8 + 0.24 * len(labels), "Prevalence", part=named, split=split)
    plots = panels(figure, 1, max(1, len(parts)), len(parts), sharex=True, sharey=True)
    for plot, part, color in zip(plots, parts, (BLUE, ORANGE, GREEN) * len(parts), strict=False):
        _prevalence_bars(plot, counts[counts["part"] == part].set_index("label").reindex(labels), color)
        plot.set_title(part)
    for plot in plots[:1]:
        plot.set_xlim(0, 1.05 * max(plot.dataLim.x1 for plot in plots) or 1)
    return figure


def _prevalence_bars(plot: Axes, rows: pd.DataFrame, color: str) -> None:
    known = rows["positives"] + rows["negatives"]
    share = (rows["positives"] / known.where(known > 0)).fillna(0.0)
    plot.barh(range(len(rows)), share, color=color, height=0.7)
    for place, (positives, total, unknown) in enumerate(zip(rows["positives"], known, rows["unknown"], strict=True)):
        caption = f"{positives:,.0f} of {total:,.0f}" if total > 0 else "none known"
        caption += f", {unknown:,.0f} unknown" if unknown else ""
        beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        plot.annotate(caption, (1, place), (4, 0), va="center", fontsize=7.5, **beside)
    plot.set_yticks(range(len(rows)), rows.index)
    plot.set_ylim(len(rows) - 0.4, -0.6)
    plot.grid(axis="y", visible=False)
    plot.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g} %")
    plot.xaxis.set_major_locator(MaxNLocator(3))
