"""Likelihood ratios and predictive values elsewhere, against copying the cases of each drawn patient."""

import json

import numpy as np
import pytest

from tests.evaluation.reference import expanded_percentiles, patients_of_each_class
from xraykit.evaluation import at_threshold, derived_figures, predictive_values

LABELS = ["Mass", "Hernia"]
THRESHOLDS = {"Mass": 0.5, "Hernia": None}


def a_part(n=150, seed=1):
    generator = np.random.default_rng(seed)
    y = (generator.random((n, 2)) < [0.4, 0.3]).astype(float)
    p = np.round(np.clip(0.3 * y + 0.7 * generator.random((n, 2)), 0, 1), 2)
    y[generator.random((n, 2)) < 0.1] = np.nan
    return y, p, generator.integers(0, 50, n)


def derived(prevalence, resamples=60):
    return derived_figures(*a_part(), LABELS, THRESHOLDS, prevalence, resamples, 3)


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


def test_intervals_are_those_of_the_figures_of_each_resample():
    y, p, patients = a_part()
    figures = derived({"Mass": 0.02}, resamples=200)["Mass"]
    generator, ratios = np.random.default_rng(9), []
    names = np.unique(patients)
    for _ in range(700):
        drawn = np.concatenate([np.flatnonzero(patients == name) for name in generator.choice(names, len(names))])
        mine = at_threshold(y[drawn, 0], p[drawn, 0], 0.5)
        ratios.append(
            [
                mine["likelihood_ratio_positive"],
                predictive_values(mine["sensitivity"], mine["specificity"], 0.02)["precision"],
            ]
        )
    # Another stream of random numbers: the same to within the noise of so many resamples.
    fewest = min(patients_of_each_class(y[:, 0], patients))
    for at, interval in enumerate(
        [figures["likelihood_ratio_positive_interval"], figures["reader"]["precision_interval"]]
    ):
        column = np.array(ratios)[:, at]
        expected = expanded_percentiles(column, fewest)
        np.testing.assert_allclose(interval, expected, atol=0.3 * np.ptp(expected))


def test_without_threshold_or_prevalence_there_are_none():
    figures = derived({"Hernia": 0.01})
    assert figures["Mass"]["reader"] is None
    assert figures["Hernia"]["likelihood_ratio_positive_interval"] is None
    nothing = {"precision": None, "npv": None, "precision_interval": None, "npv_interval": None}
    assert figures["Hernia"]["reader"] == {"prevalence": 0.01, **nothing}
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
