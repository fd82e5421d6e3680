"""Thresholds after Youden, and what they yield."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from tests.evaluation.reference import CASES, SCORES, by_class, columns, youden_index
from xraykit.errors import DataError
from xraykit.evaluation import at_threshold, operating_points, youden_threshold

NAN = np.nan
NOTHING = {"sensitivity": None, "specificity": None, "precision": None, "f1": None}


@settings(deadline=None)
@given(CASES)
def test_no_threshold_has_a_larger_index_and_no_higher_one_an_equal(cases):
    y, p = columns(cases)
    threshold = youden_threshold(y, p)
    positives, negatives = by_class(y, p)
    if not positives or not negatives:
        assert threshold is None
        return
    index = {score: youden_index(y, p, score) for score in {*positives, *negatives}}
    assert threshold == max(score for score in index if index[score] == max(index.values()))


def test_the_threshold_is_a_score_that_was_seen_and_its_case_is_called():
    y, p = [0, 0, 1, 1], np.array([0.1, 0.4, 0.35, 0.8], np.float32)
    threshold = youden_threshold(y, p)
    assert threshold == float(np.float32(0.8))
    assert at_threshold(y, p, threshold)["sensitivity"] == 0.5


def test_a_perfect_order_is_cut_below_the_lowest_positive():
    assert youden_threshold([0, 1, 0, 1, NAN], [0.2, 0.7, 0.3, 0.6, 0.5]) == 0.6


@pytest.mark.parametrize("p", [[0.4, 0.4, 0.4], [0.1, 0.9, 0.9]])
def test_scores_that_tell_nothing_still_give_a_finite_threshold(p):
    assert youden_threshold([1, 0, 0], p) == min(p)


def test_each_label_has_its_own_threshold_under_its_own_name_in_the_given_order():
    y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    p = np.array([[0.9, 0.1, 0.2], [0.2, 0.6, 0.2], [0.1, 0.3, 0.2]])
    assert list(operating_points(y, p, ["b", "a", "c"]).items()) == [("b", 0.9), ("a", 0.6), ("c", None)]
    order = [2, 0, 1]
    assert list(operating_points(y[:, order], p[:, order], ["c", "b", "a"]).items()) == [
        ("c", None),
        ("b", 0.9),
        ("a", 0.6),
    ]


def test_refuses_another_number_of_names_than_columns():
    with pytest.raises(DataError, match=r"\(n, 2\)"):
        operating_points(np.zeros((4, 3)), np.zeros((4, 3)), ["a", "b"])


@settings(deadline=None)
@given(CASES, SCORES)
def test_figures_at_a_threshold_are_those_of_scikit_learn(cases, threshold):
    y, p = columns(cases)
    figures = at_threshold(y, p, threshold)
    known = ~np.isnan(y)
    truth, called = y[known] == 1, p[known] >= threshold
    if truth.all() or not truth.any():
        assert figures == NOTHING
        return
    assert figures["sensitivity"] == pytest.approx(recall_score(truth, called), abs=1e-12)
    assert figures["specificity"] == pytest.approx(recall_score(~truth, ~called), abs=1e-12)
    assert figures["f1"] == pytest.approx(f1_score(truth, called, zero_division=0), abs=1e-12)
    expected = precision_score(truth, called) if called.any() else None
    assert figures["precision"] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(CASES)
def test_figures_at_youdens_threshold_add_up_to_its_index(cases):
    y, p = columns(cases)
    threshold = youden_threshold(y, p)
    figures = at_threshold(y, p, threshold)
    if threshold is not None:
        positives, negatives = by_class(y, p)
        index = youden_index(y, p, threshold) / (len(positives) * len(negatives))
        assert figures["sensitivity"] + figures["specificity"] - 1 == pytest.approx(index, abs=1e-12)
        assert index >= 0


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, NAN])), st.sampled_from([0.5, None]))
def test_a_missing_class_has_no_figures_and_no_default_threshold(y, threshold):
    assert at_threshold(y, [0.7] * len(y), threshold) == NOTHING


def test_no_threshold_gives_no_figures_rather_than_those_at_one_half():
    assert at_threshold([1, 0], [0.9, 0.1], None) == NOTHING


def test_without_a_positive_call_only_precision_is_missing():
    assert at_threshold([1, 0, 0], [0.2, 0.1, 0.3], 0.5) == {
        "sensitivity": 0,
        "specificity": 1,
        "precision": None,
        "f1": 0,
    }
