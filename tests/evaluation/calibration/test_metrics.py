"""Calibration of a part: each label's metrics, by patient."""

import json

import numpy as np
import pytest

from xraykit.errors import DataError
from xraykit.evaluation import (
    brier_score,
    calibration_by_chance,
    calibration_metrics,
    expected_calibration_error,
    reliability_curve,
)
from xraykit.evaluation.calibration.reliability import brier_interval

NAN = np.nan


def a_part(n=120, seed=0):
    generator = np.random.default_rng(seed)
    p = np.round(generator.beta(1, 2, (n, 3)), 2)
    y = (generator.random((n, 3)) < p**2).astype(float)
    y[:, 2] = 0
    y[generator.random((n, 3)) < 0.1] = NAN
    return y, p, generator.integers(0, 40, n)


def test_each_label_has_the_metrics_of_its_column():
    y, p, patients = a_part()
    metrics = calibration_metrics(y, p, patients, ["b", "a", "c"], bins=6)
    assert list(metrics) == ["b", "a", "c"]
    for column, label in enumerate(metrics.values()):
        assert label["brier"] == brier_score(y[:, column], p[:, column])
        assert label["ece"] == expected_calibration_error(y[:, column], p[:, column], 6)
        assert label["reliability"] == reliability_curve(y[:, column], p[:, column], 6, patients)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_intervals_and_chance_are_by_patient():
    y, p, patients = a_part()
    metrics = calibration_metrics(y, p, patients, ["a", "b", "c"], bins=5)
    for column, label in enumerate(["a", "b"]):
        chance = calibration_by_chance(y[:, column], p[:, column], 5, patients)
        assert (metrics[label]["ece_by_chance"], metrics[label]["ece_chance_limit"]) == chance
        assert metrics[label]["brier_interval"] == pytest.approx(brier_interval(y[:, column], p[:, column], patients))
        assert metrics[label]["reliability"] == reliability_curve(y[:, column], p[:, column], 5, patients)
        assert "ece_interval" not in metrics[label]


def test_a_label_without_both_classes_has_nothing():
    y, p, patients = a_part()
    none = calibration_metrics(y, p, patients, ["a", "b", "c"])["c"]
    assert none == {**dict.fromkeys(none), "bins": 10}


def test_all_positives_of_one_patient_give_no_interval():
    y = np.array([[1], [1], [0], [0], [0]])
    p = np.array([[0.9], [0.3], [0.4], [0.2], [0.1]])
    metrics = calibration_metrics(y, p, ["p", "p", "q", "r", "s"], ["a"])["a"]
    assert metrics["brier"] is not None
    assert metrics["brier_interval"] is None


@pytest.mark.parametrize("cases", [0, 20])
def test_no_intervals_wanted_or_no_cases_give_none(cases):
    y, p, patients = (part[:cases] for part in a_part())
    metrics = calibration_metrics(y, p, patients, ["a", "b", "c"], intervals=not cases)
    assert {label["brier_interval"] for label in metrics.values()} == {None}


def test_refuses_logits():
    y, p, patients = a_part()
    with pytest.raises(DataError, match="look like logits"):
        calibration_metrics(y, 3 * p, patients, ["a", "b", "c"])
