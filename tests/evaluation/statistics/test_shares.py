"""Intervals of shares by patient: against statsmodels, exact enumeration, all pairs of cases, and a simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.proportion import proportion_confint

from tests.evaluation.reference import share_interval_by_pairs
from xraykit.evaluation.statistics.shares import share_interval, share_of

CLUSTERED = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=30)


def interval_of(hits, patients, level=0.95):
    codes = np.unique(patients, return_inverse=True)[1]
    return share_interval(np.asarray(hits), np.ones(len(codes), bool), codes, level)


@given(st.integers(2, 200), st.data(), st.sampled_from([0.9, 0.95, 0.999]))
def test_with_one_radiograph_each_it_is_that_of_clopper_and_pearson(patients, data, level):
    found = data.draw(st.integers(0, patients))
    expected = proportion_confint(found, patients, 1 - level, method="beta")
    assert interval_of(np.arange(patients) < found, np.arange(patients), level) == pytest.approx(expected, abs=1e-9)


@given(CLUSTERED, st.sampled_from([0.95, 0.99]))
def test_with_several_it_follows_from_all_pairs_of_the_same_patient(cases, level):
    hits, patients = np.array(cases).T
    assert interval_of(hits, patients, level) == pytest.approx(share_interval_by_pairs(hits, patients, level))


@given(CLUSTERED)
def test_it_holds_the_share_and_lies_within_0_and_1(cases):
    hits, patients = np.array(cases).T
    interval = interval_of(hits, patients)
    if interval is None:
        assert len(set(patients.tolist())) == 1
    else:
        assert 0 <= interval[0] <= hits.mean() <= interval[1] <= 1


@given(CLUSTERED, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_cases_nor_what_is_called_a_hit_matters(cases, random):
    hits, patients = np.array(cases).T
    interval = interval_of(hits, patients)
    random.shuffle(cases)
    shuffled, of = np.array(cases).T
    assert interval_of(shuffled, of) == pytest.approx(interval)
    assert interval_of(1 - hits, patients) == pytest.approx(interval and [1 - interval[1], 1 - interval[0]])


def test_radiographs_that_always_agree_count_as_one():
    hits, patients = np.repeat([1, 1, 0, 1, 0, 1], 4), np.repeat(np.arange(6), 4)
    once = interval_of([1, 1, 0, 1, 0, 1], np.arange(6))
    assert interval_of(hits, patients) == pytest.approx(once, abs=0.01)
    assert interval_of(np.ones(24), patients) == pytest.approx(proportion_confint(6, 6, method="beta"))


def test_cases_that_do_not_count_change_nothing():
    hits, patients = np.array([1, 0, 1, 0, 1]), np.array([0, 0, 1, 2, 2])
    counts = np.array([True, True, True, False, False])
    codes = np.array([0, 0, 1])
    assert share_interval(hits * counts, counts, patients) == share_interval(hits[:3], np.ones(3), codes)


def test_nothing_that_counts_has_no_share():
    assert share_of(np.zeros(3), np.zeros(3), np.arange(3)) is None
    assert share_interval(np.zeros(0), np.zeros(0), np.zeros(0, np.intp)) is None


@pytest.mark.parametrize("patients", [2, 3, 5, 10, 20, 50])
def test_it_holds_the_truth_in_95_percent_of_all_outcomes(patients):
    """Exact: each number of hits with its chance. Wilson's interval has 86 % at 3 patients and a share of 0.95."""
    intervals = [interval_of(np.arange(patients) < found, np.arange(patients)) for found in range(patients + 1)]
    for truth in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.999):
        chances = binom.pmf(np.arange(patients + 1), patients, truth)
        held = sum(chance for chance, (low, high) in zip(chances, intervals, strict=True) if low <= truth <= high)
        assert held >= 0.95


@pytest.mark.parametrize(("patients", "truth"), [(4, 0.5), (10, 0.7), (20, 0.9), (50, 0.95)])
@pytest.mark.parametrize("alike", [0, 0.9])
def test_it_holds_the_truth_with_several_radiographs_of_a_patient(patients, truth, alike):
    generator = np.random.default_rng(int(100 * truth))
    held, repetitions = 0, 400
    for _ in range(repetitions):
        codes = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
        scores = np.sqrt(alike) * generator.normal(size=patients)[codes]
        scores += np.sqrt(1 - alike) * generator.normal(size=len(codes))
        low, high = share_interval(scores < norm.ppf(truth), np.ones(len(codes), bool), codes)
        held += low <= truth <= high
    assert held / repetitions >= 0.93
