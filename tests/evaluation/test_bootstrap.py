"""95 % intervals by bootstrap over patients, against copying the cases of each drawn patient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.evaluation.reference import CASES, columns
from xraykit.errors import DataError
from xraykit.evaluation import bootstrap, bootstrap_intervals

NAN = np.nan
NOTHING = {"roc_auc_interval": None, "average_precision_interval": None}


def copied(targets, probabilities, patients, resamples, seed):
    """Both figures ``(2, resamples, L)`` by scikit-learn on the copied cases; NaN where not estimable."""
    names = np.unique(patients)
    draws = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
    values = np.full((2, resamples, targets.shape[1]), np.nan)
    for resample, drawn in enumerate(draws):
        cases = np.concatenate([np.flatnonzero(patients == names[patient]) for patient in drawn])
        for label in range(targets.shape[1]):
            y, p = targets[cases, label], probabilities[cases, label]
            y, p = y[~np.isnan(y)], p[~np.isnan(y)]
            if 0 < y.sum() < len(y):
                values[:, resample, label] = roc_auc_score(y, p), average_precision_score(y, p)
    return values


def expected_interval(values):
    exists = values[~np.isnan(values)]
    if len(exists) < len(values) / 2:
        return None
    return np.quantile(exists, [0.025, 0.975]).tolist()


def some_cases(seed, cases=60, patients=25, labels=3):
    generator = np.random.default_rng(seed)
    targets = (generator.random((cases, labels)) < [0.4, 0.2, 0.1]).astype(float)
    probabilities = np.round(np.clip(0.3 * targets + 0.7 * generator.random((cases, labels)), 0, 1), 1)
    targets[generator.random((cases, labels)) < 0.1] = np.nan
    return targets, probabilities, generator.integers(0, patients, cases).astype(str)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_are_those_of_copied_cases(seed):
    targets, probabilities, patients = some_cases(seed)
    values = copied(targets, probabilities, patients, 60, seed)
    intervals = bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 60, seed)
    for label, name in enumerate(["a", "b", "c"]):
        for figure, key in enumerate(["roc_auc_interval", "average_precision_interval"]):
            expected = expected_interval(values[figure, :, label])
            assert intervals["labels"][name][key] == pytest.approx(expected, abs=1e-12)
    for figure, key in enumerate(["roc_auc_interval", "average_precision_interval"]):
        expected = expected_interval(np.nanmean(values[figure], axis=1))
        assert intervals["macro"][key] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(CASES.filter(len), st.data())
def test_intervals_of_odd_inputs_are_those_of_copied_cases(cases, data):
    y, p = columns(cases)
    patients = np.array(data.draw(st.lists(st.integers(0, 6), min_size=len(y), max_size=len(y))))
    intervals = bootstrap_intervals(y[:, None], p[:, None], patients, ["a"], 15, 0)
    if min(len(set(patients[y == 1])), len(set(patients[y == 0]))) < 2:
        assert intervals == {"macro": NOTHING, "labels": {"a": NOTHING}}
        return
    values = copied(y[:, None], p[:, None], patients, 15, 0)
    for figure, key in enumerate(["roc_auc_interval", "average_precision_interval"]):
        expected = expected_interval(values[figure, :, 0])
        assert intervals["labels"]["a"][key] == pytest.approx(expected, abs=1e-12)
        assert intervals["macro"][key] == intervals["labels"]["a"][key]


def test_working_in_portions_changes_nothing(monkeypatch):
    arguments = (*some_cases(1), ["a", "b", "c"], 50, 9)
    whole = bootstrap_intervals(*arguments)
    monkeypatch.setattr(bootstrap, "_CELLS", 60 * 7)
    assert bootstrap_intervals(*arguments) == whole


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
    assert intervals["macro"] == intervals["labels"]["other"]


def test_all_positives_of_one_patient_give_no_interval():
    targets, probabilities = np.array([[1], [1], [0], [0], [0]]), np.array([[0.9], [0.3], [0.4], [0.2], [0.1]])
    intervals = bootstrap_intervals(targets, probabilities, ["p", "p", "q", "r", "s"], ["a"], 200, 0)
    assert intervals == {"macro": NOTHING, "labels": {"a": NOTHING}}


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
