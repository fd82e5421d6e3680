"""The baseline that knows sex, age and view position alone."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from xraykit.errors import DataError
from xraykit.evaluation import Metadata, Predictions, metadata_baseline

NAN = np.nan


def metadata(n, seed):
    generator = np.random.default_rng(seed)
    return Metadata(generator.choice(["F", "M"], n), generator.uniform(20, 90, n), generator.choice(["AP", "PA"], n))


def risk(part):
    """Log odds of a finding that portable radiographs and old people have."""
    return 1.5 * (np.asarray(part.view) == "AP") + 0.04 * (np.asarray(part.age) - 55) - 1.5


def parts(seed=0, n=800):
    generator = np.random.default_rng(seed)
    training, test = metadata(3 * n, seed + 1), metadata(n, seed + 2)
    targets = [
        (generator.random((len(part.age), 2)) < 1 / (1 + np.exp(-risk(part)))[:, None]).astype(float)
        for part in (training, test)
    ]
    scores = np.stack([risk(test) + 0.01 * generator.normal(size=n), generator.normal(4 * targets[1][:, 1])], axis=1)
    images = [f"{at}.png" for at in range(n)]
    return training, targets[0], test, Predictions(images, np.arange(n), ["Shortcut", "Seen"], targets[1], scores)


def test_a_model_that_knows_no_more_is_flagged_and_one_that_sees_the_finding_is_not():
    metrics = metadata_baseline(*parts(), 200, 0)
    assert metrics["Shortcut"]["verdict"] == "not_shown"
    assert metrics["Shortcut"]["advantage"] == pytest.approx(0, abs=0.01)
    assert metrics["Seen"]["verdict"] == "more_than_metadata"
    assert metrics["Seen"]["metadata"] == ["sex", "age", "view"]
    assert metrics["Seen"]["advantage_interval"][0] > 0.1
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_a_model_that_is_worse_than_metadata_is_flagged_too():
    training, y, test, predictions = parts()
    worse = replace(predictions, scores=-np.asarray(predictions.scores))
    metrics = metadata_baseline(training, y, test, worse, 100, 0)["Seen"]
    assert metrics["advantage_interval"][1] < 0
    assert metrics["verdict"] == "not_shown"


def test_the_baseline_is_a_logistic_regression_on_the_training_part():
    training, y, test, predictions = parts()

    def design(part):
        age = (np.asarray(part.age) - np.mean(training.age)) / np.std(training.age)
        return np.column_stack([part.sex == "F", part.sex == "M", part.view == "AP", part.view == "PA", age, age**2])

    metrics = metadata_baseline(training, y, test, predictions, 10, 0)
    for column, label in enumerate(predictions.labels):
        regression = LogisticRegression().fit(design(training), y[:, column])
        expected = roc_auc_score(predictions.targets[:, column], regression.decision_function(design(test)))
        assert metrics[label]["metadata_roc_auc"] == pytest.approx(expected, abs=1e-3)
        assert metrics[label]["roc_auc"] == roc_auc_score(predictions.targets[:, column], predictions.scores[:, column])


def test_unknown_labels_of_the_training_part_are_left_out():
    training, y, test, predictions = parts()
    metrics = metadata_baseline(training, y, test, predictions, 0, 0)["Shortcut"]
    hidden = y.copy()
    hidden[1000:] = NAN
    first = Metadata(training.sex[:1000], training.age[:1000], training.view[:1000])
    masked = metadata_baseline(training, hidden, test, predictions, 0, 0)["Shortcut"]
    alone = metadata_baseline(first, y[:1000], test, predictions, 0, 0)["Shortcut"]
    assert masked["metadata_roc_auc"] == pytest.approx(alone["metadata_roc_auc"], abs=1e-3)
    assert masked["metadata_roc_auc"] != metrics["metadata_roc_auc"]


def test_missing_and_unheard_of_values_are_no_obstacle():
    training, y, test, predictions = parts()
    ages, views = np.array(test.age), np.array(test.view, object)
    ages[:50], views[50:100] = NAN, "lateral"
    metrics = metadata_baseline(training, y, replace(test, age=ages, view=views), predictions, 10, 0)
    assert 0.6 < metrics["Shortcut"]["metadata_roc_auc"] < 0.9


def not_judged(metrics):
    """The code of a label that is not judged: nothing then is claimed of it."""
    assert metrics["verdict"] == "not_judged"
    assert metrics["not_judged_reason"]
    return metrics["not_judged_code"]


class TestNotJudged:
    @pytest.mark.parametrize("positives", [0, 9])
    def test_a_label_on_which_the_baseline_could_not_learn(self, positives):
        training, y, test, predictions = parts()
        y[:, 1] = np.arange(len(y)) < positives
        metrics = metadata_baseline(training, y, test, predictions, 200, 0)["Seen"]
        assert not_judged(metrics) == "few_training_cases"
        assert metrics["advantage"] is None
        assert metrics["roc_auc"] > 0.9

    @pytest.mark.parametrize("kind", ["absent", "not understood", "constant"])
    @pytest.mark.parametrize("where", ["training", "test"])
    def test_a_model_without_metadata_to_hold_it_against(self, kind, where):
        """It was called one that sees more than sex, age and view, of which nobody knew anything."""
        training, y, test, predictions = parts()
        n = {"training": len(y), "test": 800}[where]
        values = {"absent": None, "not understood": "", "constant": "M"}[kind]
        column = np.full(n, values, object)
        unknown = Metadata(column, np.full(n, 50.0 if kind == "constant" else NAN), column)
        given = {"training": training, "test": test, where: unknown}
        metrics = metadata_baseline(given["training"], y, given["test"], predictions, 200, 0)
        assert {not_judged(each) for each in metrics.values()} == {"no_metadata"}
        assert metrics["Seen"]["metadata"] == []
        assert metrics["Seen"]["metadata_roc_auc"] is None

    def test_a_label_that_was_not_trained(self):
        metrics = metadata_baseline(*parts(), 200, 0, {"Seen": "no positives"})
        assert not_judged(metrics["Seen"]) == "not_trained"
        assert metrics["Seen"]["roc_auc"] is None
        assert metrics["Shortcut"]["verdict"] == "not_shown"

    def test_a_label_without_an_interval(self):
        assert not_judged(metadata_baseline(*parts(), 0, 0)["Seen"]) == "no_interval"

    def test_a_column_that_is_mostly_unknown_is_left_out_and_the_verdict_says_by_what_it_judged(self):
        training, y, test, predictions = parts()
        sex = np.array(test.sex, object)
        sex[:500] = None
        metrics = metadata_baseline(training, y, replace(test, sex=sex), predictions, 200, 0)["Seen"]
        assert metrics["metadata"] == ["age", "view"]
        assert metrics["verdict"] == "more_than_metadata"


def test_a_label_that_the_test_part_cannot_score_has_nothing():
    training, y, test, predictions = parts()
    targets = np.array(predictions.targets)
    targets[:, 1] = 0
    metrics = metadata_baseline(training, y, test, replace(predictions, targets=targets), 20, 0)["Seen"]
    assert not_judged(metrics) == "one_class"
    assert metrics["roc_auc"] is metrics["advantage"] is metrics["advantage_interval"] is None
    assert (metrics["positives"], metrics["negatives"]) == (0, 800)


class TestRefused:
    def test_another_number_of_rows(self):
        training, y, test, predictions = parts()
        short = Metadata(test.sex[1:], test.age[1:], test.view[1:])
        with pytest.raises(DataError, match=r"800 test radiographs.*799"):
            metadata_baseline(training, y, short, predictions, 5, 0)
        with pytest.raises(DataError, match=r"training labels \(2399, 2\) for 2400"):
            metadata_baseline(training, y[1:], test, predictions, 5, 0)

    def test_columns_that_differ_in_length(self):
        training, y, test, predictions = parts()
        with pytest.raises(DataError, match="800, 799, 800"):
            metadata_baseline(training, y, replace(test, age=test.age[1:]), predictions, 5, 0)
