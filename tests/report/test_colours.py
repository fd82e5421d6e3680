"""The colours of the pages, in light and dark mode: contrast of WCAG 2.1, level AA."""

import re
from importlib.resources import files

import pytest

CSS = files("xraykit.report").joinpath("templates/house.css").read_text(encoding="utf-8")
TEXT, GRAPHIC = 4.5, 3.0
GROUNDS = ("paper", "wash", "first", "warn", "loud")


def palette(scheme):
    """The variables of the style sheet as they are in a scheme."""
    light = re.search(r":root \{(.*?)\}", CSS, re.S)[1]
    dark = re.search(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", CSS, re.S)[1]
    return dict(re.findall(r"--([\w-]+): (#\w+);", light + (dark if scheme == "dark" else "")))


def luminance(color):
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_that_of_the_standard():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_on_every_ground(scheme):
    colors = palette(scheme)
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent", "bad", "good") for ground in GROUNDS]
    pale = {pair: contrast(*(colors[name] for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in pale.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_drawings_can_be_seen(scheme):
    colors = palette(scheme)
    pairs = [(line, ground) for line in ("accent", "chance", "diagonal") for ground in ("paper", "wash")]
    pale = {pair: contrast(*(colors[name] for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in pale.items() if ratio < GRAPHIC} == {}


def test_the_schemes_differ_and_every_colour_is_a_variable():
    assert luminance(palette("light")["paper"]) > 0.9 > 0.1 > luminance(palette("dark")["paper"])
    rules = CSS[CSS.index("* { box-sizing") :]
    assert set(re.findall(r"#[0-9a-fA-F]{3,6}\b", rules)) == {"#000"}, "the ground of radiographs alone"
