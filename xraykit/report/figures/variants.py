"""A figure of the same radiographs changed in several ways: a row for each way, a column for each radiograph."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from xraykit.errors import DataError
from xraykit.report.figures.style import Margins, fixed_panels, house_style, new_figure

_SIDE = 1.5
_TEXT = 0.22
_ROWS_BELOW_EACH_OTHER = 9
_MARGINS = Margins(left=0.08, right=0.08, bottom=0.08, top=0.3, across=0.06, down=_TEXT)


@house_style()
def draw_variants(rows: Sequence[tuple[str, npt.NDArray[np.uint8]]], title: str, *, part: str, split: str) -> Figure:
    """The figure; many rows continue in a second block to the right.

    Args:
        rows: What each row shows, and its pictures ``(n, S, S)`` uint8.
        title: What is shown.
        part: Which part the radiographs are from.
        split: Which division into parts it is.

    Raises:
        DataError: there is no row, or the rows have different numbers of pictures.
    """
    numbers = {len(pictures) for _, pictures in rows}
    if len(numbers) != 1:
        raise DataError(
            f"Each row needs the same radiographs. Received: rows of {', '.join(map(str, sorted(numbers))) or 'none'}."
        )
    columns, blocks = numbers.pop(), 1 if len(rows) <= _ROWS_BELOW_EACH_OTHER else 2
    lines, across = math.ceil(len(rows) / blocks), columns * blocks
    figure = new_figure(_SIDE * max(4, across), (_SIDE + _TEXT) * lines + 0.3, title, part=part, split=split)
    plots = fixed_panels(figure, lines, across, lines * across, _MARGINS)
    for plot in plots:
        plot.axis("off")
    for number, (caption, pictures) in enumerate(rows):
        block, line = divmod(number, lines)
        first = line * across + block * columns
        plots[first].set_title(caption, fontsize=8.5, fontweight="bold", pad=3, loc="left")
        for plot, picture in zip(plots[first : first + columns], pictures, strict=True):
            plot.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    return figure
