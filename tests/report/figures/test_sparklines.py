"""The coordinates of the small drawings in tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.evaluation import roc_auc
from xraykit.report.figures.sparklines import (
    WIDTH,
    Scale,
    curve_points,
    difference_scale,
    interval_bar,
    roc_auc_scale,
)

SCALE = Scale(0.4, 1.0, 0.5)


def test_a_bar_has_its_figure_interval_and_chance_at_their_places():
    bar = interval_bar(0.7, [0.55, 0.85], "said", SCALE)
    assert (bar.low, bar.value, bar.high, bar.chance) == (30, 60, 90, 20)
    assert bar.description == "said"


def test_without_a_figure_or_interval_there_is_none():
    assert interval_bar(None, None, "", SCALE).value is None
    assert interval_bar(0.8, None, "", SCALE).low is None


def test_the_scale_of_roc_aucs_reaches_lower_where_one_of_them_or_an_interval_does():
    assert roc_auc_scale([{"roc_auc": 0.8, "roc_auc_interval": [0.41, 0.9]}, {"roc_auc": None}]) == SCALE
    assert roc_auc_scale([{"roc_auc": 0.6, "roc_auc_interval": [0.33, 0.9]}]).low == 0.3
    assert roc_auc_scale([{"roc_auc": 0.6, "roc_auc_interval": [0.3, 0.9]}]).low == 0.3
    assert roc_auc_scale([]) == SCALE


shares = st.floats(0, 1)


@given(st.lists(st.tuples(shares, shares, shares).map(sorted), min_size=1, max_size=5))
def test_no_interval_is_cut_by_its_scale(every):
    metrics = [{"roc_auc": value, "roc_auc_interval": [low, high]} for low, value, high in every]
    scale = roc_auc_scale(metrics)
    assert scale.low <= min(low for low, _, _ in every)
    assert scale.low < scale.mark < scale.high
    for low, value, high in every:
        bar = interval_bar(value, [low, high], "", scale)
        assert [bar.low, bar.value, bar.high] == pytest.approx(
            [WIDTH * (each - scale.low) / (1 - scale.low) for each in (low, value, high)], abs=0.06
        )


@given(st.lists(st.tuples(*[st.floats(-1, 1)] * 3).map(sorted), min_size=1, max_size=5))
def test_a_scale_of_differences_has_0_in_its_middle_and_cuts_nothing(every):
    scale = difference_scale([{"d": value, "d_interval": [low, high]} for low, value, high in every], "d")
    assert scale.low == -scale.high
    assert interval_bar(0.0, None, "", scale).value == WIDTH / 2
    assert scale.high >= max(abs(each) for row in every for each in row) * (1 - 1e-6)


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
