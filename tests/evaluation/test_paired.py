"""Two runs on the same test part, against copying the cases of each drawn patient."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.evaluation.reference import expanded_percentiles, patients_of_each_class
from xraykit.errors import DataError
from xraykit.evaluation import Predictions, bootstrap_intervals, delong_comparison, paired_differences

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


def copied(first, second, score, column, resamples, seed):
    """Difference of one figure in each resample, by scikit-learn."""
    patients, differences = np.asarray(first.patients), []
    names = np.unique(patients)
    for drawn in np.random.default_rng(seed).integers(len(names), size=(resamples, len(names))):
        cases = np.concatenate([np.flatnonzero(patients == names[patient]) for patient in drawn])
        y = first.targets[cases, column]
        known = cases[~np.isnan(y)]
        y = first.targets[known, column]
        differences.append(score(y, second.scores[known, column]) - score(y, first.scores[known, column]))
    return differences


def test_figures_and_intervals_are_those_of_copied_cases():
    first, second = two_runs()
    compared = paired_differences(first, second, 40, 5)
    for name, score in (("roc_auc", roc_auc_score), ("average_precision", average_precision_score)):
        of_labels, numbers = [], []
        for column, label in enumerate(LABELS[:2]):
            known = ~np.isnan(first.targets[:, column])
            y = first.targets[known, column]
            expected = [score(y, run.scores[known, column]) for run in (first, second)]
            figures = compared["labels"][label]
            assert figures[name] == pytest.approx(expected, abs=1e-12)
            assert figures[f"{name}_difference"] == pytest.approx(expected[1] - expected[0], abs=1e-12)
            differences = copied(first, second, score, column, 40, 5)
            numbers.append(min(patients_of_each_class(first.targets[:, column], first.patients)))
            interval = expanded_percentiles(differences, numbers[-1])
            assert figures[f"{name}_difference_interval"] == pytest.approx(interval, abs=1e-12)
            of_labels.append(differences)
        means = np.mean(of_labels, axis=0)
        interval = expanded_percentiles(means, max(numbers))
        assert compared["macro"][f"{name}_difference_interval"] == pytest.approx(interval, abs=1e-12)
        mean = np.mean([compared["labels"][label][f"{name}_difference"] for label in LABELS[:2]])
        assert compared["macro"][f"{name}_difference"] == pytest.approx(mean, abs=1e-12)
    assert (compared["images"], compared["patients"]) == (90, len(set(first.patients.tolist())))


def test_each_label_has_delongs_p_value_and_its_counts():
    first, second = two_runs()
    figures = paired_differences(first, second, 5, 0)["labels"]
    for column, label in enumerate(LABELS[:2]):
        y = first.targets[:, column]
        test = delong_comparison(y, first.scores[:, column], second.scores[:, column])
        assert figures[label]["delong_p_value"] == test.p_value
        assert (figures[label]["positives"], figures[label]["negatives"]) == (sum(y == 1), sum(y == 0))


def test_what_is_not_estimable_is_missing_and_all_of_it_is_json():
    compared = paired_differences(*two_runs(), 20, 0)
    hernia = compared["labels"]["Hernia"]
    assert hernia["roc_auc"] == [None, None]
    for name in ("roc_auc_difference", "roc_auc_difference_interval", "delong_p_value"):
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
    first, _ = two_runs()
    compared = paired_differences(first, first, 30, 0)
    for figures in (compared["macro"], compared["labels"]["Mass"]):
        assert figures["roc_auc_difference"] == 0
        assert figures["roc_auc_difference_interval"] == figures["average_precision_difference_interval"] == [0, 0]
    assert compared["labels"]["Mass"]["delong_p_value"] == 1


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
        with pytest.raises(DataError, match=r"radiograph must stand once.*90 names.*89 differ"):
            paired_differences(first, replace(second, images=images), 5, 0)

    def test_fewer_names_than_predictions(self):
        first, second = two_runs()
        with pytest.raises(DataError, match="89 radiographs and 90 rows"):
            paired_differences(replace(first, images=first.images[:-1]), second, 5, 0)
