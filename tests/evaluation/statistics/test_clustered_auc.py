"""ROC AUC by patient: against all pairs of radiographs, one patient at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from tests.evaluation.reference import SCORES, columns, delong_by_pairs, roc_auc_by_pairs
from xraykit.evaluation.statistics.clustered_auc import (
    class_counts,
    clustered_auc,
    correlation,
    covariance,
    difference_variance,
    variance,
)
from xraykit.evaluation.statistics.intervals import Estimated
from xraykit.evaluation.statistics.roc_auc_intervals import (
    difference_interval,
    difference_p_value,
    roc_auc_difference_interval,
    roc_auc_interval,
)

CASES = st.lists(st.tuples(st.sampled_from([0.0, 1.0, np.nan]), SCORES, SCORES, st.integers(0, 7)), max_size=40)


def obuchowski(y, scores, patients):
    """ROC AUCs and their covariance matrix by the formulas of 1997, from all pairs, patient by patient."""
    positives, negatives = (np.flatnonzero(y == label) for label in (1, 0))
    wins = [(s[positives][:, None] > s[negatives]) + 0.5 * (s[positives][:, None] == s[negatives]) for s in scores]
    everyone = sorted(set(patients.tolist()))
    have = {label: [one for one in everyone if one in patients[y == label]] for label in (1, 0)}

    def sums(model, label):
        components = wins[model].mean(axis=1 if label else 0) - wins[model].mean()
        cases = positives if label else negatives
        return [sum(components[patients[cases] == one]) for one in everyone]

    matrix = np.empty((len(scores), len(scores)))
    of, number = {1: len(positives), 0: len(negatives)}, {label: len(have[label]) for label in (1, 0)}
    for a in range(len(scores)):
        for b in range(len(scores)):
            own = [number[c] / (number[c] - 1) * np.dot(sums(a, c), sums(b, c)) / of[c] ** 2 for c in (1, 0)]
            mixed = np.dot(sums(a, 1), sums(b, 0)) + np.dot(sums(a, 0), sums(b, 1))
            matrix[a, b] = sum(own) + len(everyone) / (len(everyone) - 1) * mixed / of[1] / of[0]
    return [float(each.mean()) for each in wins], matrix


@settings(deadline=None)
@given(CASES)
def test_variance_and_covariance_are_those_of_all_pairs_by_patient(cases):
    y, first = columns([case[:2] for case in cases])
    second, patients = np.array([case[2] for case in cases], float), np.array([case[3] for case in cases], int)
    codes = np.unique(patients, return_inverse=True)[1].astype(np.intp)
    one, two = clustered_auc(y, first, codes), clustered_auc(y, second, codes)
    if roc_auc_by_pairs(y, first) is None:
        assert one is two is None
        assert roc_auc_interval(y, first, codes) == Estimated(None, "not_estimable")
        return
    assert one.auc == pytest.approx(roc_auc_by_pairs(y, first), abs=1e-12)
    if min(len(set(patients[y == label])) for label in (0, 1)) < 2:
        assert variance(one) is covariance(one, two) is difference_variance(one, two) is None
        assert roc_auc_interval(y, first, codes) == Estimated(None, "few_patients")
        return
    # Whoever has no known label belongs to no class, so that the number of all patients may differ.
    known = ~np.isnan(y)
    codes = np.unique(patients[known], return_inverse=True)[1].astype(np.intp)
    one, two = clustered_auc(y[known], first[known], codes), clustered_auc(y[known], second[known], codes)
    _, matrix = obuchowski(y[known], [first[known], second[known]], patients[known])
    assert variance(one) == pytest.approx(max(0, matrix[0, 0]), abs=1e-12)
    assert covariance(one, two) == pytest.approx(matrix[0, 1], abs=1e-12)
    expected = max(0, matrix[0, 0]) + max(0, matrix[1, 1]) - 2 * matrix[0, 1]
    assert difference_variance(one, two) == pytest.approx(max(0, expected), abs=1e-12)
    assert -1 <= correlation(one, two) <= 1


@settings(deadline=None)
@given(CASES)
def test_intervals_lie_within_bounds_and_hold_the_estimate(cases):
    y, first = columns([case[:2] for case in cases])
    second, patients = np.array([case[2] for case in cases], float), np.array([case[3] for case in cases], np.intp)
    if not len(y):
        return
    interval, reason = roc_auc_interval(y, first, patients)
    assert (interval is None) == (reason is not None)
    if interval is None:
        return
    auc = roc_auc_by_pairs(y, first)
    assert 0 <= interval[0] <= auc + 1e-12
    assert auc - 1e-12 <= interval[1] <= 1
    assert interval[1] - interval[0] > 0.01
    gap = roc_auc_difference_interval((y, first), (y, second), patients).interval
    difference = roc_auc_by_pairs(y, second) - auc
    assert -1 <= gap[0] <= difference + 1e-12
    assert difference - 1e-12 <= gap[1] <= 1


def test_with_one_radiograph_per_patient_it_is_delongs_variance():
    generator = np.random.default_rng(0)
    y = (generator.random(60) < 0.3).astype(float)
    p = np.round(generator.normal(y), 1)
    estimate = clustered_auc(y, p, np.arange(60))
    assert variance(estimate) == pytest.approx(delong_by_pairs(y, p)[1][0, 0], abs=1e-12)


def test_unknown_labels_change_neither_components_nor_counts():
    y, p, codes = np.array([1.0, 0, 1, 0, 0]), np.array([0.9, 0.8, 0.7, 0.2, 0.2]), np.array([0, 1, 2, 2, 3])
    with_unknown = clustered_auc(np.append(y, np.nan), np.append(p, 0.99), np.append(codes, 3))
    assert variance(with_unknown) == variance(clustered_auc(y, p, codes))
    assert (with_unknown.positives.patients, with_unknown.negatives.patients) == (2, 3)


def test_effective_patients_are_fewer_where_one_has_most_of_the_radiographs():
    assert class_counts(np.array([4, 4, 7, 7]), 9).effective_patients == 2
    assert class_counts(np.array([0] * 18 + [1, 2]), 3).effective_patients == pytest.approx(400 / 326)
    assert class_counts(np.array([], int), 0).patients == 0


def separated(patients, radiographs=1, negatives=100):
    """Labels, scores and patients: all positives above all negatives."""
    codes = np.concatenate([np.repeat(np.arange(patients), radiographs), patients + np.arange(negatives)])
    y = np.concatenate([np.ones(patients * radiographs), np.zeros(negatives)])
    return y, y + np.linspace(0, 0.5, len(y)), codes


class TestPerfectSeparation:
    @pytest.mark.parametrize("patients", [2, 3, 5, 10, 40])
    def test_is_no_certainty_and_the_less_the_fewer_patients(self, patients):
        low, high = roc_auc_interval(*separated(patients)).interval
        wider = roc_auc_interval(*separated(patients - 1)).interval if patients > 2 else [0, 1]
        assert wider[0] < low < 1 == high

    def test_counts_patients_and_not_their_radiographs(self):
        assert roc_auc_interval(*separated(4, radiographs=6)) == roc_auc_interval(*separated(4))

    def test_the_limit_solves_newcombes_equation(self):
        low = roc_auc_interval(*separated(5)).interval[0]
        weight = (5 + 100) / 2 - 1
        spread = low * (1 - low) * (1 + weight * (1 - low) / (2 - low) + weight * low / (1 + low)) / (5 * 100)
        assert (1 - low) / math.sqrt(spread) == pytest.approx(1.959964, abs=1e-5)

    def test_the_other_way_round_is_its_mirror(self):
        y, p, codes = separated(5)
        low, high = roc_auc_interval(y, p, codes).interval
        assert roc_auc_interval(y, -p, codes).interval == pytest.approx([1 - high, 1 - low], abs=1e-9)

    def test_two_separated_models_do_not_differ_for_certain(self):
        y, p, codes = separated(5)
        below, above = roc_auc_difference_interval((y, p), (y, p + 0.3 * (p < 0.2)), codes).interval
        assert below < -0.1
        assert above > 0.1


def test_the_limits_by_t_are_those_of_the_logit_scale():
    generator = np.random.default_rng(2)
    y = (generator.random(400) < 0.3).astype(float)
    p = generator.normal(0.6 * y)
    patients = np.arange(400)
    estimate = clustered_auc(y, p, patients)
    degrees, auc = min(sum(y == 1), sum(y == 0)) - 1, estimate.auc
    half = t(degrees).ppf(0.975) * math.sqrt(variance(estimate)) / auc / (1 - auc)
    expected = [1 / (1 + math.exp(-(math.log(auc / (1 - auc)) + sign * half))) for sign in (-1, 1)]
    low, high = roc_auc_interval(y, p, patients).interval
    assert low <= expected[0] + 1e-12
    assert high >= expected[1] - 1e-12
    assert high - low < 1.05 * (expected[1] - expected[0])


class TestDifference:
    def test_of_a_model_and_itself_is_nothing(self):
        generator = np.random.default_rng(1)
        y = (generator.random(80) < 0.3).astype(float)
        p, codes = generator.normal(y), generator.integers(0, 30, 80)
        estimate = clustered_auc(y, p, codes)
        assert difference_interval(estimate, estimate).interval == [0, 0]
        assert difference_p_value(estimate, estimate) == 1

    def test_swapping_the_two_turns_it_round(self):
        generator = np.random.default_rng(3)
        y = (generator.random(80) < 0.3).astype(float)
        first, second, codes = generator.normal(y), generator.normal(2 * y), generator.integers(0, 30, 80)
        low, high = roc_auc_difference_interval((y, first), (y, second), codes).interval
        assert roc_auc_difference_interval((y, second), (y, first), codes).interval == pytest.approx([-high, -low])

    def test_of_disjoint_groups_of_other_patients_combines_their_own_limits(self):
        generator = np.random.default_rng(4)
        y = (generator.random(200) < 0.3).astype(float)
        p, codes, group = generator.normal(y), np.arange(200), np.arange(200) < 90
        ours, others = np.where(group, y, np.nan), np.where(group, np.nan, y)
        (low_1, high_1), (low_2, high_2) = (roc_auc_interval(each, p, codes).interval for each in (others, ours))
        auc_1, auc_2 = roc_auc_by_pairs(others, p), roc_auc_by_pairs(ours, p)
        expected = [
            auc_2 - auc_1 - math.hypot(auc_2 - low_2, high_1 - auc_1),
            auc_2 - auc_1 + math.hypot(high_2 - auc_2, auc_1 - low_1),
        ]
        assert roc_auc_difference_interval((others, p), (ours, p), codes).interval == pytest.approx(expected)

    def test_has_a_reason_where_it_has_no_interval(self):
        y, p, codes = separated(3)
        one = np.where(codes == 1, np.nan, np.where(codes == 2, np.nan, y))
        assert roc_auc_difference_interval((y, p), (one, p), codes) == Estimated(None, "few_patients")
        assert roc_auc_difference_interval((y * 0, p), (y, p), codes) == Estimated(None, "not_estimable")

    def test_the_p_value_is_students_over_patients(self):
        generator = np.random.default_rng(5)
        y, codes = (generator.random(90) < 0.4).astype(float), np.repeat(np.arange(45), 2)
        first, second = generator.normal(y), generator.normal(2 * y)
        one, two = clustered_auc(y, first, codes), clustered_auc(y, second, codes)
        _, matrix = obuchowski(y, [first, second], codes)
        error = math.sqrt(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
        times = [np.unique(codes[y == label], return_counts=True)[1] for label in (0, 1)]
        degrees = min(each.sum() ** 2 / (each**2).sum() for each in times) - 1
        expected = 2 * t(degrees).sf(abs(two.auc - one.auc) / error)
        assert difference_p_value(one, two) == pytest.approx(expected, rel=1e-9)


def test_few_positive_patients_with_alike_radiographs_are_covered():
    """A bootstrap interval holds 80 to 90 % of the time here."""
    held, repetitions = 0, 150
    for seed in range(repetitions):
        generator = np.random.default_rng(seed)
        codes = np.repeat(np.arange(64), 3)
        y = (codes < 4).astype(float)
        effect = generator.normal(size=64)[codes]
        p = math.sqrt(0.9) * effect + math.sqrt(0.1) * generator.normal(size=len(y)) + 1.812 * y
        low, high = roc_auc_interval(y, p, codes).interval
        held += low <= 0.9 <= high
    assert held / repetitions > 0.93
