"""Calibration and operating point of each label, fitted together and kept together."""

import json

import numpy as np
import pytest

from xraykit.config import Rule
from xraykit.errors import DataError
from xraykit.evaluation import (
    Calibration,
    DecisionRule,
    OperatingPoint,
    fit_calibration,
    masked_targets,
    untrained_labels,
    youden_threshold,
)

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
    return fit(y, x, method=method, rules=rules)


def fit(y, x, **changes):
    more = {"method": "platt", "rules": RULES, "patients": np.arange(len(y)), "min_patients": 1} | changes
    return DecisionRule.fit(y, x, LABELS, fitted_on="made-up part", **more)


def test_each_label_is_calibrated_alone_and_its_threshold_is_on_the_calibrated_scale():
    (y, x), decision_rule = a_validation_part(), fitted()
    probabilities = decision_rule.probabilities(x)
    for column, label in enumerate(LABELS[:2]):
        alone = fit_calibration(y[:, column], x[:, column])
        np.testing.assert_array_equal(probabilities[:, column], alone.apply(x[:, column]))
        assert decision_rule.thresholds[label] == youden_threshold(y[:, column], probabilities[:, column])


def test_the_shift_of_a_weighted_loss_is_undone():
    y, x = a_validation_part(n=4000)
    decision_rule = fit(y, x)
    shares = np.nanmean(y, axis=0)[:2]
    np.testing.assert_allclose(decision_rule.probabilities(x).mean(axis=0)[:2], shares, atol=0.01)
    assert (1 / (1 + np.exp(-x))).mean(axis=0)[0] > shares[0] + 0.2


def test_a_label_without_positives_keeps_its_plain_sigmoid_has_no_threshold_and_says_why():
    decision_rule, x = fitted(), a_validation_part()[1]
    assert decision_rule.thresholds["Hernia"] is None
    for each in (decision_rule.points["Hernia"], decision_rule.calibrations["Hernia"]):
        assert "0 with a positive" in each.reason
        assert each.reason_code == "few_patients"
    np.testing.assert_allclose(decision_rule.probabilities(x)[:, 2], 1 / (1 + np.exp(-x[:, 2])))
    calls = decision_rule.calls(decision_rule.probabilities(x))
    assert np.isnan(calls[:, 2]).all()
    assert set(np.unique(calls[:, :2])) == {0.0, 1.0}


@pytest.mark.parametrize("method", ["platt", "temperature", "isotonic", "none"])
def test_it_survives_json(method):
    decision_rule = fitted(method, {**RULES, "Edema": Rule("sensitivity", 0.95)})
    values = json.loads(json.dumps(decision_rule.as_values(), allow_nan=False))
    assert DecisionRule.from_values(values) == decision_rule


def test_a_target_is_met_on_the_part_it_was_chosen_on():
    (y, x), decision_rule = a_validation_part(), fitted(rules={**RULES, "Edema": Rule("sensitivity", 0.95)})
    calls, positive = decision_rule.calls(decision_rule.probabilities(x))[:, 1], y[:, 1] == 1
    assert calls[positive].mean() >= 0.95


@pytest.mark.parametrize("damaged", [{}, {"fitted_on": "x", "labels": {"Mass": {}}}, {"fitted_on": "x", "labels": 3}])
def test_damaged_values_are_reported(damaged):
    with pytest.raises(DataError, match="not the values of a decision rule"):
        DecisionRule.from_values(damaged)


def test_another_number_of_logits_and_labels_that_do_not_agree_are_reported():
    with pytest.raises(DataError, match=r"Expected logits \(n, 3\)"):
        fitted().probabilities(np.zeros((4, 2)))
    with pytest.raises(DataError, match="a calibration and an operating point"):
        DecisionRule({"Mass": Calibration()}, {"Edema": OperatingPoint(Rule("youden"), 0.5)}, "made-up part")


class TestFewPatients:
    def a_part(self, patients_with_a_positive):
        """Each patient has three radiographs, all alike."""
        y, x = a_validation_part(n=60)
        y[:] = 0
        y[:patients_with_a_positive] = 1
        return np.repeat(y, 3, axis=0), np.repeat(x + 2 * y, 3, axis=0), np.repeat(np.arange(60), 3)

    @pytest.mark.parametrize(("positive", "fitted"), [(9, False), (10, True), (50, True), (51, False)])
    def test_patients_are_counted_and_not_radiographs_with_a_positive_and_with_a_negative(self, positive, fitted):
        y, x, patients = self.a_part(positive)
        decision_rule = fit(y, x, patients=patients, min_patients=10)
        for label in LABELS:
            assert decision_rule.calibrations[label].calibrated is fitted
            assert (decision_rule.thresholds[label] is not None) is fitted
        assert set(decision_rule.uncalibrated) == (set() if fitted else set(LABELS))

    def test_the_reason_has_the_counts_the_code_and_the_minimum(self):
        y, x, patients = self.a_part(3)
        decision_rule = fit(y, x, patients=patients, min_patients=10)
        for each in (decision_rule.calibrations["Mass"], decision_rule.points["Mass"]):
            assert each.reason_code == "few_patients"
            assert "3 with a positive and 57 with a negative; at least 10 of each" in each.reason
        np.testing.assert_allclose(decision_rule.probabilities(x), 1 / (1 + np.exp(-x)))
        assert np.isnan(decision_rule.calls(decision_rule.probabilities(x))).all()
        assert decision_rule.notes[0] == (
            "Not calibrated (too few patients with a positive or a negative to fit on): Mass, Edema, Hernia."
        )

    def test_a_single_positive_sufficed_before(self):
        y, x, patients = self.a_part(1)
        assert fit(y, x, patients=patients).calibrations["Mass"].calibrated
        assert not fit(y, x, patients=patients, min_patients=2).calibrations["Mass"].calibrated


class TestUntrainedLabels:
    def a_reading(self):
        y, x = a_validation_part()
        return fit(y, x, min_patients=10, untrained={"Edema": "Not trained: no positives."}), x

    def test_they_have_no_probability_no_call_and_the_reason(self):
        decision_rule, x = self.a_reading()
        p = decision_rule.probabilities(x)
        assert np.isnan(p[:, 1]).all()
        assert np.isfinite(p[:, [0, 2]]).all()
        assert np.isnan(decision_rule.calls(p)[:, 1]).all()
        assert (
            decision_rule.points["Edema"].reason_code
            == decision_rule.calibrations["Edema"].reason_code
            == "not_trained"
        )
        assert "Edema" not in decision_rule.uncalibrated
        assert (
            "Not trained, no probability (no positives or no negatives in the training part): Edema."
            in decision_rule.notes
        )

    def test_the_reason_survives_json_as_a_typed_field(self):
        decision_rule, _ = self.a_reading()
        values = json.loads(json.dumps(decision_rule.as_values()))
        assert (values["labels"]["Edema"]["trained"], values["labels"]["Mass"]["trained"]) == (False, True)
        assert DecisionRule.from_values(values) == decision_rule

    def test_values_of_an_older_version_are_of_trained_labels(self):
        values = fitted().as_values()
        for each in values["labels"].values():
            for name in ("trained", "not_trained_reason", "reason_code"):
                del each[name]
            del each["calibration"]["reason_code"]
        older = DecisionRule.from_values(values)
        assert older.untrained == {}
        assert older.thresholds == fitted().thresholds
        assert "Not calibrated (for the reason see the bundle): Hernia." in older.notes

    def test_an_operating_point_for_one_and_an_unknown_code_are_refused(self):
        with pytest.raises(DataError, match="was not trained"):
            DecisionRule({"Mass": Calibration()}, {"Mass": OperatingPoint(Rule("youden"), 0.5)}, "part", {"Mass": "no"})
        values = fitted().as_values()
        values["labels"]["Mass"]["reason_code"] = "whatever"
        with pytest.raises(DataError, match="no reason_code"):
            DecisionRule.from_values(values)

    @pytest.mark.parametrize(("column", "taught"), [([1, 0, 0], True), ([0, 0, 0], False), ([1, 1, 1], False)])
    def test_a_label_needs_positives_and_negatives_in_the_training_part(self, column, taught):
        reasons = untrained_labels(np.array([column]).T, ["Mass"])
        assert ("Mass" not in reasons) is taught
        if not taught:
            assert f"{sum(column)} positive and {3 - sum(column)} negative" in reasons["Mass"]
        assert set(untrained_labels(np.full((4, 1), np.nan), ["Mass"])) == {"Mass"}

    @pytest.mark.parametrize(
        ("column", "taught"), [([0.7, 0, np.nan], True), ([0.7, 0.6, 1], False), ([0.3, 0, 0], False)]
    )
    def test_soft_targets_count_as_the_nearer_class(self, column, taught):
        assert ("Mass" not in untrained_labels(np.array([column]).T, ["Mass"])) is taught

    def test_masked_targets_are_unknown_and_the_given_ones_stay(self):
        y = np.array([[1.0, 0.0], [0.0, 1.0]])
        masked = masked_targets(y, ["a", "b"], {"b"})
        assert np.isnan(masked[:, 1]).all()
        np.testing.assert_array_equal(masked[:, 0], y[:, 0])
        assert not np.isnan(y).any()
