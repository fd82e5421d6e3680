"""What an operating point yields, against scikit-learn and by Bayes' theorem."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    class_likelihood_ratios,
    f1_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)

from tests.evaluation.reference import CASES, SCORES, columns
from xraykit.errors import DataError
from xraykit.evaluation import at_threshold, predictive_values
from xraykit.evaluation.metric_table import METRICS

NAN = np.nan
LIKELIHOOD_RATIOS = ("likelihood_ratio_positive", "likelihood_ratio_negative")
NOTHING = {metric.name: None for metric in METRICS.values() if metric.kind == "threshold"}


@settings(deadline=None)
@given(CASES, SCORES)
def test_metrics_at_a_threshold_are_those_of_scikit_learn(cases, threshold):
    y, p = columns(cases)
    metrics = at_threshold(y, p, threshold)
    known = ~np.isnan(y)
    truth, called = y[known] == 1, p[known] >= threshold
    if truth.all() or not truth.any():
        assert metrics == NOTHING
        return
    assert metrics["sensitivity"] == pytest.approx(recall_score(truth, called), abs=1e-12)
    assert metrics["specificity"] == pytest.approx(recall_score(~truth, ~called), abs=1e-12)
    assert metrics["f1"] == pytest.approx(f1_score(truth, called, zero_division=0), abs=1e-12)
    expected = precision_score(truth, called) if called.any() else None
    assert metrics["precision"] == pytest.approx(expected, abs=1e-12)
    expected = None if called.all() else precision_score(~truth, ~called)
    assert metrics["npv"] == pytest.approx(expected, abs=1e-12)
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, called), abs=1e-12)
    expected = matthews_corrcoef(truth, called) if 0 < called.sum() < len(called) else None
    assert metrics["matthews_correlation"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_likelihood_ratios_are_those_of_scikit_learn(seed):
    generator = np.random.default_rng(seed)
    y = (generator.random(80) < 0.3).astype(float)
    p = np.clip(0.3 * y + 0.7 * generator.random(80), 0, 1)
    metrics = at_threshold(y, p, 0.5)
    expected = class_likelihood_ratios(y, p >= 0.5)
    assert [metrics[name] for name in LIKELIHOOD_RATIOS] == pytest.approx(expected, abs=1e-12)


def test_a_likelihood_ratio_that_would_divide_by_zero_is_missing():
    assert at_threshold([1, 1, 0], [0.9, 0.1, 0.2], 0.5)["likelihood_ratio_positive"] is None
    assert at_threshold([1, 1, 0], [0.9, 0.6, 0.7], 0.5)["likelihood_ratio_negative"] is None


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, NAN])), st.sampled_from([0.5, None]))
def test_a_missing_class_has_no_metrics_and_no_default_threshold(y, threshold):
    assert at_threshold(y, [0.7] * len(y), threshold) == NOTHING


def test_no_threshold_gives_no_metrics_rather_than_those_at_one_half():
    assert at_threshold([1, 0], [0.9, 0.1], None) == NOTHING


def test_without_a_positive_call_only_what_divides_by_the_calls_is_missing():
    assert at_threshold([1, 0, 0], [0.2, 0.1, 0.3], 0.5) == {
        "sensitivity": 0,
        "specificity": 1,
        "precision": None,
        "npv": 2 / 3,
        "f1": 0,
        "balanced_accuracy": 0.5,
        "matthews_correlation": None,
        "likelihood_ratio_positive": None,
        "likelihood_ratio_negative": 1,
    }


class TestPredictiveValues:
    @settings(deadline=None)
    @given(CASES.filter(lambda cases: {0.0, 1.0} <= {label for label, _ in cases}), SCORES)
    def test_at_the_parts_own_prevalence_are_its_precision_and_npv(self, cases, threshold):
        y, p = columns(cases)
        metrics = at_threshold(y, p, threshold)
        values = predictive_values(metrics["sensitivity"], metrics["specificity"], float(np.nanmean(y)))
        for name in ("precision", "npv"):
            assert values[name] == pytest.approx(metrics[name], abs=1e-12)

    def test_are_those_of_a_population_of_that_prevalence(self):
        # Of 1,000 people 10 are ill and 9 of these found; of 990 healthy ones 99 are called.
        values = predictive_values(0.9, 0.9, 0.01)
        assert values == pytest.approx({"precision": 9 / 108, "npv": 891 / 892})

    def test_are_missing_where_sensitivity_is_or_nobody_is_called(self):
        assert predictive_values(None, 0.9, 0.1) == {"precision": None, "npv": None}
        assert predictive_values(0, 1, 0.1) == {"precision": None, "npv": 0.9}

    @pytest.mark.parametrize("prevalence", [0, 1, -0.1, 3, NAN])
    def test_refuse_a_prevalence_that_is_no_share(self, prevalence):
        with pytest.raises(DataError, match="prevalence must be above 0 and below 1"):
            predictive_values(0.9, 0.9, prevalence)

    @pytest.mark.parametrize("pair", [(90, 0.9), (0.9, -0.1)])
    def test_refuse_percentages(self, pair):
        with pytest.raises(DataError, match="not percentages"):
            predictive_values(*pair, 0.1)
