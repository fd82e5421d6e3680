"""Brier score, reliability curve and ECE, against scikit-learn, SciPy and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from tests.evaluation.reference import CASES, columns
from xraykit.errors import DataError
from xraykit.evaluation import (
    brier_score,
    chance_calibration_error,
    expected_calibration_error,
    reliability_curve,
    wilson_interval,
)

NAN = np.nan


def estimable(y):
    return {0.0, 1.0} <= set(np.asarray(y, float).tolist())


def binned(y, p, bins):
    """``(label, probability)`` of the known cases of each bin that has any, by a plain loop."""
    known = sorted((score, label) for label, score in zip(y.tolist(), p.tolist(), strict=True) if label in (0, 1))
    members = {}
    for score, label in known:
        lowest = sum(other < score for other, _ in known)
        members.setdefault(lowest * bins // len(known), []).append((label, score))
    return [members[number] for number in sorted(members)]


@settings(deadline=None)
@given(CASES)
def test_brier_score_is_that_of_scikit_learn(cases):
    y, p = columns(cases)
    known = ~np.isnan(y)
    expected = brier_score_loss(y[known], p[known]) if estimable(y) else None
    assert brier_score(y, p) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(CASES, st.integers(1, 12))
def test_curve_and_error_are_those_of_a_plain_loop(cases, bins):
    y, p = columns(cases)
    curve = reliability_curve(y, p, bins)
    if not estimable(y):
        assert curve is expected_calibration_error(y, p, bins) is chance_calibration_error(y, p, bins) is None
        return
    expected, ece, chance = binned(y, p, bins), 0, 0
    assert len(curve) == len(expected)
    for point, members in zip(curve, expected, strict=True):
        positives, probability = sum(label for label, _ in members), sum(score for _, score in members)
        assert (point["cases"], point["positives"]) == (len(members), positives)
        assert point["share"] == pytest.approx(positives / len(members), abs=1e-12)
        assert point["probability"] == pytest.approx(probability / len(members), abs=1e-12)
        assert point["interval"] == wilson_interval(point["positives"], point["cases"])
        ece += abs(positives - probability)
        chance += math.sqrt(2 / math.pi * sum(score * (1 - score) for _, score in members))
    cases = sum(map(len, expected))
    assert expected_calibration_error(y, p, bins) == pytest.approx(ece / cases, abs=1e-12)
    assert chance_calibration_error(y, p, bins) == pytest.approx(chance / cases, abs=1e-12)


def test_without_ties_the_curve_is_scikit_learns_by_quantile():
    generator = np.random.default_rng(0)
    p = generator.permutation(np.linspace(0.01, 0.99, 1000))
    y = (generator.random(1000) < p).astype(float)
    shares, means = calibration_curve(y, p, n_bins=10, strategy="quantile")
    curve = reliability_curve(y, p)
    assert [point["cases"] for point in curve] == [100] * 10
    assert [point["share"] for point in curve] == pytest.approx(shares.tolist(), abs=1e-12)
    assert [point["probability"] for point in curve] == pytest.approx(means.tolist(), abs=1e-12)


def test_the_order_of_the_cases_does_not_matter_even_with_ties():
    generator = np.random.default_rng(1)
    p = np.round(generator.random(200), 1)
    y = (generator.random(200) < p).astype(float)
    order = generator.permutation(200)
    there, back = reliability_curve(y, p), reliability_curve(y[order], p[order])
    assert [point["positives"] for point in there] == [point["positives"] for point in back]


def test_the_error_by_chance_is_what_right_probabilities_show():
    generator = np.random.default_rng(2)
    p = generator.beta(1, 5, 2000)
    errors = [expected_calibration_error(generator.random(2000) < p, p) for _ in range(200)]
    assert np.mean(errors) == pytest.approx(chance_calibration_error(generator.random(2000) < p, p), rel=0.05)


def test_one_probability_for_all_is_one_bin():
    curve = reliability_curve([1, 0, 0, 0], [0.3] * 4)
    assert [(point["cases"], point["positives"]) for point in curve] == [(4, 1)]
    assert expected_calibration_error([1, 0, 0, 0], [0.3] * 4) == pytest.approx(0.05)


@pytest.mark.parametrize("cases", [1, 7, 400])
@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_wilsons_interval_is_that_of_scipy(cases, share):
    successes = round(share * cases)
    expected = binomtest(successes, cases).proportion_ci(method="wilson")
    assert wilson_interval(successes, cases) == pytest.approx(list(expected), abs=1e-12)
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize("figure", [reliability_curve, expected_calibration_error, chance_calibration_error])
def test_refuses_no_bins(figure):
    with pytest.raises(DataError, match=r"at least one bin.*0"):
        figure([1, 0], [0.2, 0.1], 0)
