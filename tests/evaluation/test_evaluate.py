"""The contents of `metrics.json`."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import (
    at_threshold,
    average_precision,
    bootstrap_intervals,
    brier_score,
    delong_interval,
    evaluate,
    roc_auc,
)
from xraykit.evaluation.evaluate import has_few_cases
from xraykit.evaluation.metric_table import averaged

NAN = np.nan
NAMES = ["Mass", "Atelectasis", "Hernia"]
THRESHOLDS = {"Mass": 0.5, "Atelectasis": 0.2, "Hernia": None}
LABEL_KEYS = {
    "roc_auc",
    "average_precision",
    "brier",
    "roc_auc_delong_interval",
    "threshold",
    "sensitivity",
    "specificity",
    "precision",
    "npv",
    "f1",
    "balanced_accuracy",
    "matthews_correlation",
    "likelihood_ratio_positive",
    "likelihood_ratio_negative",
    "positives",
    "negatives",
    "positive_patients",
    "negative_patients",
    "no_interval",
} | {f"{metric.name}_interval" for metric in averaged()}


def cases(n=80, seed=0):
    generator = np.random.default_rng(seed)
    targets = (generator.random((n, 3)) < [0.5, 0.2, 0]).astype(float)
    targets[::9, 1] = NAN
    probabilities = np.clip(0.4 * np.nan_to_num(targets) + 0.6 * generator.random((n, 3)), 0, 1)
    return targets, probabilities, generator.integers(0, 30, n)


def scored(targets, probabilities, patients, labels=NAMES, thresholds=THRESHOLDS, **changes):
    arguments = {"part": "test", "split": "official", "resamples": 20, "seed": 0} | changes
    return evaluate(targets, probabilities, patients, labels, thresholds, **arguments)


def test_states_part_split_images_and_patients():
    targets, probabilities, patients = cases()
    metrics = scored(targets, probabilities, patients, part="validation", split="patient, seed 3")
    assert metrics["part"] == "validation"
    assert metrics["split"] == "patient, seed 3"
    assert (metrics["images"], metrics["patients"]) == (80, len(set(patients.tolist())))


def test_each_label_has_the_metrics_of_its_column():
    targets, probabilities, patients = cases()
    metrics = scored(targets, probabilities, patients)
    assert list(metrics["labels"]) == NAMES
    intervals = bootstrap_intervals(targets, probabilities, patients, NAMES, 20, 0, THRESHOLDS)
    for column, name in enumerate(NAMES):
        y, p = targets[:, column], probabilities[:, column]
        values = metrics["labels"][name]
        assert set(values) == LABEL_KEYS
        assert values["roc_auc"] == roc_auc(y, p)
        assert values["average_precision"] == average_precision(y, p)
        assert values["brier"] == brier_score(y, p)
        assert values["roc_auc_delong_interval"] == delong_interval(y, p)
        assert values["positives"] == sum(y == 1)
        assert values["negatives"] == sum(y == 0)
        assert values["positive_patients"] == len(set(patients[y == 1].tolist()))
        assert values["negative_patients"] == len(set(patients[y == 0].tolist()))
        assert values["threshold"] == THRESHOLDS[name]
        assert values.items() >= at_threshold(y, p, THRESHOLDS[name]).items()
        assert values.items() >= intervals["labels"][name].items()
    assert metrics["macro"].items() >= intervals["macro"].items()
    assert metrics["macro_enough_cases"].items() >= intervals["macro_enough_cases"].items()


def test_the_macro_mean_says_over_which_labels():
    targets, probabilities, patients = cases()
    metrics = scored(targets, probabilities, patients)
    mass, atelectasis, hernia = metrics["labels"].values()
    assert hernia["roc_auc"] is None
    assert metrics["macro"]["labels"] == 2
    assert metrics["macro"]["not_estimable"] == ["Hernia"]
    for metric in [metric.name for metric in averaged()]:
        assert metrics["macro"][metric] == pytest.approx((mass[metric] + atelectasis[metric]) / 2, abs=1e-12)


def test_a_second_macro_mean_leaves_out_the_labels_with_few_patients():
    targets, probabilities, patients = cases(200)
    targets[:, 1] = np.isin(patients, [3, 7, 8])  # many radiographs, three patients
    metrics = scored(targets, probabilities, patients)
    mass, atelectasis, _ = metrics["labels"].values()
    assert atelectasis["positives"] > 10 > atelectasis["positive_patients"] == 3
    assert (metrics["macro"]["few_cases"], metrics["macro"]["labels"]) == (["Atelectasis"], 2)
    enough = metrics["macro_enough_cases"]
    assert set(enough) == set(metrics["macro"])
    assert (enough["few_cases"], enough["labels"], enough["not_estimable"]) == ([], 1, ["Hernia"])
    for metric in [metric.name for metric in averaged()]:
        assert enough[metric] == mass[metric]
        assert metrics["macro"][metric] == pytest.approx((mass[metric] + atelectasis[metric]) / 2, abs=1e-12)


def test_few_negatives_are_few_cases_too_and_an_older_run_is_judged_by_radiographs():
    assert has_few_cases({"positive_patients": 50, "negative_patients": 9, "positives": 90, "negatives": 90})
    assert not has_few_cases({"positive_patients": 10, "negative_patients": 10, "positives": 90, "negatives": 90})
    assert has_few_cases({"positives": 9, "negatives": 90})
    assert not has_few_cases({"positives": 10, "negatives": 90})


def test_thresholds_are_applied_as_given_and_found_by_name():
    targets, probabilities, patients = cases()
    usual = scored(targets, probabilities, patients)
    assert scored(targets, probabilities, patients, thresholds=dict(reversed(THRESHOLDS.items()))) == usual
    poor = scored(targets, probabilities, patients, thresholds=THRESHOLDS | {"Mass": 0.0})["labels"]["Mass"]
    assert (poor["threshold"], poor["sensitivity"], poor["specificity"]) == (0, 1, 0)
    assert poor["roc_auc"] == usual["labels"]["Mass"]["roc_auc"]
    none = scored(targets, probabilities, patients, thresholds=dict.fromkeys(NAMES))["labels"]["Mass"]
    assert none["threshold"] is none["sensitivity"] is none["f1"] is None


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2]])
def test_another_order_of_the_columns_changes_no_label(order):
    targets, probabilities, patients = cases()
    names = [NAMES[column] for column in order]
    metrics = scored(targets[:, order], probabilities[:, order], patients, labels=names)
    assert list(metrics["labels"]) == names
    usual = scored(targets, probabilities, patients)
    for name in names:
        assert metrics["labels"][name] == usual["labels"][name]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 12), st.data())
def test_is_strict_json_whatever_the_labels(n, data):
    targets = data.draw(hnp.arrays(float, (n, 3), elements=st.sampled_from([0.0, 1.0, NAN])))
    probabilities = data.draw(hnp.arrays(np.float32, (n, 3), elements=st.floats(0, 1, width=32)))
    patients = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    metrics = scored(targets, probabilities, patients)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    for column, values in enumerate(metrics["labels"].values()):
        estimable = {0.0, 1.0} <= set(targets[:, column].tolist())
        assert (values["roc_auc"] is not None) == (values["average_precision"] is not None) == estimable


def test_numpy_thresholds_become_plain_numbers():
    targets, probabilities, patients = cases()
    metrics = scored(targets, probabilities, patients, thresholds=THRESHOLDS | {"Mass": np.float32(0.5)})
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


class TestRefused:
    @pytest.mark.parametrize(
        "thresholds", [{}, {"Mass": 0.5, "Atelectasis": 0.2}, {**THRESHOLDS, "Edema": 0.1}], ids=str
    )
    def test_thresholds_of_other_labels(self, thresholds):
        with pytest.raises(DataError, match=r"one threshold.*Mass, Atelectasis, Hernia.*Received"):
            scored(*cases(), thresholds=thresholds)

    @pytest.mark.parametrize("threshold", [NAN, np.inf])
    def test_a_threshold_that_is_no_number(self, threshold):
        with pytest.raises(DataError, match="finite"):
            scored(*cases(), thresholds=THRESHOLDS | {"Hernia": threshold})

    def test_a_label_named_twice(self):
        with pytest.raises(DataError, match="once"):
            scored(*cases(), labels=["Mass", "Mass", "Hernia"], thresholds={"Mass": 0.5, "Hernia": 0.5})

    def test_logits(self):
        targets, probabilities, patients = cases()
        with pytest.raises(DataError, match=r"logits.*sigmoid"):
            scored(targets, 10 * probabilities - 5, patients)

    def test_predictions_without_the_last_partial_batch(self):
        targets, probabilities, patients = cases()
        with pytest.raises(DataError, match="last partial batch"):
            scored(targets, probabilities[:64], patients)

    def test_probabilities_of_a_diverged_network(self):
        targets, probabilities, patients = cases()
        probabilities[3, 1] = NAN
        with pytest.raises(NonFiniteLossError, match="1 of"):
            scored(targets, probabilities, patients)


def test_cases_are_ranked_by_scores_where_saturated_probabilities_are_equal():
    """Logits of 40 and more are all 1 as float64 probabilities: from them alone the AUC would be 0.5."""
    generator = np.random.default_rng(3)
    targets = (generator.random((60, 1)) < 0.4).astype(float)
    logits = 50 + 3 * targets + generator.normal(size=(60, 1))
    probabilities = 1 / (1 + np.exp(-logits))
    patients = np.arange(60)
    tied, ranked = (
        scored(targets, probabilities, patients, ["Mass"], {"Mass": 0.5}, resamples=200, **more)
        for more in ({}, {"scores": logits})
    )
    assert tied["labels"]["Mass"]["roc_auc"] == 0.5
    for name, metric in (("roc_auc", roc_auc), ("average_precision", average_precision)):
        expected = metric(targets[:, 0], logits[:, 0])
        assert ranked["labels"]["Mass"][name] == ranked["macro"][name] == expected
        low, high = ranked["labels"]["Mass"][f"{name}_interval"]
        assert low < expected < high
    assert ranked["labels"]["Mass"]["brier"] == tied["labels"]["Mass"]["brier"]
    assert ranked["labels"]["Mass"]["sensitivity"] == tied["labels"]["Mass"]["sensitivity"]
