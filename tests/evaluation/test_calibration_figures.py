"""Calibration of a part with its intervals, against copying the cases of each drawn patient."""

import json

import numpy as np
import pytest

from tests.evaluation.reference import expanded_percentiles, patients_of_each_class
from xraykit.errors import DataError
from xraykit.evaluation import brier_score, calibration_figures, expected_calibration_error, reliability_curve
from xraykit.evaluation.reliability import bin_numbers

NAN = np.nan


def a_part(n=120, seed=0):
    generator = np.random.default_rng(seed)
    p = np.round(generator.beta(1, 2, (n, 3)), 2)
    y = (generator.random((n, 3)) < p**2).astype(float)
    y[:, 2] = 0
    y[generator.random((n, 3)) < 0.1] = NAN
    return y, p, generator.integers(0, 40, n)


def test_each_label_has_the_figures_of_its_column():
    y, p, patients = a_part()
    figures = calibration_figures(y, p, patients, ["b", "a", "c"], 10, 0, bins=6)
    assert list(figures) == ["b", "a", "c"]
    for column, label in enumerate(figures.values()):
        assert label["brier"] == brier_score(y[:, column], p[:, column])
        assert label["ece"] == expected_calibration_error(y[:, column], p[:, column], 6)
        assert label["reliability"] == reliability_curve(y[:, column], p[:, column], 6)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_intervals_are_those_of_copied_cases():
    y, p, patients = a_part()
    figures = calibration_figures(y, p, patients, ["a", "b", "c"], 50, 4, bins=5)
    names = np.unique(patients)
    draws = np.random.default_rng(4).integers(len(names), size=(50, len(names)))
    for column, label in enumerate(["a", "b"]):
        known = np.flatnonzero(~np.isnan(y[:, column]))
        bins = dict(zip(known.tolist(), bin_numbers(p[known, column], 5).tolist(), strict=True))
        number = min(patients_of_each_class(y[:, column], patients))
        briers, eces = [], []
        for drawn in draws:
            cases = [case for patient in drawn for case in known[patients[known] == names[patient]]]
            truth, probability = y[cases, column], p[cases, column]
            place = np.array([bins[case] for case in cases])
            briers.append(np.mean((truth - probability) ** 2))
            eces.append(sum(abs(np.sum((probability - truth)[place == number])) for number in range(5)) / len(cases))
        assert figures[label]["brier_interval"] == pytest.approx(expanded_percentiles(briers, number), abs=1e-12)
        high, low = 2 * figures[label]["ece"] - np.array(expanded_percentiles(eces, number))
        assert figures[label]["ece_interval"] == pytest.approx([max(0, low), max(0, high)], abs=1e-12)


def test_a_label_without_both_classes_has_nothing():
    y, p, patients = a_part()
    none = calibration_figures(y, p, patients, ["a", "b", "c"], 10, 0)["c"]
    assert none == {**dict.fromkeys(none), "bins": 10}


def test_all_positives_of_one_patient_give_no_interval():
    y = np.array([[1], [1], [0], [0], [0]])
    p = np.array([[0.9], [0.3], [0.4], [0.2], [0.1]])
    figures = calibration_figures(y, p, ["p", "p", "q", "r", "s"], ["a"], 50, 0)["a"]
    assert figures["brier"] is not None
    assert figures["brier_interval"] is figures["ece_interval"] is None


@pytest.mark.parametrize("cases", [0, 20])
def test_no_resamples_or_no_cases_give_no_intervals(cases):
    y, p, patients = (part[:cases] for part in a_part())
    figures = calibration_figures(y, p, patients, ["a", "b", "c"], 10 if not cases else 0, 0)
    assert {label["brier_interval"] for label in figures.values()} == {None}


def test_refuses_logits():
    y, p, patients = a_part()
    with pytest.raises(DataError, match="look like logits"):
        calibration_figures(y, 3 * p, patients, ["a", "b", "c"], 10, 0)
