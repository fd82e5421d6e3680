"""Calibration and operating point of each label, fitted together and kept together."""

import json

import numpy as np
import pytest

from xraykit.config import Rule
from xraykit.errors import DataError
from xraykit.evaluation import Calibration, OperatingPoint, Reading, fit_calibration, fit_reading, youden_threshold

LABELS = ("Mass", "Edema", "Hernia")
RULES = dict.fromkeys(LABELS, Rule("youden"))


def a_validation_part(n=300, seed=0):
    """Logits that a weighted loss has shifted up by 2; Hernia has no positive."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(-2, 1.5, (n, 3))
    y = (generator.random((n, 3)) < 1 / (1 + np.exp(-truth))).astype(float)
    y[:, 2] = 0
    y[generator.random((n, 3)) < 0.05] = np.nan
    return y, truth + 2


def fitted(method="platt", rules=RULES, seed=0):
    y, x = a_validation_part(seed=seed)
    return fit_reading(y, x, LABELS, method=method, rules=rules, fitted_on="made-up part")


def test_each_label_is_calibrated_alone_and_its_threshold_is_on_the_calibrated_scale():
    (y, x), reading = a_validation_part(), fitted()
    probabilities = reading.probabilities(x)
    for column, label in enumerate(LABELS[:2]):
        alone = fit_calibration(y[:, column], x[:, column])
        np.testing.assert_array_equal(probabilities[:, column], alone.apply(x[:, column]))
        assert reading.thresholds[label] == youden_threshold(y[:, column], probabilities[:, column])


def test_the_shift_of_a_weighted_loss_is_undone():
    y, x = a_validation_part(n=4000)
    reading = fit_reading(y, x, LABELS, method="platt", rules=RULES, fitted_on="made-up part")
    shares = np.nanmean(y, axis=0)[:2]
    np.testing.assert_allclose(reading.probabilities(x).mean(axis=0)[:2], shares, atol=0.01)
    assert (1 / (1 + np.exp(-x))).mean(axis=0)[0] > shares[0] + 0.2


def test_a_label_without_positives_keeps_its_plain_sigmoid_has_no_threshold_and_says_why():
    reading, x = fitted(), a_validation_part()[1]
    assert reading.thresholds["Hernia"] is None
    assert "0 positives" in reading.points["Hernia"].reason
    assert "0 positives" in reading.calibrations["Hernia"].reason
    np.testing.assert_allclose(reading.probabilities(x)[:, 2], 1 / (1 + np.exp(-x[:, 2])))
    calls = reading.calls(reading.probabilities(x))
    assert np.isnan(calls[:, 2]).all()
    assert set(np.unique(calls[:, :2])) == {0.0, 1.0}


@pytest.mark.parametrize("method", ["platt", "temperature", "isotonic", "none"])
def test_it_survives_json(method):
    reading = fitted(method, {**RULES, "Edema": Rule("sensitivity", 0.95)})
    values = json.loads(json.dumps(reading.as_values(), allow_nan=False))
    assert Reading.from_values(values) == reading


def test_a_target_is_met_on_the_part_it_was_chosen_on():
    (y, x), reading = a_validation_part(), fitted(rules={**RULES, "Edema": Rule("sensitivity", 0.95)})
    calls, positive = reading.calls(reading.probabilities(x))[:, 1], y[:, 1] == 1
    assert calls[positive].mean() >= 0.95


@pytest.mark.parametrize("damaged", [{}, {"fitted_on": "x", "labels": {"Mass": {}}}, {"fitted_on": "x", "labels": 3}])
def test_damaged_values_are_told(damaged):
    with pytest.raises(DataError, match="not the values of a reading"):
        Reading.from_values(damaged)


def test_another_number_of_logits_and_labels_that_do_not_agree_are_told():
    with pytest.raises(DataError, match=r"Expected logits \(n, 3\)"):
        fitted().probabilities(np.zeros((4, 2)))
    with pytest.raises(DataError, match="a calibration and an operating point"):
        Reading({"Mass": Calibration()}, {"Edema": OperatingPoint(Rule("youden"), 0.5)}, "made-up part")
