import numpy as np
import pandas as pd
import pytest

from tests.worklist.made_up_run import LABELS, fitted_decision_rule, made_up_predictions
from xraykit.errors import DataError
from xraykit.evaluation.predictions import with_probabilities
from xraykit.worklist import COLUMNS, disagreements
from xraykit.worklist.page import why_listed


@pytest.fixture(scope="module")
def read():
    predictions = made_up_predictions()
    decision_rule = fitted_decision_rule(predictions)
    return with_probabilities(predictions, decision_rule), decision_rule


def small_table(**columns):
    return pd.DataFrame({"image": list("abcdef"), "part": "test", **columns})


def test_only_cases_of_the_test_part_are_listed_whose_call_contradicts_a_known_label(read):
    predictions, decision_rule = read
    cases = disagreements(predictions, decision_rule.thresholds, LABELS, 10_000)
    contradicting = 0
    for label in LABELS:
        test = predictions[predictions["part"] == "test"]
        calls = decision_rule.calls(test[[f"{name}_probability" for name in LABELS]])[:, LABELS.index(label)]
        truth = test[label].to_numpy(float)
        contradicting += np.count_nonzero(~np.isnan(calls) & ~np.isnan(truth) & (calls != truth))
    assert len(cases) == contradicting > 20
    assert ((cases["probability"] >= cases["threshold"]) == (cases["given"] == 0)).all()


def test_a_label_without_an_operating_point_has_no_cases(read):
    predictions, decision_rule = read
    assert decision_rule.thresholds["Nodule"] is None
    assert "Nodule" not in set(disagreements(predictions, decision_rule.thresholds, LABELS, 10_000)["label"])


def test_no_patient_is_named(read):
    predictions, decision_rule = read
    cases = disagreements(predictions, decision_rule.thresholds, LABELS, 60)
    assert tuple(cases.columns) == COLUMNS
    assert not set(predictions["patient"]) & set(cases.to_numpy(str).ravel())


def test_the_surprise_is_that_of_the_label_given_in_bits():
    table = small_table(Mass=[1, 0, 1, 0, np.nan, 1], Mass_probability=[0.125, 0.5, 0.9, 0.1, 0.9, 0.0])
    cases = disagreements(table, {"Mass": 0.3}, ["Mass"], 10).set_index("image")
    assert cases["surprise"]["a"] == pytest.approx(3)
    assert cases["surprise"]["b"] == pytest.approx(1)
    assert np.isfinite(cases["surprise"]["f"])
    assert set(cases.index) == {"a", "b", "f"}


def test_a_rare_finding_comes_in_the_first_round_though_a_frequent_one_has_more_surprising_cases():
    table = small_table(
        Mass=[1, 1, 1, 0, 0, 0],
        Mass_probability=[0.01, 0.02, 0.03, 0.4, 0.5, 0.1],
        Hernia=[0, 0, 0, 0, 0, 0],
        Hernia_probability=[0, 0, 0, 0, 0.05, 0.04],
    )
    cases = disagreements(table, {"Mass": 0.3, "Hernia": 0.03}, ["Mass", "Hernia"], 10)
    listed = list(zip(cases["label"], cases["given"], cases["image"], strict=True))
    assert listed == [
        *[("Mass", 1, "a"), ("Mass", 0, "e"), ("Hernia", 0, "e")],
        *[("Mass", 1, "b"), ("Mass", 0, "d"), ("Hernia", 0, "f")],
        ("Mass", 1, "c"),
    ]
    assert len(disagreements(table, {"Mass": 0.3, "Hernia": 0.03}, ["Mass", "Hernia"], 4)) == 4


def test_the_order_of_the_rows_does_not_matter(read):
    predictions, decision_rule = read
    cases = disagreements(predictions, decision_rule.thresholds, LABELS, 60)
    shuffled = predictions.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(disagreements(shuffled, decision_rule.thresholds, LABELS, 60), cases)


def test_without_any_disagreement_the_list_is_empty():
    table = small_table(Mass=[1, 0, 1, 0, 1, 0], Mass_probability=[1, 0, 1, 0, 1, 0])
    assert disagreements(table, {"Mass": 0.5}, ["Mass"], 5).to_dict("list") == {name: [] for name in COLUMNS}


def test_a_missing_column_and_a_limit_of_zero_are_reported():
    table = small_table(Mass=[1, 0, 1, 0, 1, 0])
    with pytest.raises(DataError, match="lacks Mass_probability"):
        disagreements(table, {"Mass": 0.5}, ["Mass"], 5)
    with pytest.raises(DataError, match="limit of 0"):
        disagreements(table, {"Mass": 0.5}, ["Mass"], 0)


def test_of_equal_probabilities_the_logit_that_contradicts_most_comes_first():
    """Isotonic calibration gives many radiographs one probability."""
    table = small_table(
        Mass=[0, 0, 0, 1, 1, 1],
        Mass_logit=[2.0, 3.0, 2.5, -3.0, -1.0, -2.0],
        Mass_probability=[0.8, 0.8, 0.8, 0.1, 0.1, 0.1],
    )
    cases = disagreements(table, {"Mass": 0.5}, ["Mass"], 10)
    assert list(cases.columns) == list(COLUMNS)
    assert cases[cases["given"] == 0]["image"].tolist() == ["b", "c", "a"]
    assert cases[cases["given"] == 1]["image"].tolist() == ["d", "f", "e"]


def test_a_probability_that_is_not_calibrated_is_marked():
    table = small_table(Mass=[0] * 6, Mass_probability=[0.8] * 6, Edema=[0] * 6, Edema_probability=[0.7] * 6)
    cases = disagreements(table, {"Mass": 0.5, "Edema": 0.5}, ["Mass", "Edema"], 12, {"Edema"})
    marks = dict(zip(cases["label"], cases["calibrated"], strict=True))
    assert marks == {"Mass": "yes", "Edema": "no"}
    assert "only ranks the radiographs" in why_listed("Edema", 0, 0.7, 0.5, 1.7, calibrated=False)
    assert "a probability of 30 %" in why_listed("Edema", 0, 0.7, 0.5, 1.7)
