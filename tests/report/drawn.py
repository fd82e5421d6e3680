"""What can be read off a figure."""

from unittest import mock

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
