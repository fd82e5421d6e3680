"""Parallel coordinates of a study: a column for the score and one for each parameter, a line for each trial.

Optuna writes the ticks of each coordinate over the lines. Here the lines run between the columns, so that no text
covers them, and a trial without a parameter has its own place.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from xraykit.report import GREY, INK, house_style
from xraykit.search.results.drawn_study import completed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _BETWEEN, _MARGIN = 4.8, 0.75, 0.25  # inches
_LETTER = 0.072  # inches, of the ticks' text
_ABSENT = -0.12  # where a trial without the parameter is; the range is from 0 to 1
_LETTERS_OF_NAME = 14
_MANY = 100  # trials, of which more are drawn with thinner lines
_COLORS = ("viridis_r", "viridis")


@dataclass(frozen=True)
class _Column:
    """A coordinate: its name, where each trial is (NaN: it has no such parameter), and its ticks."""

    name: str
    places: list[float]
    ticks: list[tuple[float, str]]

    @property
    def width(self) -> float:
        return 0.2 + _LETTER * max(len(word) for _, word in self.ticks)


def draw_coordinates(study: optuna.Study, head: str, target_name: str) -> "Figure":
    """Draw the completed trials of a study by the first objective.

    Args:
        study: Of :func:`.drawn_study`, with two completed trials or more.
        head: The title.
        target_name: Of the first objective.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    trials = completed(study)
    columns = [_score(target_name, trials), *_parameters(trials)]
    lefts = [0.0, *itertools.accumulate(column.width + _BETWEEN for column in columns)]
    width = max(7.5, 2 * _MARGIN + lefts[-1] - _BETWEEN)
    with house_style():
        figure = Figure(figsize=(width, _HEIGHT), facecolor="white")
        FigureCanvasAgg(figure)
        figure.suptitle(head, x=_MARGIN / width, y=1 - 0.1 / _HEIGHT, ha="left", va="top", fontsize=11, color=INK)
        plot = figure.add_axes((0, 0, 1, 1 - 1.15 / _HEIGHT), xlim=(-_MARGIN, width - _MARGIN), ylim=(-0.2, 1.05))
        plot.axis("off")
        for column, left in zip(columns, lefts, strict=False):
            _draw_column(plot, column, left)
        _draw_lines(plot, columns, lefts, reverse=study.directions[0] == optuna.study.StudyDirection.MINIMIZE)
    return figure


def _draw_column(plot: "Axes", column: _Column, left: float) -> None:
    for x in (left, left + column.width):
        plot.plot([x, x], [0, 1], color=GREY, linewidth=0.8)
    middle = left + column.width / 2
    for place, word in column.ticks:
        plot.text(middle, place, word, ha="center", va="center", fontsize=7.5)
    plot.text(middle, 1.06, _broken(column.name), ha="center", va="bottom", fontsize=8.5, fontweight="bold")


def _draw_lines(plot: "Axes", columns: Sequence[_Column], lefts: Sequence[float], *, reverse: bool) -> None:
    """A stretch between each two columns; the trials with the best scores are darkest, and on top."""
    from matplotlib.collections import LineCollection

    scores = columns[0].places
    width = 1.1 if len(scores) <= _MANY else 0.5
    order = sorted(range(len(scores)), key=lambda trial: -scores[trial] if reverse else scores[trial])
    for at, (column, following) in enumerate(itertools.pairwise(columns)):
        ends = lefts[at] + column.width, lefts[at + 1]
        stretches = [[(ends[0], column.places[trial]), (ends[1], following.places[trial])] for trial in order]
        lines = LineCollection(stretches, cmap=_COLORS[reverse], linewidths=width, alpha=0.85)
        lines.set_array([scores[trial] for trial in order])
        lines.set_clim(0, 1)
        plot.add_collection(lines, autolim=False)


def _score(name: str, trials: Sequence[FrozenTrial]) -> _Column:
    values = [float(trial.values[0]) for trial in trials]
    return _numeric(name, values, min(values), max(values), log=False, whole=all(v.is_integer() for v in values))


def _parameters(trials: Sequence[FrozenTrial]) -> list[_Column]:
    distributions = {name: each for trial in trials for name, each in trial.distributions.items()}
    return [
        _parameter(name, distributions[name], [trial.params.get(name) for trial in trials])
        for name in sorted(distributions)
    ]


def _parameter(name: str, distribution: BaseDistribution, values: Sequence[Any]) -> _Column:
    if isinstance(distribution, CategoricalDistribution):
        choices = distribution.choices
        steps = len(choices) - 1
        at = {str(choice): number / steps if steps else 0.5 for number, choice in enumerate(choices)}
        places = [_ABSENT if value is None else at[str(value)] for value in values]
        ticks = [(height, choice) for choice, height in at.items()]
        return _Column(name, places, _with_absent(ticks, values))
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        raise TypeError(f"{name} has an unknown distribution: {distribution}")
    whole = isinstance(distribution, IntDistribution)
    return _numeric(name, values, distribution.low, distribution.high, log=distribution.log, whole=whole)


def _numeric(name: str, values: Sequence[Any], low: float, high: float, *, log: bool, whole: bool) -> _Column:
    """Five ticks at most, evenly spaced on the scale; of whole numbers only such."""
    scale = math.log if log else float
    start, end = scale(low), scale(high)
    spread = end - start or 1.0

    def place(value: float) -> float:
        return (scale(value) - start) / spread if end > start else 0.5

    inner = [start + share * spread for share in (0, 0.25, 0.5, 0.75, 1)] if end > start else [start]
    marked = [math.exp(each) if log else each for each in inner]
    if whole:
        marked = sorted({float(round(each)) for each in marked})
    ticks = [(place(each), _number(each, whole=whole)) for each in marked]
    return _Column(name, [_ABSENT if v is None else place(v) for v in values], _with_absent(ticks, values))


def _with_absent(ticks: list[tuple[float, str]], values: Sequence[Any]) -> list[tuple[float, str]]:
    return [(_ABSENT, "none"), *ticks] if any(value is None for value in values) else ticks


def _number(value: float, *, whole: bool) -> str:
    return f"{value:,.0f}" if whole else f"{value:.3g}"


def _broken(name: str) -> str:
    """A name on lines of a few letters; a line may end after an underscore or a dot."""
    lines = [""]
    for piece in name.replace("_", "_ ").replace(".", ". ").split(" "):
        if lines[-1] and len(lines[-1]) + len(piece) > _LETTERS_OF_NAME:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)
