"""The coordinates of the small drawings in tables."""

import numpy as np
import pytest

from xraykit.evaluation import roc_auc
from xraykit.report.figures.sparklines import WIDTH, curve_points, interval_bar


def test_a_bar_has_its_figure_interval_and_chance_at_their_places():
    bar = interval_bar(0.7, [0.55, 0.85], "said")
    assert (bar.low, bar.value, bar.high, bar.chance) == (30, 60, 90, 20)
    assert bar.description == "said"


def test_what_lies_beyond_the_scale_stands_at_its_end():
    bar = interval_bar(0.2, [0.1, 1.0], "")
    assert (bar.low, bar.value, bar.high) == (0, 0, WIDTH)


def test_without_a_figure_or_interval_there_is_none():
    assert interval_bar(None, None, "").value is None
    assert interval_bar(0.8, None, "").low is None


@pytest.mark.parametrize("seed", range(3))
def test_a_curve_starts_and_ends_in_the_corners_never_falls_and_has_nearly_the_area(seed):
    random = np.random.default_rng(seed)
    y = (random.random(400) < 0.2).astype(float)
    p = np.round(random.random(400) + 0.4 * y, 2)
    points = np.array([[float(number) for number in point.split(",")] for point in curve_points(y, p).split()])
    x, up = points[:, 0] / 100, 1 - points[:, 1] / 100
    assert (x[0], up[0], x[-1], up[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(x) >= 0)
    assert np.all(np.diff(up) >= 0)
    assert np.trapezoid(up, x) == pytest.approx(roc_auc(y, p), abs=0.02)


def test_a_label_without_both_classes_has_no_curve():
    assert curve_points([0, 0, np.nan], [0.1, 0.2, 0.3]) == ""
