"""How figures are begun and saved."""

import ast
import inspect
import os
import re
import sys

import cv2
import matplotlib
import pytest
from matplotlib.lines import Line2D

from xraykit.errors import DataError
from xraykit.report.figures import curves as figures_curves
from xraykit.report.figures import numbers as figures
from xraykit.report.figures import radiographs as figures_radiographs
from xraykit.report.figures import style as figures_style
from xraykit.report.figures.style import Margins, figure_svg, fixed_panels, house_style, new_figure, save_figure


@pytest.fixture
def figure():
    return new_figure(3, 2, "Curves", part="test", split="official")


def test_a_png_of_150_dots_per_inch_is_written_into_a_new_folder(figure, tmp_path):
    path = tmp_path / "figures" / "curves.png"
    save_figure(figure, path)
    height, width = cv2.imread(str(path)).shape[:2]
    assert (width, height) == (450, round(figure.get_figheight() * 150))
    assert os.listdir(path.parent) == ["curves.png"]


def test_an_svg_is_the_same_each_time_and_needs_nothing_but_itself():
    def drawn():
        with house_style():
            figure = new_figure(3, 2, "Curves", part="test", split="official")
            figure.subplots().plot([0, 1])
        return figure_svg(figure)

    first = drawn()
    assert drawn() == first
    assert b"<text" not in first
    assert not re.findall(rb"(?:href|src|url)[=(]\"?(?!#)", first.replace(b'xlink:href="#', b""))


def test_plots_in_fixed_places_are_where_the_margins_say():
    figure = new_figure(6, 4, "Curves", part="test", split="official")
    first, second, third = fixed_panels(figure, 2, 2, 3, Margins(0.5, 0.25, 0.4, 0.3, 0.2, 0.6))
    width, height = figure.get_size_inches()
    left, right = first.get_position(), second.get_position()
    assert left.x0 * width == pytest.approx(0.5)
    assert right.x1 * width == pytest.approx(6 - 0.25)
    assert (right.x0 - left.x1) * width == pytest.approx(0.2)
    assert left.y1 * height == pytest.approx(4 - 0.3)
    assert third.get_position().y0 * height == pytest.approx(0.4)
    assert (left.y0 - third.get_position().y1) * height == pytest.approx(0.6)


@pytest.mark.parametrize("failing", ["drawing", "renaming"])
def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(figure, tmp_path, monkeypatch, failing):
    path = tmp_path / "curves.png"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "disk full")

    if failing == "drawing":
        monkeypatch.setattr(Line2D, "draw", fail)
        figure.subplots().plot([0, 1])
    else:
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(DataError, match="cannot be written: disk full"):
        save_figure(figure, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["curves.png"]


def test_the_users_settings_neither_matter_nor_change(tmp_path):
    def drawn(name):
        with house_style():
            figure = new_figure(3, 2, "Curves", part="test", split="official")
            figure.subplots().plot([0, 1])
        save_figure(figure, tmp_path / name)
        return (tmp_path / name).read_bytes()

    plain = drawn("plain.png")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        assert drawn("own.png") == plain
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("room", [figures, figures_curves, figures_radiographs, figures_style])
def test_no_figure_needs_pyplot(room):
    imports = [
        node for node in ast.walk(ast.parse(inspect.getsource(room))) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert imports
    assert not any("pyplot" in ast.dump(node) for node in imports)


def test_neither_drawing_nor_saving_touches_the_backend(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with matplotlib.rc_context():
        dict.__setitem__(matplotlib.rcParams, "backend", "svg")
        figure = figures_curves.draw_roc_curves([[1], [0]], [[0.2], [0.1]], ["Mass"], part="test", split="official")
        save_figure(figure, tmp_path / "curve.png")
        assert matplotlib.rcParams._get("backend") == "svg"
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize(
    ("part", "said"), [("test", "Test part"), ("training and validation", "Training and validation parts")]
)
def test_the_head_names_part_and_split(part, said):
    figure = new_figure(6, 2, "Curves", part=part, split="official")
    assert figure.get_suptitle().splitlines() == ["Curves", f"{said}, split: official"]


def test_a_long_split_is_broken_into_lines_and_makes_the_figure_higher():
    short = new_figure(3, 2, "Curves", part="test", split="official")
    long = new_figure(3, 2, "Curves", part="test", split="by patient, 70/10/20, seed 7, of 834 radiographs")
    assert len(long.get_suptitle().splitlines()) > 2
    assert long.get_figheight() > short.get_figheight()
