"""Balanced accuracy and Matthews' correlation, and what has no interval."""

import numpy as np
import pytest

from xraykit.evaluation import bootstrap_intervals
from xraykit.evaluation.metric_table import METRICS, averaged, shown_in

BOTH = ("balanced_accuracy", "matthews_correlation")


def intervals(y, p, threshold=0.5, patients=None):
    y, p = np.asarray(y, float)[:, None], np.asarray(p, float)[:, None]
    patients = np.arange(len(y)) if patients is None else patients
    return bootstrap_intervals(y, p, patients, ["a"], 200, 0, {"a": threshold})["labels"]["a"]


@pytest.mark.parametrize("y", [np.zeros(40), np.ones(40), np.full(40, np.nan)])
def test_without_both_classes_there_is_no_interval(y):
    found = intervals(y, np.linspace(0, 1, 40))
    for name in BOTH:
        assert found[f"{name}_interval"] is None
        assert found["no_interval"][name] == "not_estimable"


@pytest.mark.parametrize("p", [0.1, 0.9])
def test_calls_that_are_all_alike_have_a_balanced_accuracy_but_no_correlation(p):
    found = intervals(np.arange(60) % 2, np.full(60, p))
    assert found["no_interval"]["matthews_correlation"] == "not_estimable"
    low, high = found["balanced_accuracy_interval"]
    assert low < 0.5 < high


def test_calls_that_are_all_right_are_no_certainty():
    y = np.arange(60) % 2
    found = intervals(y, y)
    assert found["no_interval"]["matthews_correlation"] == "no_variation"
    low, high = found["balanced_accuracy_interval"]
    assert (0.8 < low < 0.95, high) == (True, 1)


def test_few_positive_calls_give_no_interval_of_the_correlation():
    y, p = np.arange(100) % 2, np.zeros(100)
    p[:9] = 1
    assert intervals(y, p)["no_interval"]["matthews_correlation"] == "few_patients"
    p[:11] = 1
    assert intervals(y, p)["matthews_correlation_interval"] is not None


def test_radiographs_of_one_patient_give_wider_intervals():
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(60), 8)
    y = patients % 2
    p = np.repeat(generator.random(60) * 0.6, 8) + 0.3 * y
    alone, clustered = intervals(y, p), intervals(y, p, patients=patients)
    for name in BOTH:
        (low, high), (wide_low, wide_high) = alone[f"{name}_interval"], clustered[f"{name}_interval"]
        assert wide_high - wide_low > 1.5 * (high - low)


def test_intervals_hold_the_truth_in_most_samples():
    """Sensitivity 0.8, specificity 0.7, half of the cases positive: balanced accuracy 0.75, MCC 0.5025."""
    truths = {"balanced_accuracy": 0.75, "matthews_correlation": 0.5 / np.sqrt(0.55 * 0.45 * 4)}
    held = dict.fromkeys(BOTH, 0)
    for seed in range(100):
        generator = np.random.default_rng(seed)
        y = (generator.random(80) < 0.5).astype(float)
        p = (generator.random(80) < np.where(y == 1, 0.8, 0.3)).astype(float)
        found = intervals(y, p)
        for name in BOTH:
            low, high = found[f"{name}_interval"]
            held[name] += low <= truths[name] <= high
    assert min(held.values()) >= 90


def test_the_table_is_complete():
    assert list(METRICS) == [metric.name for metric in METRICS.values()]
    for metric in METRICS.values():
        assert (metric.of_counts is not None) == (metric.kind == "threshold")
        assert metric.title
        assert metric.lowest < metric.highest
    assert {metric.name for metric in shown_in("console")} <= {metric.name for metric in averaged()}
