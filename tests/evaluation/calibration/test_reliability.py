"""Brier score, reliability curve and ECE, against scikit-learn, SciPy and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest, norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from statsmodels.stats.proportion import proportion_confint

from tests.evaluation.reference import CASES, columns, share_interval_by_pairs
from xraykit.errors import DataError
from xraykit.evaluation import (
    brier_score,
    calibration_by_chance,
    expected_calibration_error,
    reliability_curve,
    wilson_interval,
)
from xraykit.evaluation.calibration.reliability import bin_numbers, brier_interval

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
        assert curve is expected_calibration_error(y, p, bins) is calibration_by_chance(y, p, bins) is None
        return
    expected, ece, chance = binned(y, p, bins), 0, 0
    assert len(curve) == len(expected)
    for point, members in zip(curve, expected, strict=True):
        positives, probability = sum(label for label, _ in members), sum(score for _, score in members)
        assert (point["cases"], point["positives"]) == (len(members), positives)
        assert point["share"] == pytest.approx(positives / len(members), abs=1e-12)
        assert point["probability"] == pytest.approx(probability / len(members), abs=1e-12)
        exact = proportion_confint(point["positives"], point["cases"], method="beta") if len(members) > 1 else None
        assert point["interval"] == (exact and pytest.approx(exact))
        ece += abs(positives - probability)
        chance += math.sqrt(2 / math.pi * sum(score * (1 - score) for _, score in members))
    cases = sum(map(len, expected))
    assert expected_calibration_error(y, p, bins) == pytest.approx(ece / cases, abs=1e-12)
    assert calibration_by_chance(y, p, bins).mean == pytest.approx(chance / cases, abs=1e-9)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.50001, 0.9, 1.0]) | st.floats(0, 1)), st.integers(1, 12))
def test_the_bin_of_a_case_is_that_of_how_many_cases_are_lower(probabilities, bins):
    p = np.array(probabilities, float)
    lower = np.array([np.sum(p < each) for each in p], int)
    np.testing.assert_array_equal(bin_numbers(p, bins), lower * bins // max(1, len(p)))


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


def test_intervals_of_the_curve_count_radiographs_of_a_patient_that_agree_once():
    y, p = np.repeat([1, 0, 0, 1, 0, 0, 0, 0], 4), np.repeat(0.3, 32)
    (point,) = reliability_curve(y, p, patients=np.repeat(np.arange(8), 4))
    assert point["interval"] == pytest.approx(share_interval_by_pairs(y, np.repeat(np.arange(8), 4)))
    (alone,) = reliability_curve(y, p)
    assert np.ptp(alone["interval"]) < 0.7 * np.ptp(point["interval"])


class TestByChance:
    def test_is_what_right_probabilities_show(self):
        generator = np.random.default_rng(2)
        p = generator.beta(1, 5, 2000)
        errors = [expected_calibration_error(generator.random(2000) < p, p) for _ in range(200)]
        chance = calibration_by_chance(generator.random(2000) < p, p)
        assert np.mean(errors) == pytest.approx(chance.mean, rel=0.05)
        assert np.quantile(errors, 0.95) == pytest.approx(chance.limit, rel=0.05)

    @pytest.mark.parametrize("shift", [-1, -4])
    @pytest.mark.parametrize("alike", [0, 0.9])
    def test_right_probabilities_seldom_exceed_the_limit(self, shift, alike):
        """Before, the ECE lay outside its own interval in 13 % of such cases."""
        generator, above, repetitions = np.random.default_rng(4), 0, 80
        for _ in range(repetitions):
            patients = np.repeat(np.arange(80), generator.integers(1, 9, 80))
            p = expit(shift + generator.normal(size=80)[patients] + generator.normal(size=len(patients)))
            common, own = generator.normal(size=80)[patients], generator.normal(size=len(patients))
            y = norm.cdf(np.sqrt(alike) * common + np.sqrt(1 - alike) * own) < p
            chance = calibration_by_chance(y, p, patients=patients)
            above += chance is not None and expected_calibration_error(y, p) > chance.limit
        assert above / repetitions <= 0.1

    def test_wrong_probabilities_exceed_it(self):
        generator = np.random.default_rng(5)
        p = generator.beta(1, 3, 600)
        y = generator.random(600) < p / 2
        assert expected_calibration_error(y, p) > calibration_by_chance(y, p).limit

    def test_radiographs_that_go_together_show_more(self):
        generator = np.random.default_rng(6)
        p = np.repeat(generator.beta(1, 3, 100), 5)
        y = np.repeat(generator.random(100), 5) < p
        together = calibration_by_chance(y, p, patients=np.repeat(np.arange(100), 5))
        assert together.limit > 1.5 * calibration_by_chance(y, p).limit


class TestBrierInterval:
    def test_of_a_perfect_score_is_no_certainty(self):
        y = np.array([1.0, 1, 0, 0, 0])
        assert brier_interval(y, y, np.arange(5)) == pytest.approx([0, 1 - 0.025 ** (1 / 5)])

    def test_of_equal_errors_is_no_certainty(self):
        y = np.array([1.0] * 5 + [0.0] * 5)
        low, high = brier_interval(y, np.full(10, 0.5), np.arange(10))
        assert low < 0.2 < 0.3 < high

    def test_with_many_patients_is_that_of_resampled_patients(self):
        generator = np.random.default_rng(7)
        patients = np.repeat(np.arange(1500), 2)
        p = expit(generator.normal(size=3000) + generator.normal(size=1500)[patients])
        y = (generator.random(3000) < p).astype(float)
        errors = ((p - y) ** 2).reshape(1500, 2).mean(axis=1)
        means = [errors[generator.integers(1500, size=1500)].mean() for _ in range(1000)]
        expected = np.quantile(means, [0.025, 0.975])
        assert brier_interval(y, p, patients) == pytest.approx(expected, abs=0.15 * np.ptp(expected))

    @pytest.mark.parametrize("sick", [2, 5, 20])
    def test_it_holds_the_truth_where_few_patients_have_the_finding(self, sick):
        """Of 2 patients nearly separated from the others percentiles of resamples held it in 56 %."""
        generator = np.random.default_rng(8)

        def part():
            patients = np.repeat(np.arange(sick + 60), generator.integers(1, 5, sick + 60))
            y = (patients < sick).astype(float)
            scores = 3 * y + (generator.normal(size=sick + 60)[patients] + generator.normal(size=len(y))) / 2**0.5
            return y, expit(3 * scores - 4.5 + np.log(sick / 60)), patients

        samples = [part() for _ in range(300)]
        total = sum(((y - p) ** 2).sum() for y, p, _ in samples) / sum(len(y) for y, _, _ in samples)
        held = [low <= total <= high for low, high in (brier_interval(*sample) for sample in samples)]
        assert np.mean(held) >= 0.93


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


@pytest.mark.parametrize("metric", [reliability_curve, expected_calibration_error, calibration_by_chance])
def test_refuses_no_bins(metric):
    with pytest.raises(DataError, match=r"at least one bin.*0"):
        metric([1, 0], [0.2, 0.1], 0)
