"""95 % intervals by bootstrap over patients, against copying the cases of each drawn patient."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    matthews_corrcoef,
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
from xraykit.evaluation import bootstrap_intervals
from xraykit.evaluation.bootstrap import resampled_metrics
from xraykit.evaluation.calibration.reliability import brier_interval
from xraykit.evaluation.metric_table import averaged
from xraykit.evaluation.statistics import resampling
from xraykit.evaluation.statistics.clustered_auc import clustered_auc, variance
from xraykit.evaluation.statistics.intervals import percentile_interval
from xraykit.evaluation.statistics.roc_auc_intervals import roc_auc_interval

NAN = np.nan
NAMES = [metric.name for metric in averaged()]
AT_THRESHOLD = [metric.name for metric in averaged() if metric.kind == "threshold"]
SHARES = [name for name in AT_THRESHOLD if name != "matthews_correlation"]
WITHOUT_VARIANCE = [name for name in NAMES if name != "roc_auc"]  # only these are computed in each resample
RESAMPLED = ("average_precision", "matthews_correlation")
THRESHOLDS = {"a": 0.5, "b": 0.3, "c": 0.7}


def nothing(reason):
    """No interval of any metric, for one reason."""
    return {f"{name}_interval": None for name in NAMES} | {"no_interval": dict.fromkeys(NAMES, reason)}


def by_scikit_learn(y, p, threshold):
    """All metrics with intervals of one label, by name."""
    called = p >= threshold
    return {
        "roc_auc": roc_auc_score(y, p),
        "average_precision": average_precision_score(y, p),
        "sensitivity": recall_score(y, called),
        "specificity": recall_score(1 - y, ~called),
        "precision": precision_score(y, called) if called.any() else NAN,
        "npv": precision_score(1 - y, ~called) if not called.all() else NAN,
        "f1": f1_score(y, called, zero_division=0),
        "balanced_accuracy": balanced_accuracy_score(y, called),
        "matthews_correlation": matthews_corrcoef(y, called) if 0 < called.sum() < len(y) else NAN,
        "brier": brier_score_loss(y, p),
    }


def copied(targets, probabilities, patients, thresholds, resamples, seed):
    """Metrics by scikit-learn on the copied cases, each ``(L, resamples)``; NaN where not estimable."""
    names = np.unique(patients)
    draws = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
    values = {name: np.full((targets.shape[1], resamples), np.nan) for name in NAMES}
    for resample, drawn in enumerate(draws):
        cases = np.concatenate([np.flatnonzero(patients == names[patient]) for patient in drawn])
        for label, threshold in enumerate(thresholds):
            y, p = targets[cases, label], probabilities[cases, label]
            y, p = y[~np.isnan(y)], p[~np.isnan(y)]
            if 0 < y.sum() < len(y):
                for name, value in by_scikit_learn(y, p, threshold).items():
                    values[name][label, resample] = value
    return values


def expected_interval(value, values, y, patients):
    """Of the average precision: around expanded percentiles and Student's t on the logit scale."""
    values = values[~np.isnan(values)]
    if (number := min(patients_of_each_class(y, patients))) < 10:
        return None
    times = [np.unique(patients[y == label], return_counts=True)[1] for label in (0, 1)]
    degrees = min(each.sum() ** 2 / (each**2).sum() for each in times) - 1
    error = np.std(values) * np.sqrt(number / (number - 1)) / value / (1 - value)
    by_t = expit(logit(value) + np.array([-1, 1]) * t(degrees).ppf(0.975) * error)
    return [f(*pair) for f, pair in zip((min, max), zip(expanded_percentiles(values, number), by_t))]


def expected_shares(y, p, patients, threshold):
    """Intervals of the metrics that are shares of cases, and of the Brier score, by name."""
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_metrics_and_intervals_are_those_of_copied_cases(seed):
    targets, probabilities, patients = some_cases(seed, 90, 40)
    targets[patients > "2", 2] = np.nan
    targets[:4, 2] = 1
    thresholds = list(THRESHOLDS.values())
    expected = copied(targets, probabilities, patients, thresholds, 200, seed)
    codes = resampling.patient_codes(patients, len(patients))
    values = resampled_metrics(targets, probabilities, codes, thresholds, 200, seed)
    assert list(values) == WITHOUT_VARIANCE
    for name in WITHOUT_VARIANCE:
        np.testing.assert_allclose(values[name], expected[name], rtol=0, atol=1e-12)
    intervals = bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 200, seed, THRESHOLDS)
    for label in range(3):
        y, p = targets[:, label], probabilities[:, label]
        known, found = ~np.isnan(y), intervals["labels"]["abc"[label]]
        metrics = by_scikit_learn(y[known], p[known], thresholds[label])
        for name, interval in expected_shares(y, p, patients, thresholds[label]).items():
            assert found[f"{name}_interval"] == pytest.approx(interval, abs=1e-12)
        interval = expected_interval(metrics["average_precision"], expected["average_precision"][label], y, patients)
        assert found["average_precision_interval"] == (interval and pytest.approx(interval, abs=1e-9))
        assert found["roc_auc_interval"] == roc_auc_interval(y, p, codes).interval
    assert min(patients_of_each_class(targets[:, 2], patients)) < 10
    assert intervals["labels"]["c"]["no_interval"] == dict.fromkeys(RESAMPLED, "few_patients")


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(CASES.filter(len), st.data())
def test_odd_inputs_are_scored_as_their_copied_cases(cases, data):
    y, p = columns(cases)
    patients = np.array(data.draw(st.lists(st.integers(0, 6), min_size=len(y), max_size=len(y))))
    expected = copied(y[:, None], p[:, None], patients, [0.5], 9, 0)
    codes = resampling.patient_codes(patients, len(y))
    values = resampled_metrics(y[:, None], p[:, None], codes, [0.5], 9, 0)
    assert list(values) == WITHOUT_VARIANCE
    for name in WITHOUT_VARIANCE:
        np.testing.assert_allclose(values[name], expected[name], rtol=0, atol=1e-12)
    intervals = bootstrap_intervals(y[:, None], p[:, None], patients, ["a"], 9, 0, {"a": 0.5})
    shares = expected_shares(y, p, patients, 0.5) if min(patients_of_each_class(y, patients)) else {}
    found = intervals["labels"]["a"]
    for name in (set(SHARES) - {"balanced_accuracy"}) | {"brier"}:
        assert found[f"{name}_interval"] == pytest.approx(shares.get(name), abs=1e-12)
    assert found["roc_auc_interval"] == roc_auc_interval(y, p, codes).interval
    assert all(found[f"{name}_interval"] is None for name in RESAMPLED)
    assert intervals["macro"] == found
    assert {f"{name}_interval" for name in found["no_interval"]} == {
        name for name, interval in found.items() if interval is None
    }


def test_working_in_portions_changes_nothing(monkeypatch):
    arguments = (*some_cases(1, 90, 40), ["a", "b", "c"], 250, 9, THRESHOLDS)
    whole = bootstrap_intervals(*arguments)
    monkeypatch.setattr(resampling, "_CELLS", 40 * 7)
    monkeypatch.setattr(resampling, "_LEAST_PORTION", 1)
    assert bootstrap_intervals(*arguments) == whole


def test_statistics_of_one_drawing_are_those_of_the_first_resamples_of_a_longer_one():
    codes = np.array([0, 0, 1, 2, 2, 2, 3])
    values = np.random.default_rng(0).normal(size=(7, 2))
    few, many = (resampling.resampled_sums(values, codes, resamples, 3) for resamples in (5, 40))
    np.testing.assert_array_equal(few, many[:, :5])
    both = resampling.resampled([resampling.sums(values.T, codes), resampling.sums([values[:, 1]], codes)], 4, 5, 3)
    np.testing.assert_array_equal(both[0], few)
    np.testing.assert_array_equal(both[1], few[1:])
    draws = np.random.default_rng(3).integers(4, size=(5, 4))
    copied_sums = [[sum(values[codes == patient, k].sum() for patient in drawn) for drawn in draws] for k in (0, 1)]
    np.testing.assert_allclose(few, copied_sums, atol=1e-12)


@given(st.lists(st.one_of(st.integers(-1, 9), st.sampled_from(["a", "b"])), max_size=12))
def test_patients_that_are_numbered_already_keep_their_numbers(patients):
    names = np.array(patients, object if any(isinstance(each, str) for each in patients) else int)
    names = names.astype(str) if names.dtype == object else names
    codes = resampling.patient_codes(names, len(names))
    np.testing.assert_array_equal(codes, np.unique(names, return_inverse=True)[1])
    assert codes.dtype == np.intp


def test_all_positives_found_is_not_reported_as_a_certainty():
    y = np.array([1, 1, 1, 1, *[0] * 40], float)[:, None]
    p = np.linspace(1, 0, 44)[:, None]
    intervals = bootstrap_intervals(y, p, [0, 0, 1, 2, *range(3, 43)], ["a"], 100, 0, {"a": 0.5})["labels"]["a"]
    assert intervals["roc_auc_interval"] == [pytest.approx(0.661, abs=1e-3), 1]
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
    targets, probabilities, patients = some_cases(1, 120, 60)
    labels = ["a", "b", "c"]
    with_all = bootstrap_intervals(targets, probabilities, patients, labels, 200, 0, THRESHOLDS)["labels"]
    some = bootstrap_intervals(targets, probabilities, patients, labels, 200, 0, THRESHOLDS | {"b": None})["labels"]
    assert (some["a"], some["c"]) == (with_all["a"], with_all["c"])
    free = {"roc_auc_interval", "average_precision_interval", "brier_interval"}
    assert {name for name, interval in some["b"].items() if isinstance(interval, list)} == free
    assert set(some["b"]["no_interval"]) == set(AT_THRESHOLD)
    assert (
        bootstrap_intervals(targets, probabilities, patients, labels, 30, 0)["labels"]["a"].keys()
        == with_all["a"].keys()
    )


def test_refuses_thresholds_that_lack_a_label():
    with pytest.raises(DataError, match="Missing: c"):
        bootstrap_intervals(*some_cases(1), ["a", "b", "c"], 5, 0, {"a": 0.5, "b": None})


def test_the_seed_decides():
    targets, probabilities, patients = some_cases(1, 120, 60)
    first, again, other = (
        bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 200, seed) for seed in (4, 4, 5)
    )
    assert first == again != other


def test_the_order_of_the_cases_does_not_matter():
    targets, probabilities, patients = some_cases(2)
    order = np.random.default_rng(0).permutation(len(targets))
    names = ["a", "b", "c"]
    there = bootstrap_intervals(targets[order], probabilities[order], patients[order], names, 200, 1)
    here = bootstrap_intervals(targets, probabilities, patients, names, 200, 1)
    for one, other in zip((there["macro"], *there["labels"].values()), (here["macro"], *here["labels"].values())):
        for name, interval in one.items():
            assert interval == other[name] or interval == pytest.approx(other[name], abs=1e-12)


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
    assert intervals["labels"]["lacking"] == nothing("not_estimable")
    low, high = intervals["labels"]["other"]["roc_auc_interval"]
    assert low < 0.5 < high == 1
    assert intervals["macro"] == intervals["labels"]["other"]


def test_no_true_positive_is_not_a_certain_f1_of_0():
    y = np.array([1, 1, 1, *[0] * 9], float)[:, None]
    p = np.array([0, 0, 0, *[1] * 2, *[0] * 7], float)[:, None]
    interval = bootstrap_intervals(y, p, np.arange(12), ["a"], 100, 0, {"a": 0.5})["labels"]["a"]["f1_interval"]
    jaccard = 1 - 0.025 ** (1 / 5)  # none of five
    assert interval == pytest.approx([0, 2 * jaccard / (1 + jaccard)])


def test_the_metrics_of_positives_that_are_all_of_one_patient_have_no_interval():
    targets, probabilities = np.array([[1], [1], [0], [0], [0]]), np.array([[0.9], [0.3], [0.4], [0.2], [0.1]])
    intervals = bootstrap_intervals(targets, probabilities, ["p", "p", "q", "r", "s"], ["a"], 200, 0, {"a": 0.3})
    names = ("roc_auc", "average_precision", "sensitivity", "balanced_accuracy", "matthews_correlation", "brier")
    without = dict.fromkeys(names, "few_patients")
    assert intervals["labels"]["a"]["no_interval"] == without
    assert intervals["macro"] == intervals["labels"]["a"]
    assert intervals["macro_enough_cases"] == nothing("not_estimable")


@pytest.mark.parametrize("cases", [0, 4])
def test_no_resamples_or_no_cases_give_no_intervals(cases):
    y = np.array([[1.0], [0], [1], [0]])[:cases]
    intervals = bootstrap_intervals(y, y, np.arange(cases), ["a"], 0 if cases else 10, 0)
    none = nothing("not_estimable")
    if cases:
        none["no_interval"] |= dict.fromkeys(("roc_auc", "average_precision", "brier"), "no_resamples")
    assert (intervals["macro"], intervals["labels"]) == (none, {"a": none})


@pytest.mark.parametrize("resamples", [1, 20, 199])
def test_fewer_than_200_resamples_give_no_interval_by_bootstrap(resamples):
    targets, probabilities, patients = some_cases(0, 120, 60)
    found = bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], resamples, 0, THRESHOLDS)
    few = dict.fromkeys(RESAMPLED, "few_resamples")
    assert found["labels"]["a"]["no_interval"] == found["macro_enough_cases"]["no_interval"] == few
    assert percentile_interval(np.linspace(0, 1, resamples), 50) is None
    assert percentile_interval(np.linspace(0, 1, 200), 50) is not None


class TestMacro:
    def test_is_as_uncertain_as_its_rare_labels_and_not_as_its_frequent_one(self):
        """One frequent and five rare labels: the mean of six independent ROC AUCs."""
        generator = np.random.default_rng(0)
        patients = np.arange(700)
        targets = np.zeros((700, 6))
        targets[:300, 0] = 1
        for label in range(1, 6):
            targets[300 + 4 * label : 304 + 4 * label, label] = 1
        scores = generator.normal(targets)
        found = bootstrap_intervals(targets, scores, patients, list("abcdef"), 200, 0)
        errors = [math.sqrt(variance(clustered_auc(targets[:, at], scores[:, at], patients))) for at in range(6)]
        half = np.diff(found["macro"]["roc_auc_interval"])[0] / 2
        plain = 1.96 * math.sqrt(sum(error**2 for error in errors)) / 6
        assert 1.05 * plain < half < 2.5 * plain
        alone = np.diff(found["macro_enough_cases"]["roc_auc_interval"])[0] / 2
        assert alone == np.diff(found["labels"]["a"]["roc_auc_interval"])[0] / 2

    def test_without_variation_is_no_certainty(self):
        targets = np.zeros((300, 3))
        for label in range(3):
            targets[15 * label : 15 * label + 15, label] = 1
        found = bootstrap_intervals(
            targets, 0.2 + 0.6 * targets, np.arange(300), list("abc"), 200, 0, dict.fromkeys("abc", 0.5)
        )["macro"]
        for name in ("roc_auc", *SHARES):
            low, high = found[f"{name}_interval"]
            assert 0.5 < low < 0.999
            assert high == 1
        assert found["no_interval"] == dict.fromkeys(RESAMPLED, "no_variation")

    def test_has_no_interval_with_a_label_of_one_patient_but_the_one_of_the_others_has(self):
        targets, probabilities, patients = some_cases(0, 120, 60)
        targets[:, 2] = patients == patients[0]
        found = bootstrap_intervals(targets, probabilities, patients, ["a", "b", "c"], 200, 0)
        assert found["macro"]["no_interval"]["roc_auc"] == "few_patients"
        others = bootstrap_intervals(targets[:, :2], probabilities[:, :2], patients, ["a", "b"], 200, 0)["macro"]
        assert found["macro_enough_cases"] == others
        assert others["roc_auc_interval"] is not None


def test_labels_keep_their_order():
    intervals = bootstrap_intervals(*some_cases(0), ["z", "m", "a"], 5, 0)
    assert list(intervals["labels"]) == ["z", "m", "a"]


@pytest.mark.parametrize("patients", [["p"], ["p", "q", "r"], [["p", "q"]]])
def test_refuses_cases_without_their_patient(patients):
    with pytest.raises(DataError, match=r"\(2,\).*Received"):
        bootstrap_intervals([[1], [0]], [[0.1], [0.2]], patients, ["a"], 5, 0)
