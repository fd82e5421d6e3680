"""DeLong's variance and comparison, against all pairs and against SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tests.evaluation.reference import CASES, SCORES, by_class, columns, delong_by_pairs
from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import delong_comparison, delong_interval, delong_variance, roc_auc

NAN = np.nan


def too_few(y, p):
    return min(len(scores) for scores in by_class(y, p)) < 2


@settings(deadline=None)
@given(CASES)
def test_variance_and_interval_are_those_of_all_pairs(cases):
    y, p = columns(cases)
    if too_few(y, p):
        assert delong_variance(y, p) is delong_interval(y, p) is None
        return
    aucs, covariance = delong_by_pairs(y, p)
    assert delong_variance(y, p) == pytest.approx(covariance[0, 0], abs=1e-12)
    half = norm.ppf(0.975) * math.sqrt(covariance[0, 0])
    expected = [max(0, aucs[0] - half), min(1, aucs[0] + half)]
    # The root makes a rounding of 1e-16 in a variance of 0 one of 1e-8.
    assert delong_interval(y, p) == pytest.approx(expected, abs=1e-7)


@pytest.mark.slow
@settings(deadline=None)
@given(CASES, st.data())
def test_comparison_is_that_of_all_pairs(cases, data):
    y, first = columns(cases)
    second = np.array(data.draw(st.lists(SCORES, min_size=len(y), max_size=len(y))), float)
    compared = delong_comparison(y, first, second)
    if too_few(y, first):
        assert compared is None
        return
    _, covariance = delong_by_pairs(y, np.stack([first, second]))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert compared.difference == pytest.approx(roc_auc(y, second) - roc_auc(y, first), abs=1e-12)
    assert compared.standard_error**2 == pytest.approx(variance, abs=1e-12)
    if variance > 1e-9:
        z = compared.difference / math.sqrt(variance)
        assert compared.p_value == pytest.approx(2 * norm.sf(abs(z)), abs=1e-9)
        half = norm.ppf(0.975) * math.sqrt(variance)
        assert compared.interval == pytest.approx([compared.difference - half, compared.difference + half])


def test_swapping_the_models_turns_the_difference_round():
    generator = np.random.default_rng(0)
    y = (generator.random(200) < 0.2).astype(float)
    first, second = generator.normal(y), generator.normal(2 * y)
    there, back = delong_comparison(y, first, second), delong_comparison(y, second, first)
    assert there.difference == -back.difference > 0
    assert (there.standard_error, there.p_value) == (back.standard_error, back.p_value)


def test_the_same_order_twice_is_no_difference():
    y, p = [0, 1, 0, 1, 1], np.array([0.1, 0.2, 0.3, 0.4, 0.3])
    compared = delong_comparison(y, p, np.exp(p))
    assert (compared.difference, compared.standard_error, compared.p_value) == (0, 0, 1)


def test_a_difference_that_does_not_vary_has_no_p_value():
    compared = delong_comparison([0, 0, 1, 1], [0.5] * 4, [0.1, 0.2, 0.8, 0.9])
    assert (compared.difference, compared.standard_error, compared.p_value) == (0.5, 0, None)


def test_a_label_that_is_separated_without_a_fault_gets_one_to_one():
    assert delong_interval([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]) == [1, 1]


def test_unknown_labels_change_nothing():
    y, p = [1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.2]
    assert delong_variance([NAN, *y], [0.99, *p]) == delong_variance(y, p)
    assert delong_comparison([NAN, *y], [0.99, *p], [0.1, *p[::-1]]) == delong_comparison(y, p, p[::-1])


def test_refuses_what_the_other_metrics_refuse():
    with pytest.raises(NonFiniteLossError, match="1 of 2"):
        delong_comparison([1, 0], [0.1, 0.2], [0.1, NAN])
    with pytest.raises(DataError, match="one shape"):
        delong_variance([1, 0], [0.1])
