"""Likelihood ratios and predictive values elsewhere, against Bayes' theorem and resampled patients."""

import json

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from xraykit.evaluation import at_threshold, derived_metrics, predictive_values

RATIOS = ("likelihood_ratio_positive", "likelihood_ratio_negative")
LABELS = ["Mass", "Hernia"]
THRESHOLDS = {"Mass": 0.5, "Hernia": None}


def a_part(n=150, seed=1):
    generator = np.random.default_rng(seed)
    y = (generator.random((n, 2)) < [0.4, 0.3]).astype(float)
    p = np.round(np.clip(0.3 * y + 0.7 * generator.random((n, 2)), 0, 1), 2)
    y[generator.random((n, 2)) < 0.1] = np.nan
    return y, p, generator.integers(0, 50, n)


def derived(prevalence):
    return derived_metrics(*a_part(), LABELS, THRESHOLDS, prevalence)


def test_predictive_values_elsewhere_are_those_of_bayes():
    y, p, _ = a_part()
    reader = derived({"Mass": 0.02})["Mass"]["reader"]
    mine = at_threshold(y[:, 0], p[:, 0], 0.5)
    found, wrong = mine["sensitivity"] * 0.02, (1 - mine["specificity"]) * 0.98
    assert reader["precision"] == pytest.approx(found / (found + wrong))
    assert reader["prevalence"] == 0.02
    low, high = reader["precision_interval"]
    assert low < reader["precision"] < high < mine["precision"]


def test_at_the_parts_own_prevalence_they_are_the_parts_own():
    y, p, _ = a_part()
    share = np.nanmean(y[:, 0])
    reader, mine = derived({"Mass": share})["Mass"]["reader"], at_threshold(y[:, 0], p[:, 0], 0.5)
    assert reader["precision"] == pytest.approx(mine["precision"])
    assert reader["npv"] == pytest.approx(mine["npv"])


def test_with_many_patients_intervals_are_those_of_the_metrics_of_each_resample():
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(800), 2)
    y = (generator.random(1600) < 0.3).astype(float)
    scores = generator.normal(y) + generator.normal(size=800)[patients] / 2
    p = 1 / (1 + np.exp(-scores))
    metrics = derived_metrics(y[:, None], p[:, None], patients, ["Mass"], {"Mass": 0.6}, {"Mass": 0.02})["Mass"]
    resampled = []
    for _ in range(1000):
        drawn = generator.integers(800, size=800)
        cases = np.concatenate([2 * drawn, 2 * drawn + 1])
        mine = at_threshold(y[cases], p[cases], 0.6)
        there = predictive_values(mine["sensitivity"], mine["specificity"], 0.02)
        resampled.append([mine[name] for name in RATIOS] + [there["precision"], there["npv"]])
    intervals = [metrics[f"{name}_interval"] for name in RATIOS]
    intervals += [metrics["reader"][f"{name}_interval"] for name in ("precision", "npv")]
    for interval, expected in zip(intervals, np.percentile(resampled, [2.5, 97.5], axis=0).T, strict=True):
        np.testing.assert_allclose(interval, expected, atol=0.15 * np.ptp(expected))


def test_negatives_that_are_all_cleared_do_not_make_a_call_certain():
    # Specificity 50/50, sensitivity 9/10; at 1 % PPV starts near 0.1, not at 1.
    y = np.array([1.0] * 10 + [0.0] * 50)[:, None]
    p = np.array([0.9] * 9 + [0.1] * 51)[:, None]
    metrics = derived_metrics(y, p, np.arange(60), ["Mass"], {"Mass": 0.5}, {"Mass": 0.01})["Mass"]
    low, high = metrics["reader"]["precision_interval"]
    sensitivity, specificity = proportion_confint([9, 50], [10, 50], method="beta")[0]
    ends = predictive_values(sensitivity, specificity, 0.01)["precision"]  # both at their lower end
    assert ends < low < 0.12
    assert high == 1
    assert metrics["reader"]["precision"] == 1
    low, high = metrics["likelihood_ratio_positive_interval"]
    assert high is None  # no upper end: no false call in 50
    assert 5 < low < 15


def test_positives_that_are_all_found_do_not_make_a_clearance_certain():
    y = np.array([1.0] * 5 + [0.0] * 40)[:, None]
    p = np.array([0.9] * 15 + [0.1] * 30)[:, None]
    metrics = derived_metrics(y, p, np.arange(45), ["Mass"], {"Mass": 0.5}, {"Mass": 0.3})["Mass"]
    low, high = metrics["likelihood_ratio_negative_interval"]
    assert low == 0
    assert 0.5 < high < 1  # 5 of 5 may be 48 %
    assert metrics["reader"]["npv_interval"][0] < 0.85
    assert metrics["reader"]["npv_interval"][1] == 1


def test_one_patient_with_positives_gives_no_intervals():
    y, p = np.array([[1.0], [1], [0], [0], [0]]), np.array([[0.9], [0.2], [0.1], [0.8], [0.3]])
    metrics = derived_metrics(y, p, [1, 1, 2, 3, 4], ["Mass"], {"Mass": 0.5}, {"Mass": 0.1})["Mass"]
    assert metrics["likelihood_ratio_positive_interval"] is metrics["reader"]["npv_interval"] is None
    assert metrics["reader"]["precision"] is not None


def test_intervals_that_are_not_wanted_are_not_given():
    metrics = derived_metrics(*a_part(), LABELS, THRESHOLDS, {"Mass": 0.1}, intervals=False)["Mass"]
    assert metrics["likelihood_ratio_positive_interval"] is metrics["reader"]["precision_interval"] is None


def test_without_threshold_or_prevalence_there_are_none():
    metrics = derived({"Hernia": 0.01})
    assert metrics["Mass"]["reader"] is None
    assert metrics["Hernia"]["likelihood_ratio_positive_interval"] is None
    nothing = {"precision": None, "npv": None, "precision_interval": None, "npv_interval": None}
    assert metrics["Hernia"]["reader"] == {"prevalence": 0.01, **nothing}
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
