"""ROC AUC, average precision and their macro means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import auc

from tests.evaluation.reference import CASES, average_precision_by_steps, columns, roc_auc_by_pairs
from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import average_precision, macro, macro_roc_auc, roc_auc, roc_points

NAN = np.nan


@settings(deadline=None)
@given(CASES)
def test_roc_auc_is_the_share_of_pairs_in_the_right_order(cases):
    y, p = columns(cases)
    assert roc_auc(y, p) == pytest.approx(roc_auc_by_pairs(y, p), abs=1e-12)


@settings(deadline=None)
@given(CASES)
def test_average_precision_is_the_sum_of_precision_over_steps_in_recall(cases):
    y, p = columns(cases)
    assert average_precision(y, p) == pytest.approx(average_precision_by_steps(y, p), abs=1e-12)


def test_roc_auc_is_mann_whitneys_u_over_the_number_of_pairs():
    generator = np.random.default_rng(3)
    y = (generator.random(500) < 0.1).astype(float)
    p = np.round(generator.normal(y), 1)
    u = mannwhitneyu(p[y == 1], p[y == 0]).statistic
    assert roc_auc(y, p) == pytest.approx(u / (y.sum() * (500 - y.sum())), abs=1e-12)


@pytest.mark.parametrize("y", [[], [0, 0, 0], [1, 1, 1], [NAN, NAN, NAN], [1, NAN, 1], [0, NAN, 0]])
@pytest.mark.parametrize("metric", [roc_auc, average_precision, roc_points])
def test_without_positives_or_negatives_nothing_is_estimable(metric, y):
    assert metric(y, [0.1, 0.2, 0.3][: len(y)]) is None


def test_unknown_labels_change_nothing():
    y, p = [1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.2]
    masked_y, masked_p = [NAN, *y, NAN], [0.99, *p, 0.0]
    assert roc_auc(masked_y, masked_p) == roc_auc(y, p)
    assert average_precision(masked_y, masked_p) == average_precision(y, p)


def test_one_score_for_all_is_chance():
    assert roc_auc([1, 0, 0, 0], [0.3] * 4) == 0.5
    assert average_precision([1, 0, 0, 0], [0.3] * 4) == 0.25


@settings(deadline=None)
@given(CASES)
def test_the_area_under_the_roc_points_is_the_roc_auc(cases):
    y, p = columns(cases)
    points = roc_points(y, p)
    if points is None:
        assert roc_auc(y, p) is None
    else:
        assert (points[0][0], points[1][0], points[0][-1], points[1][-1]) == (0, 0, 1, 1)
        assert auc(*points) == pytest.approx(roc_auc(y, p), abs=1e-12)


@pytest.mark.parametrize("metric", [roc_auc, average_precision, roc_points])
class TestRefused:
    @pytest.mark.parametrize("label", [-1, 0.5, 2, np.inf])
    def test_a_label_that_is_neither_1_nor_0_nor_unknown(self, metric, label):
        with pytest.raises(DataError, match=r"1, 0 or NaN.*Received"):
            metric([1, 0, label], [0.1, 0.2, 0.3])

    @pytest.mark.parametrize("score", [NAN, np.inf, -np.inf])
    @pytest.mark.parametrize("label", [1, NAN])
    def test_a_score_that_is_not_finite_even_where_the_label_is_unknown(self, metric, label, score):
        with pytest.raises(NonFiniteLossError, match="1 of 3"):
            metric([1, 0, label], [0.1, 0.2, score])

    @pytest.mark.parametrize("p", [[0.1], [0.1, 0.2, 0.3], [[0.1, 0.2]]])
    def test_another_number_of_scores_than_labels(self, metric, p):
        with pytest.raises(DataError, match="one shape"):
            metric([1, 0], p)


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(0, 1)))
def test_macro_is_the_mean_of_what_is_estimable(values):
    estimable = [value for value in values if value is not None]
    expected = sum(estimable) / len(estimable) if estimable else None
    assert macro(values) == pytest.approx(expected, abs=1e-12)


class TestMacroRocAuc:
    def test_is_the_mean_over_the_labels_that_are_estimable(self):
        targets = np.array([[1, 0, 0], [0, 0, 1], [NAN, 0, 1], [0, 0, 0]])
        scores = np.array([[0.9, 0.1, 0.4], [0.5, 0.2, 0.5], [0.1, 0.3, 0.6], [0.2, 0.4, 0.45]])
        assert macro_roc_auc(targets, scores) == (1 + 1) / 2
        assert macro_roc_auc(targets, -scores) == 0
        assert macro_roc_auc(targets[:, 1:2], scores[:, 1:2]) is None
        assert macro_roc_auc(targets[:0], scores[:0]) is None

    def test_takes_logits_as_well_as_probabilities(self):
        generator = np.random.default_rng(0)
        targets = (generator.random((300, 4)) < 0.2).astype(np.float32)
        logits = generator.normal(targets).astype(np.float32)
        probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
        assert macro_roc_auc(targets, logits) == macro_roc_auc(targets, probabilities)

    def test_refuses_scores_of_a_diverged_network(self):
        with pytest.raises(NonFiniteLossError, match=r"2 of 4.*learning_rate"):
            macro_roc_auc(np.zeros((2, 2)), [[0.1, NAN], [np.inf, 0.2]])

    @pytest.mark.parametrize("shape", [(3, 2), (4, 3), (4,), (2, 4)])
    def test_refuses_another_shape_than_that_of_the_labels(self, shape):
        with pytest.raises(DataError, match=r"labels \(4, 2\)"):
            macro_roc_auc(np.zeros((4, 2)), np.zeros(shape))
