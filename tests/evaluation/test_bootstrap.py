"""95 % intervals by bootstrap over patients, against copying the cases of each drawn patient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from tests.evaluation.reference import (
    CASES,
    columns,
    expanded_percentiles,
    patients_of_each_class,
    share_interval_by_pairs,
)
from xraykit.errors import DataError
from xraykit.evaluation import bootstrap_intervals, resampling
from xraykit.evaluation.bootstrap import FIGURES, resampled_figures
from xraykit.evaluation.intervals import percentile_interval
from xraykit.evaluation.reliability import brier_interval
from xraykit.evaluation.threshold_figures import SHARES

NAN = np.nan
THRESHOLDS = {"a": 0.5, "b": 0.3, "c": 0.7}
NOTHING = {f"{figure}_interval": None for figure in FIGURES}


def by_scikit_learn(y, p, threshold):
    """``FIGURES`` of one label."""
    called = p >= threshold
    return (
        roc_auc_score(y, p),
        average_precision_score(y, p),
        recall_score(y, called),
        recall_score(1 - y, ~called),
        precision_score(y, called) if called.any() else NAN,
        precision_score(1 - y, ~called) if not called.all() else NAN,
        f1_score(y, called, zero_division=0),
        brier_score_loss(y, p),
    )


def copied(targets, probabilities, patients, thresholds, resamples, seed):
    """``FIGURES`` by scikit-learn on the copied cases ``(figures, L, resamples)``; NaN where not estimable."""
    names = np.unique(patients)
    draws = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
    values = np.full((len(FIGURES), targets.shape[1], resamples), np.nan)
    for resample, drawn in enumerate(draws):
        cases = np.concatenate([np.flatnonzero(patients == names[patient]) for patient in drawn])
        for label, threshold in enumerate(thresholds):
            y, p = targets[cases, label], probabilities[cases, label]
            y, p = y[~np.isnan(y)], p[~np.isnan(y)]
            if 0 < y.sum() < len(y):
                values[:, label, resample] = by_scikit_learn(y, p, threshold)
    return values


def expected_interval(values, patients):
    """By expanded percentiles; None with fewer than two patients."""
    exists = values[~np.isnan(values)]
    if patients < 2 or len(exists) < max(1, len(values) / 2):
        return None
    return expanded_percentiles(exists, patients)


def expected_shares(y, p, patients, threshold):
    """Intervals of the figures that are shares of cases, and of the Brier score, by name."""
    called, cases = p >= threshold, {"sensitivity": y == 1, "specificity": y == 0}
    cases |= {"precision": called & ~np.isnan(y), "npv": ~called & ~np.isnan(y)}
    right = np.where(called, y == 1, y == 0)
    intervals = {name: share_interval_by_pairs(right[of], patients[of]) for name, of in cases.items()}
    either = (y == 1) | (called & (y == 0))
    jaccard = share_interval_by_pairs((called & (y == 1))[either], patients[either])
    brier = brier_interval(y, p, np.unique(patients, return_inverse=True)[1])
    return {**intervals, "f1": jaccard and [2 * end / (1 + end) for end in jaccard], "brier": brier}


def some_cases(seed, cases=60, patients=25, labels=3):
    generator = np.random.default_rng(seed)
    targets = (generator.random((cases, labels)) < [0.4, 0.2, 0.1]).astype(float)
    probabilities = np.round(np.clip(0.3 * targets + 0.7 * generator.random((cases, labels)), 0, 1), 1)
    targets[generator.random((cases, labels)) < 0.1] = np.nan
    return targets, probabilities, generator.integers(0, patients, cases).astype(str)


@pytest.mark.parametrize("seed", range(3))
def test_figures_and_intervals_are_those_of_copied_cases(seed):
    targets, probabilities, patients = some_cases(seed)
    thresholds = list(THRESHOLDS.values())
    expected = copied(targets, probabilities, patients, thresholds, 40, seed)
    codes = resampling.patient_codes(patients, len(patients))
    values = resampled_figures(targets, probabilities, codes, thresholds, 40, seed)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)
    intervals = bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 40, seed, THRESHOLDS)
    numbers = [min(patients_of_each_class(targets[:, label], patients)) for label in range(3)]
    for figure, name in enumerate(FIGURES):
        for label in range(3):
            interval = intervals["labels"]["abc"[label]][f"{name}_interval"]
            shares = expected_shares(targets[:, label], probabilities[:, label], patients, thresholds[label])
            by_resampling = expected_interval(expected[figure, label], numbers[label])
            assert interval == pytest.approx(shares.get(name, by_resampling), abs=1e-12)
        mean = expected_interval(np.nanmean(expected[figure], axis=0), max(numbers))
        assert intervals["macro"][f"{name}_interval"] == pytest.approx(mean, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(CASES.filter(len), st.data())
def test_odd_inputs_are_scored_as_their_copied_cases(cases, data):
    y, p = columns(cases)
    patients = np.array(data.draw(st.lists(st.integers(0, 6), min_size=len(y), max_size=len(y))))
    expected = copied(y[:, None], p[:, None], patients, [0.5], 9, 0)
    codes = resampling.patient_codes(patients, len(y))
    values = resampled_figures(y[:, None], p[:, None], codes, [0.5], 9, 0)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)
    intervals = bootstrap_intervals(y[:, None], p[:, None], patients, ["a"], 9, 0, {"a": 0.5})
    number = min(patients_of_each_class(y, patients))
    shares = expected_shares(y, p, patients, 0.5) if number else dict.fromkeys([*SHARES, "brier"])
    for figure, name in enumerate(FIGURES):
        interval = intervals["labels"]["a"][f"{name}_interval"]
        by_resampling = expected_interval(expected[figure, 0], number)
        assert interval == pytest.approx(shares.get(name, by_resampling), abs=1e-12)
        mean = expected_interval(expected[figure, 0], number)
        assert intervals["macro"][f"{name}_interval"] == pytest.approx(mean, abs=1e-12)


def test_working_in_portions_changes_nothing(monkeypatch):
    arguments = (*some_cases(1), ["a", "b", "c"], 50, 9, THRESHOLDS)
    whole = bootstrap_intervals(*arguments)
    monkeypatch.setattr(resampling, "_CELLS", 25 * 7)
    assert bootstrap_intervals(*arguments) == whole


def test_all_positives_found_is_not_told_as_a_certainty():
    y = np.array([1, 1, 1, 1, *[0] * 40], float)[:, None]
    p = np.linspace(1, 0, 44)[:, None]
    intervals = bootstrap_intervals(y, p, [0, 0, 1, 2, *range(3, 43)], ["a"], 100, 0, {"a": 0.5})["labels"]["a"]
    assert intervals["roc_auc_interval"] == [1, 1]
    worth = 16 / 6  # cases: two, one and one of three patients, had their radiographs all agreed
    assert intervals["sensitivity_interval"] == pytest.approx([0.025 ** (1 / worth), 1])
    assert intervals["npv_interval"] == pytest.approx([0.025 ** (1 / 22), 1])  # 22 of 22 patients
    assert intervals["specificity_interval"][0] < 22 / 40 < intervals["specificity_interval"][1] < 1


def test_the_fewer_patients_have_the_finding_the_further_out_the_percentiles():
    values = np.random.default_rng(0).normal(size=1000)
    widths = [high - low for low, high in (percentile_interval(values, patients) for patients in (3, 10, 30, 10**6))]
    assert widths == sorted(widths, reverse=True)
    assert percentile_interval(values, 10**6) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-3)


def test_a_label_without_a_threshold_has_no_interval_of_what_needs_one():
    targets, probabilities, patients = some_cases(1)
    labels = ["a", "b", "c"]
    with_all = bootstrap_intervals(targets, probabilities, patients, labels, 30, 0, THRESHOLDS)["labels"]
    some = bootstrap_intervals(targets, probabilities, patients, labels, 30, 0, THRESHOLDS | {"b": None})["labels"]
    assert (some["a"], some["c"]) == (with_all["a"], with_all["c"])
    free = {"roc_auc_interval", "average_precision_interval", "brier_interval"}
    assert {name for name, interval in some["b"].items() if interval is not None} == free
    assert (
        bootstrap_intervals(targets, probabilities, patients, labels, 30, 0)["labels"]["a"].keys()
        == with_all["a"].keys()
    )


def test_refuses_thresholds_that_lack_a_label():
    with pytest.raises(DataError, match="Missing: c"):
        bootstrap_intervals(*some_cases(1), ["a", "b", "c"], 5, 0, {"a": 0.5, "b": None})


def test_the_seed_decides():
    targets, probabilities, patients = some_cases(1)
    first, again, other = (
        bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 50, seed) for seed in (4, 4, 5)
    )
    assert first == again != other


def test_the_order_of_the_cases_does_not_matter():
    targets, probabilities, patients = some_cases(2)
    order = np.random.default_rng(0).permutation(len(targets))
    names = ["a", "b", "c"]
    assert bootstrap_intervals(targets[order], probabilities[order], patients[order], names, 50, 1) == (
        bootstrap_intervals(targets, probabilities, patients, names, 50, 1)
    )


def test_many_radiographs_of_few_patients_give_wider_intervals_than_the_radiographs_alone():
    targets, probabilities, patients = (np.repeat(part, 8, axis=0) for part in some_cases(5, patients=10**6))
    own = np.arange(len(patients))

    def width(patients):
        low, high = bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 300, 1)["labels"]["a"][
            "roc_auc_interval"
        ]
        return high - low

    assert width(patients) > 2 * width(own)


@pytest.mark.parametrize("lacking", [[0, 0, 0, 0], [1, 1, 1, 1], [NAN, NAN, NAN, NAN], [1, NAN, NAN, 1]])
def test_a_label_without_both_classes_has_none_and_leaves_the_macro_mean_to_the_others(lacking):
    targets = np.array([lacking, [1, 0, 1, 0]], float).T
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4], [0.9, 0.1, 0.8, 0.2]]).T
    intervals = bootstrap_intervals(targets, probabilities, np.arange(4), ["lacking", "other"], 100, 0)
    assert intervals["labels"]["lacking"] == NOTHING
    assert intervals["labels"]["other"]["roc_auc_interval"] == [1, 1]
    others = intervals["labels"]["other"]
    assert {**intervals["macro"], "brier_interval": None} == {**others, "brier_interval": None}
    assert intervals["macro"]["brier_interval"] == pytest.approx([0.01, 0.04])


def test_no_true_positive_is_not_a_certain_f1_of_0():
    y = np.array([1, 1, 1, *[0] * 9], float)[:, None]
    p = np.array([0, 0, 0, *[1] * 2, *[0] * 7], float)[:, None]
    interval = bootstrap_intervals(y, p, np.arange(12), ["a"], 100, 0, {"a": 0.5})["labels"]["a"]["f1_interval"]
    jaccard = 1 - 0.025 ** (1 / 5)  # none of five
    assert interval == pytest.approx([0, 2 * jaccard / (1 + jaccard)])


def test_the_figures_of_positives_that_are_all_of_one_patient_have_no_interval():
    targets, probabilities = np.array([[1], [1], [0], [0], [0]]), np.array([[0.9], [0.3], [0.4], [0.2], [0.1]])
    intervals = bootstrap_intervals(targets, probabilities, ["p", "p", "q", "r", "s"], ["a"], 200, 0, {"a": 0.3})
    without = {name for name, interval in intervals["labels"]["a"].items() if interval is None}
    assert without == {f"{name}_interval" for name in ("roc_auc", "average_precision", "sensitivity", "brier")}
    assert intervals["macro"] == NOTHING


@pytest.mark.parametrize("cases", [0, 4])
def test_no_resamples_or_no_cases_give_no_intervals(cases):
    y = np.array([[1.0], [0], [1], [0]])[:cases]
    intervals = bootstrap_intervals(y, y, np.arange(cases), ["a"], 0 if cases else 10, 0)
    assert intervals == {"macro": NOTHING, "labels": {"a": NOTHING}}


def test_labels_keep_their_order():
    intervals = bootstrap_intervals(*some_cases(0), ["z", "m", "a"], 5, 0)
    assert list(intervals["labels"]) == ["z", "m", "a"]


@pytest.mark.parametrize("patients", [["p"], ["p", "q", "r"], [["p", "q"]]])
def test_refuses_cases_without_their_patient(patients):
    with pytest.raises(DataError, match=r"\(2,\).*Received"):
        bootstrap_intervals([[1], [0]], [[0.1], [0.2]], patients, ["a"], 5, 0)
