"""ROC AUC within strata: pairs of one stratum alone, and intervals that hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from xraykit.evaluation.statistics.clustered_auc import clustered_auc
from xraykit.evaluation.statistics.resampling import patient_codes
from xraykit.evaluation.statistics.roc_auc_intervals import difference_interval, interval_of
from xraykit.evaluation.statistics.stratified_auc import stratified_auc


def by_hand(y, p, strata):
    """Share of the pairs of a positive and a negative of one stratum that are ranked rightly; ties count half."""
    right = pairs = 0.0
    for i in np.flatnonzero(y == 1):
        for j in np.flatnonzero((y == 0) & (strata == strata[i])):
            pairs += 1
            right += 1.0 * (p[i] > p[j]) + 0.5 * (p[i] == p[j])
    return right / pairs if pairs else None


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, np.nan]), st.integers(0, 4), st.sampled_from("abc"), st.integers(0, 5)),
        min_size=1,
        max_size=25,
    )
)
def test_it_is_the_share_of_pairs_within_strata_that_are_ranked_rightly(cases):
    y, p, strata, patients = (np.array(column) for column in zip(*cases, strict=True))
    expected = by_hand(y, p, strata)
    found = stratified_auc(y, p, patient_codes(patients, len(y)), strata)
    assert (found is None) == (expected is None)
    if found is not None:
        assert found.auc == pytest.approx(expected)


def test_of_one_stratum_it_is_the_roc_auc_with_all_its_components():
    generator = np.random.default_rng(0)
    y, p, patients = generator.integers(0, 2, 80), generator.normal(size=80), generator.integers(0, 40, 80)
    codes = patient_codes(patients, 80)
    found, plain = stratified_auc(y, p, codes, np.zeros(80)), clustered_auc(y, p, codes)
    assert found.auc == pytest.approx(roc_auc_score(y, p))
    assert interval_of(found).interval == pytest.approx(interval_of(plain).interval)


def simulated(generator, n=150, shift=3.0):
    """Two strata with prevalences 0.2 and 0.5; scores see the finding a little and the stratum well."""
    strata = generator.integers(0, 2, n)
    y = (generator.random(n) < np.where(strata == 1, 0.5, 0.2)).astype(float)
    return y, generator.normal(size=n) + 0.8 * y + shift * strata, strata


@pytest.mark.slow
def test_intervals_contain_the_truth_as_often_as_they_say():
    """The true value within strata is that of normal scores 0.8 apart: 0.714; of the difference, that of many cases."""
    generator = np.random.default_rng(1)
    y, p, strata = simulated(generator, 200_000)
    codes = np.arange(len(y))
    pooled = clustered_auc(y, p, codes).auc
    truth = stratified_auc(y, p, codes, strata).auc
    assert truth == pytest.approx(0.714, abs=0.005)
    inside = {"within": 0, "difference": 0}
    rounds = 400
    for _ in range(rounds):
        y, p, strata = simulated(generator)
        codes = np.arange(len(y))
        within, whole = stratified_auc(y, p, codes, strata), clustered_auc(y, p, codes)
        low, high = interval_of(within).interval
        inside["within"] += low <= truth <= high
        low, high = difference_interval(within, whole).interval
        inside["difference"] += low <= pooled - truth <= high
    assert 0.92 <= inside["within"] / rounds <= 0.995, inside
    assert 0.92 <= inside["difference"] / rounds <= 0.995, inside
