"""Cohen's kappa, against scikit-learn and statsmodels, and its interval over patients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.errors import DataError
from xraykit.evaluation import cohens_kappa

readings = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 8)), min_size=1, max_size=60)


def made_up(cases=200, seed=0, right=0.85):
    random = np.random.default_rng(seed)
    first = random.integers(0, 2, cases)
    return first, np.where(random.random(cases) < right, first, 1 - first)


def test_it_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    for seed in range(20):
        first, second = made_up(50, seed)
        assert cohens_kappa(first, second, np.arange(50)).kappa == pytest.approx(cohen_kappa_score(first, second))


def test_with_one_radiograph_of_each_patient_the_error_is_that_of_fleiss_cohen_and_everitt():
    statsmodels = pytest.importorskip("statsmodels.stats.inter_rater")
    for seed in range(20):
        first, second = made_up(80, seed, right=0.7 + seed / 100)
        found = cohens_kappa(first, second, np.arange(80))
        table = [[found.both, found.first_only], [found.second_only, found.neither]]
        known = statsmodels.cohens_kappa(np.array(table))
        assert found.kappa == pytest.approx(known.kappa)
        assert found.standard_error == pytest.approx(known.std_kappa * math.sqrt(80 / 79))


@given(readings)
def test_whatever_is_read(cases):
    first, second, patients = (np.array(each) for each in zip(*cases, strict=True))
    found = cohens_kappa(first, second, patients)
    assert found.both + found.first_only + found.second_only + found.neither == found.cases == len(cases)
    assert found.patients == len(set(patients))
    turned = cohens_kappa(second, first, patients)
    if found.kappa is None:
        assert found.around.reason == "not_estimable"
        assert turned.kappa is None
        return
    assert -1 <= found.kappa <= 1
    assert found.kappa == pytest.approx(turned.kappa)
    # Present and absent can be exchanged.
    assert found.kappa == pytest.approx(cohens_kappa(~first, ~second, patients).kappa)
    if found.around.interval:
        low, high = found.around.interval
        assert -1 <= low <= found.kappa <= high <= 1
    else:
        assert found.around.reason in ("few_patients", "no_variation")


def test_copies_of_radiographs_of_the_same_patients_add_nothing():
    first, second = made_up(60)
    once = cohens_kappa(first, second, np.arange(60))
    thrice = cohens_kappa(np.tile(first, 3), np.tile(second, 3), np.tile(np.arange(60), 3))
    assert thrice.around.interval == pytest.approx(once.around.interval)


def test_the_interval_holds_for_clustered_readings_where_two_standard_errors_do_not():
    random = np.random.default_rng(1)

    def draw(patients, each):
        present = random.random(patients) < 0.1
        right = np.clip(random.normal(0.9, 0.1, patients), 0, 1)
        first = np.where(random.random((each, patients)) < 0.9, present, ~present)
        second = np.where(random.random((each, patients)) < right, first, ~first)
        return first.T.ravel(), second.T.ravel(), np.repeat(np.arange(patients), each)

    truth = cohens_kappa(*draw(100_000, 3)).kappa
    found = [cohens_kappa(*draw(20, 3)) for _ in range(600)]
    with_interval = [each for each in found if each.around.interval]
    assert len(with_interval) > 550
    held = np.mean([each.around.interval[0] <= truth <= each.around.interval[1] for each in with_interval])
    wald = np.mean([abs(each.kappa - truth) <= 1.96 * each.standard_error for each in with_interval])
    assert held >= 0.93 > wald


def test_why_there_is_no_interval():
    ones = np.ones(20)
    assert cohens_kappa(ones, ones, np.arange(20)).around.reason == "not_estimable"
    assert cohens_kappa([], [], []).kappa is None
    first, second = made_up(20)
    assert cohens_kappa(first, second, np.arange(20) % 9).around.reason == "few_patients"
    same = cohens_kappa(first, first, np.arange(20))
    assert (same.kappa, same.around.reason) == (1, "no_variation")


def test_what_is_no_reading_is_refused():
    with pytest.raises(DataError, match="each 1 or 0"):
        cohens_kappa([1, 0.5], [1, 0], ["a", "b"])
    with pytest.raises(DataError, match="the same cases"):
        cohens_kappa([1, 0, 1], [1, 0], ["a", "b"])
