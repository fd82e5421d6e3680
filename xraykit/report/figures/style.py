"""The style of all figures, and how a figure is created and saved.

Figures are made without pyplot: whoever imports xraykit in a notebook keeps their backend and their settings.
"""

import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xraykit.config import part_text
from xraykit.system import atomic_file, write_atomically

# Okabe and Ito's colours, distinguishable with every kind of colour vision (jfly.uni-koeln.de/color).
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK, GREY = "#222222", "#767676"

STYLE = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "figure.titlesize": 11,
}
DOTS_PER_INCH = 150
_LETTERS_PER_INCH = 12
_INCHES_PER_LINE = 0.25  # of a figure's head


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's defaults and :data:`STYLE` while a figure is drawn; the user's own settings come back after."""
    with matplotlib.style.context(["default", STYLE]):
        yield


def new_figure(width: float, height: float, title: str, *, part: str, split: str) -> Figure:
    """An empty figure with a title that names its content, the part and the split.

    Args:
        width: In inches.
        height: In inches, without the head.
        title: What is shown.
        part: Which part: ``"test"``, ``"training and validation"``.
        split: Which division into parts it comes from.
    """
    letters = int(width * _LETTERS_PER_INCH)
    parts = f"{part.capitalize()} parts" if " and " in part else part_text(part)
    head = [*textwrap.wrap(title, letters), *textwrap.wrap(f"{parts}, split: {split}", letters)]
    figure = Figure(figsize=(width, height + _INCHES_PER_LINE * len(head)), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle("\n".join(head), x=0.01, ha="left")
    return figure


def panels(figure: Figure, rows: int, columns: int, used: int, **options: bool) -> list[Axes]:
    """A grid of plots, row by row; those beyond the first ``used`` are left out."""
    plots = figure.subplots(rows, columns, squeeze=False, **options)  # type: ignore[call-overload]
    flat: list[Axes] = list(plots.flat)
    for plot in flat[used:]:
        plot.remove()
    return flat[:used]


@dataclass(frozen=True)
class Margins:
    """Inches around the plots of a :func:`fixed_panels` grid, below the figure's head, and between them."""

    left: float
    right: float
    bottom: float
    top: float
    across: float
    down: float


def fixed_panels(figure: Figure, rows: int, columns: int, used: int, margins: Margins, **options: bool) -> list[Axes]:
    """As :func:`panels`, for plots of one kind whose place is known.

    Matplotlib's search for the best layout takes longer than the drawing where there are dozens of plots.
    """
    width, height = map(float, figure.get_size_inches())
    head = _INCHES_PER_LINE * (figure.get_suptitle().count("\n") + 1)
    figure.set_layout_engine(None)
    figure.suptitle(figure.get_suptitle(), x=0.01, y=1 - 0.06 / height, ha="left", va="top")
    inner_width, inner_height = width - margins.left - margins.right, height - head - margins.top - margins.bottom
    place = {
        "left": margins.left / width,
        "right": 1 - margins.right / width,
        "bottom": margins.bottom / height,
        "top": 1 - (head + margins.top) / height,
        # Shares of a plot's own width and height.
        "wspace": margins.across * columns / (inner_width - margins.across * (columns - 1)),
        "hspace": margins.down * rows / (inner_height - margins.down * (rows - 1)),
    }
    figure.subplots_adjust(**place)
    return panels(figure, rows, columns, used, **options)


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a PNG of 150 dots per inch, whole or not at all.

    Args:
        figure: Any figure of :mod:`xraykit.report`.
        path: The file; its folder is made, a file of that name is replaced.

    Raises:
        DataError: the file cannot be written; an existing file stays as it is.
    """
    with atomic_file(Path(path), durable=False) as unfinished, house_style():
        figure.savefig(unfinished, format="png", dpi=DOTS_PER_INCH)


def save_figure_as(figure: Figure, folder: Path, name: str, kinds: Sequence[str]) -> None:
    """Write a figure as ``NAME.png``, ``NAME.svg`` and ``NAME.pdf``, those of them that are asked for.

    Args:
        figure: Any figure of :mod:`xraykit.report`.
        folder: Where the files go.
        name: Of the files, without an ending.
        kinds: Of :data:`xraykit.config.FIGURE_KINDS`.

    Raises:
        DataError: see :func:`save_figure`.
    """
    for kind in kinds:
        path = folder / f"{name}.{kind}"
        if kind == "png":
            save_figure(figure, path)
        else:
            write_atomically(path, figure_svg(figure) if kind == "svg" else _figure_pdf(figure), durable=False)


def _figure_pdf(figure: Figure) -> bytes:
    """A figure as PDF, the same each time it is drawn; text is text, in fonts that journals accept (TrueType)."""
    content = io.BytesIO()
    with house_style(), matplotlib.style.context({"pdf.fonttype": 42}):
        figure.savefig(content, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return content.getvalue()


def figure_svg(figure: Figure) -> bytes:
    """A figure as SVG that needs no font of the reader's and is the same each time it is drawn."""
    content = io.BytesIO()
    with house_style(), matplotlib.style.context({"svg.fonttype": "path", "svg.hashsalt": "xraykit"}):
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
        # The layout is now final; computing it again for a PNG would take as long as drawing.
        figure.set_layout_engine(None)
    return content.getvalue()
