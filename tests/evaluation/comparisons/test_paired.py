"""Two runs on the same test part, against copying the cases of each drawn patient."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from xraykit.errors import DataError
from xraykit.evaluation import Predictions, bootstrap_intervals, holm, paired_differences
from xraykit.evaluation.ranking import average_precisions
from xraykit.evaluation.statistics.clustered_auc import clustered_auc
from xraykit.evaluation.statistics.resampling import resampled
from xraykit.evaluation.statistics.roc_auc_intervals import difference_p_value, roc_auc_difference_interval

NAN = np.nan
LABELS = ["Mass", "Edema", "Hernia"]


def two_runs(seed=0, n=90):
    generator = np.random.default_rng(seed)
    y = (generator.random((n, 3)) < [0.4, 0.2, 0]).astype(float)
    y[generator.random((n, 3)) < 0.1] = NAN
    scores = generator.normal(np.nan_to_num(y))
    images, patients = [f"{at}.png" for at in range(n)], generator.integers(0, 30, n)
    first = Predictions(images, patients, LABELS, y, np.round(scores, 1))
    return first, replace(first, scores=np.round(scores + generator.normal(np.nan_to_num(y), 0.5), 1))


def test_metrics_are_those_of_scikit_learn_and_the_interval_of_the_roc_auc_that_of_the_two():
    first, second = two_runs()
    compared = paired_differences(first, second, 200, 5)
    codes = np.unique(first.patients, return_inverse=True)[1]
    for name, score in (("roc_auc", roc_auc_score), ("average_precision", average_precision_score)):
        for column, label in enumerate(LABELS[:2]):
            known = ~np.isnan(first.targets[:, column])
            y = first.targets[known, column]
            expected = [score(y, run.scores[known, column]) for run in (first, second)]
            metrics = compared["labels"][label]
            assert metrics[name] == pytest.approx(expected, abs=1e-12)
            assert metrics[f"{name}_difference"] == pytest.approx(expected[1] - expected[0], abs=1e-12)
        mean = np.mean([compared["labels"][label][f"{name}_difference"] for label in LABELS[:2]])
        assert compared["macro"][f"{name}_difference"] == pytest.approx(mean, abs=1e-12)
    for column, label in enumerate(LABELS[:2]):
        pair = [(run.targets[:, column], run.scores[:, column]) for run in (first, second)]
        expected = roc_auc_difference_interval(*pair, codes).interval
        assert compared["labels"][label]["roc_auc_difference_interval"] == expected
    assert (compared["images"], compared["patients"]) == (90, len(set(first.patients.tolist())))


def test_the_interval_of_average_precision_follows_from_both_and_how_they_go_together():
    first, second = two_runs(n=200)
    codes = np.unique(first.patients, return_inverse=True)[1]
    statistics = [average_precisions(run.targets, run.scores, codes) for run in (first, second)]
    in_resamples = [values[0] for values in resampled(statistics, len(set(codes)), 300, 2)]
    around = [
        bootstrap_intervals(run.targets, run.scores, run.patients, LABELS, 300, 2)["labels"]["Mass"]
        for run in (first, second)
    ]
    mass = paired_differences(first, second, 300, 2)["labels"]["Mass"]
    (low_1, high_1), (low_2, high_2) = (each["average_precision_interval"] for each in around)
    one, two = mass["average_precision"]
    alike = np.corrcoef(*in_resamples)[0, 1]
    below = np.sqrt((two - low_2) ** 2 + (high_1 - one) ** 2 - 2 * alike * (two - low_2) * (high_1 - one))
    above = np.sqrt((high_2 - two) ** 2 + (one - low_1) ** 2 - 2 * alike * (high_2 - two) * (one - low_1))
    expected = [two - one - below, two - one + above]
    assert mass["average_precision_difference_interval"] == pytest.approx(expected, abs=1e-9)


def test_each_label_has_a_p_value_over_patients_and_its_counts():
    first, second = two_runs(n=200)
    metrics = paired_differences(first, second, 5, 0)["labels"]
    for column, label in enumerate(LABELS[:2]):
        y, patients = first.targets[:, column], np.asarray(first.patients)
        pair = [clustered_auc(y, run.scores[:, column], patients) for run in (first, second)]
        assert metrics[label]["p_value"] == difference_p_value(*pair)
        assert (metrics[label]["positives"], metrics[label]["negatives"]) == (sum(y == 1), sum(y == 0))
        assert metrics[label]["positive_patients"] == len(set(patients[y == 1].tolist()))
        assert metrics[label]["p_value_reason"] is None


def test_a_label_of_few_patients_has_no_p_value_and_stays_out_of_the_second_mean():
    first, second = two_runs(n=200)
    targets = first.targets.copy()
    targets[:, 1] = np.isin(first.patients, range(5))
    compared = paired_differences(replace(first, targets=targets), replace(second, targets=targets), 200, 0)
    mass, edema = compared["labels"]["Mass"], compared["labels"]["Edema"]
    assert (edema["p_value"], edema["p_value_reason"], edema["positive_patients"]) == (None, "few_patients", 5)
    assert edema["roc_auc_difference_interval"] is not None
    assert edema["no_interval"] == {"average_precision_difference": "few_patients"}
    assert compared["macro"]["few_cases"] == ["Edema"]
    assert compared["macro"]["no_interval"] == {"average_precision_difference": "few_patients"}
    enough = compared["macro_enough_cases"]
    assert enough["labels"] == 1
    for name in ("roc_auc", "average_precision"):
        assert enough[f"{name}_difference_interval"] == mass[f"{name}_difference_interval"]


@pytest.mark.slow
def test_equal_models_seldom_differ_although_radiographs_of_a_patient_are_alike():
    """DeLong's test, adjusted by Holm, calls a difference in about half of such comparisons."""
    found = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        patients = np.repeat(np.arange(120), 4)
        y = np.repeat(generator.random((120, 5)) < 0.25, 4, axis=0).astype(float)

        def run(y=y, patients=patients, generator=generator):
            alike = generator.normal(size=(120, 5))[patients] + generator.normal(size=y.shape)
            names = [str(at) for at in range(480)]
            return Predictions(names, patients, list("abcde"), y, y + alike / np.sqrt(2))

        labels = paired_differences(run(), run(), 0, 0)["labels"]
        adjusted = holm({label: each["p_value"] for label, each in labels.items()})
        found += min(adjusted.values()) < 0.05
    assert found <= 6


def test_what_is_not_estimable_is_missing_and_all_of_it_is_json():
    compared = paired_differences(*two_runs(), 20, 0)
    hernia = compared["labels"]["Hernia"]
    assert hernia["roc_auc"] == [None, None]
    for name in ("roc_auc_difference", "roc_auc_difference_interval", "p_value"):
        assert hernia[name] is None
    assert json.loads(json.dumps(compared, allow_nan=False)) == compared


def test_all_positives_of_one_patient_give_no_interval():
    first, second = two_runs()
    patients = np.where(first.targets[:, 0] == 1, "one", np.arange(90).astype(str))
    runs = [replace(run, patients=patients) for run in (first, second)]
    mass = paired_differences(*runs, 20, 0)["labels"]["Mass"]
    assert mass["roc_auc_difference"] is not None
    assert mass["roc_auc_difference_interval"] is None


def test_a_run_does_not_differ_from_itself():
    first, _ = two_runs(n=200)
    compared = paired_differences(first, first, 200, 0)
    for metrics in (compared["macro"], compared["labels"]["Mass"]):
        assert metrics["roc_auc_difference"] == 0
        assert metrics["roc_auc_difference_interval"] == metrics["average_precision_difference_interval"] == [0, 0]
    assert compared["labels"]["Mass"]["p_value"] == 1


def test_the_order_of_radiographs_and_labels_does_not_matter():
    first, second = two_runs()
    rows, columns = np.random.default_rng(1).permutation(90), [2, 0, 1]
    place = np.ix_(rows, columns)
    shuffled = Predictions(
        [second.images[row] for row in rows],
        np.asarray(second.patients)[rows],
        [LABELS[column] for column in columns],
        second.targets[place],
        second.scores[place],
    )
    assert paired_differences(first, shuffled, 20, 3) == paired_differences(first, second, 20, 3)


def test_the_interval_of_the_difference_is_narrower_than_those_of_the_runs():
    generator = np.random.default_rng(0)
    y = (generator.random((400, 1)) < 0.3).astype(float)
    scores = generator.normal(y)
    run = Predictions([str(at) for at in range(400)], np.arange(400), ["Mass"], y, scores)
    other = replace(run, scores=scores + 0.1 * generator.normal(size=(400, 1)))
    low, high = paired_differences(run, other, 200, 0)["labels"]["Mass"]["roc_auc_difference_interval"]
    alone = bootstrap_intervals(y, scores, np.arange(400), ["Mass"], 200, 0)["labels"]["Mass"]["roc_auc_interval"]
    assert high - low < 0.3 * (alone[1] - alone[0])


class TestRefused:
    def test_other_radiographs(self):
        first, second = two_runs()
        images = ["new.png", *second.images[1:]]
        with pytest.raises(DataError, match=r"same radiographs.*first: 0\.png.*second: new\.png"):
            paired_differences(first, replace(second, images=images), 5, 0)

    def test_other_labels(self):
        first, second = two_runs()
        with pytest.raises(DataError, match=r"same labels.*first: Hernia.*second: Nodule"):
            paired_differences(first, replace(second, labels=["Mass", "Edema", "Nodule"]), 5, 0)

    def test_other_truth(self):
        first, second = two_runs()
        targets = second.targets.copy()
        targets[3, 0] = NAN if targets[3, 0] in (0, 1) else 1
        with pytest.raises(DataError, match=r"same labels.*1 of 90"):
            paired_differences(first, replace(second, targets=targets), 5, 0)

    def test_other_patients(self):
        first, second = two_runs()
        with pytest.raises(DataError, match="same patients"):
            paired_differences(first, replace(second, patients=np.arange(90)), 5, 0)

    def test_a_radiograph_twice(self):
        first, second = two_runs()
        images = [*second.images[:-1], second.images[0]]
        with pytest.raises(DataError, match=r"radiograph must occur once.*90 names.*89 differ"):
            paired_differences(first, replace(second, images=images), 5, 0)

    def test_fewer_names_than_predictions(self):
        first, second = two_runs()
        with pytest.raises(DataError, match="89 radiographs and 90 rows"):
            paired_differences(replace(first, images=first.images[:-1]), second, 5, 0)
