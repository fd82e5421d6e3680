"""Sheets of radiographs and heat maps."""

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import on_phantoms_and_radiographs
from tests.report.drawn import outside, texts
from xraykit.data.formats.nih import FINDINGS
from xraykit.errors import DataError
from xraykit.report.figures.radiographs import (
    HeatMap,
    draw_heatmap_grid,
    draw_radiograph_sheet,
    overlay,
    overlay_at_full_size,
)
from xraykit.report.figures.style import save_figure


def pictures(n, size=16):
    return np.random.default_rng(n).integers(0, 256, (n, size, size), np.uint8)


def heat_map(probability=0.75, truth=True, boxes=(), size=16):
    heat = np.zeros((size, size), np.float32)
    heat[4:8, 2:6] = 1
    return HeatMap(pictures(1, size)[0], heat, probability, truth, boxes)


def lightness(rgb):
    return float(cv2.cvtColor(np.uint8(rgb).reshape(1, 1, 3), cv2.COLOR_RGB2LAB)[0, 0, 0])


class TestOverlay:
    def test_cold_places_and_no_opacity_leave_the_radiograph_as_it_is(self):
        picture = pictures(1)[0]
        grey = np.repeat(picture[..., None], 3, axis=2)
        np.testing.assert_array_equal(overlay(picture, np.zeros((16, 16)), 1), grey)
        np.testing.assert_array_equal(overlay(picture, np.ones((16, 16)), 0), grey)

    @given(st.integers(0, 255), st.floats(0, 1), st.floats(0, 1))
    @settings(deadline=None)
    def test_the_colour_is_mixed_in_by_opacity_times_heat(self, grey, heat, opacity):
        (pixel,) = overlay(np.full((1, 1), grey, np.uint8), np.full((1, 1), heat), opacity)[0]
        full = overlay(np.zeros((1, 1), np.uint8), np.full((1, 1), heat), 1)[0, 0] / max(heat, 1e-9)
        share = opacity * heat
        if heat > 0.1:
            np.testing.assert_allclose(pixel, grey * (1 - share) + full * share, atol=6)
        assert (abs(pixel.astype(int) - grey) <= 255 * share + 0.5).all()

    def test_hotter_is_lighter_and_warmer_on_black(self):
        colors = [overlay(np.zeros((1, 1), np.uint8), np.full((1, 1), heat), 1)[0, 0] for heat in np.linspace(0, 1, 9)]
        levels = [lightness(color) for color in colors]
        assert levels == sorted(levels)
        red, _, blue = colors[-1].astype(int)
        assert red > blue + 150

    def test_is_rgb_of_the_pictures_size_and_leaves_its_arguments_alone(self):
        picture, heat = pictures(1)[0], np.random.default_rng(0).random((16, 16))
        before = picture.copy(), heat.copy()
        result = overlay(picture, heat, 0.4)
        assert (result.shape, result.dtype) == ((16, 16, 3), np.uint8)
        np.testing.assert_array_equal(before, (picture, heat))

    @pytest.mark.parametrize("heat", [-0.1, 1.1, np.nan, np.inf])
    def test_refuses_heat_outside_0_to_1(self, heat):
        with pytest.raises(DataError, match="within 0 and 1"):
            overlay(pictures(1)[0], np.full((16, 16), heat), 0.4)

    @pytest.mark.parametrize("opacity", [-0.1, 1.1, np.nan])
    def test_refuses_opacity_outside_0_to_1(self, opacity):
        with pytest.raises(DataError, match="opacity"):
            overlay(pictures(1)[0], np.zeros((16, 16)), opacity)

    @pytest.mark.parametrize(
        "picture", [np.zeros((8, 8), np.uint8), np.zeros((16, 16)), np.zeros((16, 16, 1), np.uint8)]
    )
    def test_refuses_another_picture_than_a_grey_one_of_the_heat_maps_size(self, picture):
        with pytest.raises(DataError, match=r"Expected: uint8 \(S, S\)"):
            overlay(picture, np.zeros((16, 16)), 0.4)


class TestRadiographSheet:
    @pytest.mark.parametrize("n", [0, 1, 4, 5, 20])
    def test_each_radiograph_stands_with_its_caption(self, n):
        sheet, captions = pictures(n), [f"radiograph {number}" for number in range(n)]
        figure = draw_radiograph_sheet(sheet, captions, part="training", split="official")
        assert [plot.get_title() or plot.get_title(loc="left") for plot in figure.axes] == captions
        for plot, picture in zip(figure.axes, sheet, strict=True):
            np.testing.assert_array_equal(plot.images[0].get_array(), picture)
        assert outside(figure) == []

    def test_black_and_white_are_those_of_the_file_and_not_of_the_picture(self):
        figure = draw_radiograph_sheet(np.full((1, 8, 8), 90, np.uint8), ["dim"], part="test", split="official")
        assert figure.axes[0].images[0].get_clim() == (0, 255)

    def test_long_captions_are_broken_and_no_text_runs_over_the_edge(self):
        caption = ", ".join(FINDINGS)
        figure = draw_radiograph_sheet(pictures(5), [caption] * 5, part="test", split="official")
        assert outside(figure) == []
        assert texts(figure)[1].replace("\n", " ") == caption

    def test_the_head_names_title_part_and_split(self):
        figure = draw_radiograph_sheet(pictures(1), ["a"], "Some radiographs", part="test", split="official")
        assert figure.get_suptitle().splitlines() == ["Some radiographs", "Test part, split: official"]

    def test_refuses_another_number_of_captions(self):
        with pytest.raises(DataError, match="2 radiographs, 1 captions"):
            draw_radiograph_sheet(pictures(2), ["a"], part="test", split="official")

    @on_phantoms_and_radiographs
    def test_radiographs_are_drawn_and_written(self, small_nih, tmp_path):
        files = sorted((small_nih / "images").glob("*.png"))[:6]
        sheet = np.stack([cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files])
        figure = draw_radiograph_sheet(sheet, [file.name for file in files], part="training", split="official")
        save_figure(figure, tmp_path / "sheet.png")
        assert cv2.imread(str(tmp_path / "sheet.png")).std() > 20


class TestHeatmapGrid:
    def test_rows_are_labels_and_columns_their_radiographs(self):
        maps = {"Mass": [heat_map(0.9), heat_map(0.8, False)], "Edema": [heat_map(0.25, None)], "Hernia": []}
        figure = draw_heatmap_grid(maps, opacity=0.4, part="test", split="official")
        shown = [plot for plot in figure.axes if plot.images]
        assert [plot.get_title(loc="left").split("\n") for plot in shown] == [
            ["Mass", "probability 0.900, truth: present"],
            ["Mass", "probability 0.800, truth: absent"],
            ["Edema", "probability 0.250, truth: unknown"],
        ]
        places = [(plot.get_subplotspec().rowspan.start, plot.get_subplotspec().colspan.start) for plot in shown]
        assert places == [(0, 0), (0, 1), (1, 0)]
        assert shown[0].get_subplotspec().get_gridspec().get_geometry() == (2, 2)

    def test_each_picture_is_the_overlay_of_its_own_heat_map(self):
        case = heat_map()
        figure = draw_heatmap_grid({"Mass": [case]}, opacity=0.6, part="test", split="official")
        np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), overlay(case.picture, case.heat, 0.6))

    def test_a_box_encloses_its_pixels_and_the_head_explains_it(self):
        figure = draw_heatmap_grid(
            {"Mass": [heat_map(boxes=((2, 4, 4, 4),))]}, opacity=0.4, part="test", split="official"
        )
        (box,) = figure.axes[0].patches
        assert box.get_bbox().bounds == (1.5, 3.5, 4, 4)
        assert "blue box" in figure.get_suptitle().replace("\n", " ")

    def test_without_boxes_none_are_mentioned(self):
        figure = draw_heatmap_grid({"Mass": [heat_map()]}, opacity=0.4, part="test", split="official")
        assert "box" not in figure.get_suptitle()
        assert "Test part, split: official" in figure.get_suptitle()

    @pytest.mark.parametrize(("labels", "columns"), [(1, 1), (3, 1), (3, 3), (14, 2)])
    def test_nothing_is_cut_off(self, labels, columns):
        maps = {label: [heat_map()] * columns for label in FINDINGS[-labels:]}
        figure = draw_heatmap_grid(maps, opacity=0.4, part="test", split="by patient, 70/10/20, seed 7")
        assert outside(figure) == []

    @pytest.mark.parametrize("maps", [{}, {"Mass": []}])
    def test_without_heat_maps_it_says_so(self, maps):
        assert "no heat maps" in texts(draw_heatmap_grid(maps, opacity=0.4, part="test", split="official"))


@pytest.mark.parametrize("shape", [(160, 90), (33, 200), (7, 5), (32, 32)])
def test_a_heat_map_at_full_size_is_that_of_bilinear_resizing(shape):
    random = np.random.default_rng(0)
    picture, heat = random.integers(0, 256, shape).astype(np.uint8), random.random((32, 32)).astype(np.float32)
    resized = np.clip(cv2.resize(heat, shape[::-1], interpolation=cv2.INTER_LINEAR), 0, 1)
    expected = overlay(picture, resized, 0.5)
    drawn = overlay_at_full_size(picture, heat, 0.5)
    assert drawn.shape == (*shape, 3)
    np.testing.assert_allclose(drawn.astype(int), expected.astype(int), atol=1)


def test_an_overlay_of_a_large_radiograph_takes_little_more_memory_than_itself():
    picture, heat = np.zeros((3000, 2500), np.uint8), np.full((32, 32), 0.5)
    overlay_at_full_size(picture[:10], heat, 0.5)
    tracemalloc.start()
    drawn = overlay_at_full_size(picture, heat, 0.5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < drawn.nbytes + 60e6
