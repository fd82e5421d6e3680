"""What can be read off a figure."""

import itertools
from unittest import mock

import numpy as np
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.text import Text


def drawn(figure):
    """The texts that are really drawn, which the labels of hidden axes and ticks are not."""
    found = []
    draw = Text.draw

    def record(text, *arguments, **options):
        if text.get_text() and text.get_visible():
            found.append(text)
        return draw(text, *arguments, **options)

    with mock.patch.object(Text, "draw", record):
        figure.canvas.draw()
    return found


def texts(figure):
    """What is written in the figure."""
    return [text.get_text() for text in drawn(figure)]


def outside(figure):
    """Texts that run over the edge of the figure."""
    found = drawn(figure)
    width, height = figure.bbox.size
    boxes = [(text.get_text(), text.get_window_extent()) for text in found]
    return [text for text, box in boxes if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1]


def covering(figure):
    """Texts that lie over a drawn curve, a point, an interval or a bar; the grid and the axes do not count."""
    found = [(text.get_text(), text.get_window_extent()) for text in drawn(figure)]
    paths = [path for axes in figure.axes for path in _pixels(axes)]
    bars = [patch.get_window_extent() for axes in figure.axes for patch in axes.patches]
    return [
        text
        for text, box in found
        if any(_meets(path, box) for path in paths) or any(bar.width and bar.overlaps(box) for bar in bars)
    ]


def _pixels(axes):
    """The curves of a plot as points ``(n, 2)`` in pixels, at most half a pixel apart."""
    for line in axes.lines:
        corners = np.array(STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_path().vertices.T)).T
        yield _dense(line.get_transform().transform(corners))
    for collection in axes.collections:
        if hasattr(collection, "get_segments"):
            for segment in collection.get_segments():
                yield _dense(collection.get_transform().transform(segment))
        else:
            yield collection.get_offset_transform().transform(np.asarray(collection.get_offsets()))


def _dense(points):
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < 2:
        return points
    pieces = [
        np.linspace(start, end, 2 + int(2 * np.hypot(*(end - start)))) for start, end in itertools.pairwise(points)
    ]
    return np.concatenate(pieces)


def _meets(points, box):
    inside = (points > [box.x0, box.y0]) & (points < [box.x1, box.y1])
    return bool(inside.all(axis=1).any())
