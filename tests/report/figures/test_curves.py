"""ROC, precision–recall and reliability curves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score, precision_recall_curve

from tests.report.drawn import outside, texts
from xraykit.data.formats.nih import FINDINGS
from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import calibration_metrics, roc_auc, roc_points
from xraykit.report.figures.curves import (
    draw_precision_recall,
    draw_reliability,
    draw_roc_curves,
    precision_recall_points,
)

LONG_SPLIT = "by patient, 70/10/20, seed 7, of the 834 radiographs that are there"


def cases(labels, n=60, seed=0):
    generator = np.random.default_rng(seed)
    targets = (generator.random((n, labels)) < 0.3).astype(float)
    targets[0], targets[1] = 1, 0
    return targets, generator.random((n, labels))


class TestRocCurves:
    @pytest.mark.parametrize("labels", [1, 2, 3, 5, 14])
    def test_each_label_has_its_plot_in_the_given_order_and_nothing_is_cut_off(self, labels):
        figure = draw_roc_curves(*cases(labels), FINDINGS[:labels], part="test", split=LONG_SPLIT)
        assert [plot.get_title(loc="left") for plot in figure.axes] == list(FINDINGS[:labels])
        assert outside(figure) == []

    def test_the_curve_its_area_and_the_numbers_of_cases_are_those_of_the_label(self):
        targets, probabilities = cases(2)
        targets[5:9, 1] = np.nan
        figure = draw_roc_curves(targets, probabilities, ["Mass", "Edema"], part="test", split="official")
        for column, plot in enumerate(figure.axes):
            y, p = targets[:, column], probabilities[:, column]
            np.testing.assert_allclose(plot.lines[1].get_data(), roc_points(y, p))
            (said,) = [text.get_text() for text in plot.texts]
            assert said.splitlines() == [
                f"ROC AUC {roc_auc(y, p):.3f}",
                f"{sum(y == 1)} positive, {sum(y == 0)} negative",
            ]

    def test_the_diagonal_of_chance_is_in_each_plot(self):
        figure = draw_roc_curves(*cases(3), FINDINGS[:3], part="test", split="official")
        assert all(np.array_equal(plot.lines[0].get_data(), [[0, 1], [0, 1]]) for plot in figure.axes)

    @pytest.mark.parametrize("labels", [1, 3])
    @pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
    def test_a_label_without_both_classes_says_not_estimable_and_has_no_curve(self, labels, value):
        targets = np.full((4, labels), value)
        figure = draw_roc_curves(targets, targets * 0 + 0.5 if value == value else np.full_like(targets, 0.5),
                                 FINDINGS[:labels], part="test", split="official")  # fmt: skip
        for plot in figure.axes:
            assert len(plot.lines) == 1
            assert plot.texts[0].get_text().startswith("not estimable")

    def test_the_head_names_part_and_split(self):
        figure = draw_roc_curves(*cases(3), FINDINGS[:3], part="validation", split="official")
        assert "Validation part, split: official" in figure.get_suptitle()

    def test_refuses_what_cannot_be_scored(self):
        targets, probabilities = cases(2)
        with pytest.raises(DataError, match="one shape"):
            draw_roc_curves(targets, probabilities, ["Mass"], part="test", split="official")
        with pytest.raises(NonFiniteLossError):
            draw_roc_curves(targets, probabilities * np.nan, ["Mass", "Edema"], part="test", split="official")


class TestPrecisionRecall:
    @pytest.mark.parametrize("labels", [1, 14])
    def test_each_label_has_its_plot_and_nothing_is_cut_off(self, labels):
        figure = draw_precision_recall(*cases(labels), FINDINGS[:labels], part="test", split=LONG_SPLIT)
        assert [plot.get_title(loc="left") for plot in figure.axes] == list(FINDINGS[:labels])
        assert outside(figure) == []
        assert "Test part, split" in figure.get_suptitle()

    @given(
        arrays.arrays(np.float64, 30, elements=st.sampled_from([0, 1, np.nan])),
        arrays.arrays(np.float64, 30, elements=st.sampled_from([0, 0.1, 0.2, 0.5, 0.9])),
    )
    @settings(max_examples=50)
    def test_the_points_are_scikit_learns_and_their_steps_have_the_area_of_the_average_precision(self, y, p):
        known = ~np.isnan(y)
        recall, precision = precision_recall_points(y, p)
        if len(set(y[known])) < 2:
            assert len(recall) == len(precision) == 0
            return
        expected_precision, expected_recall, _ = precision_recall_curve(y[known], p[known])
        np.testing.assert_allclose(recall[1:], expected_recall[-2::-1], atol=1e-12)
        np.testing.assert_allclose(precision[1:], expected_precision[-2::-1], atol=1e-12)
        area = np.sum(np.diff(recall) * precision[1:])
        assert math.isclose(area, average_precision_score(y[known], p[known]), abs_tol=1e-12)

    def test_the_dashed_line_is_the_prevalence_among_the_known(self):
        targets, probabilities = cases(1)
        targets[2:9] = np.nan
        (plot,) = draw_precision_recall(targets, probabilities, ["Mass"], part="test", split="official").axes
        assert plot.lines[0].get_ydata()[0] == np.nanmean(targets)

    def test_a_label_without_both_classes_says_not_estimable_and_has_no_curve(self):
        (plot,) = draw_precision_recall(np.zeros((4, 1)), np.full((4, 1), 0.5), ["Mass"], part="t", split="s").axes
        assert len(plot.lines) == 0
        assert plot.texts[0].get_text().startswith("not estimable")


class TestReliability:
    @staticmethod
    def calibration(labels, n=100):
        targets, probabilities = cases(labels, n)
        targets[:, -1] = 0
        names = FINDINGS[:labels]
        before, after = (
            calibration_metrics(targets, p, np.arange(n), names) for p in (probabilities, probabilities * 0.5)
        )
        return {name: {"before": before[name], "after": after[name]} for name in names}

    @pytest.mark.parametrize("labels", [2, 14])
    def test_each_label_has_its_plot_and_nothing_is_cut_off(self, labels):
        figure = draw_reliability(self.calibration(labels), part="test", split=LONG_SPLIT)
        assert [plot.get_title(loc="left") for plot in figure.axes] == list(FINDINGS[:labels])
        assert outside(figure) == []
        assert figure.axes[-1].texts[0].get_text() == "not estimable"

    def test_points_intervals_and_numbers_are_those_of_the_figures(self):
        calibration = self.calibration(2)
        figure = draw_reliability(calibration, part="test", split="official")
        plot, figures = figure.axes[0], calibration[FINDINGS[0]]
        for line, when in zip(plot.lines[1:], ("before", "after"), strict=True):
            points = figures[when]["reliability"]
            np.testing.assert_allclose(line.get_xdata() ** 2, [point["probability"] for point in points])
            np.testing.assert_allclose(line.get_ydata() ** 2, [point["share"] for point in points], atol=1e-12)
        ends = np.array([segment[:, 1] for segment in plot.collections[0].get_segments()]) ** 2
        np.testing.assert_allclose(ends, [point["interval"] for point in figures["after"]["reliability"]], atol=1e-12)
        said = f"ECE {figures['before']['ece']:.3f} → {figures['after']['ece']:.3f}\n10 per point"
        assert said in texts(figure)

    def test_a_tick_stands_at_the_root_of_what_it_says(self):
        (plot, _) = draw_reliability(self.calibration(2), part="test", split="official").axes
        ticks = [(float(label.get_text()), tick) for label, tick in zip(plot.get_yticklabels(), plot.get_yticks())]
        assert all(math.isclose(math.sqrt(said), place) for said, place in ticks)
