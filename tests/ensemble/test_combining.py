"""Out-of-fold predictions and the mean of the members, from small tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.config import Rule, SplitRecord, load_experiment
from xraykit.ensemble.combining import Trained, combined, fit_on_out_of_fold, out_of_fold, untrained_by_any
from xraykit.ensemble.measuring import best_member, folds_spread, gain, member_score
from xraykit.ensemble.members import members_of
from xraykit.errors import DataError
from xraykit.evaluation import Calibration, DecisionRule, OperatingPoint
from xraykit.evaluation.predictions import with_probabilities

LABELS = ("Hernia", "Mass")


def rule(slope=1.0, untrained=()):
    calibrations = {
        label: Calibration() if label in untrained else Calibration("platt", slope, 0.0) for label in LABELS
    }
    points = {label: OperatingPoint(Rule("youden"), None if label in untrained else 0.5) for label in LABELS}
    return DecisionRule(calibrations, points, "validation part", dict.fromkeys(untrained, "no positives."))


def table(images, part, logits, targets=None):
    found = {"image": images, "patient": [name[:2] for name in images], "part": part, "sex": "M", "age": 50.0}
    for at, label in enumerate(LABELS):
        found[label] = 0.0 if targets is None else targets[:, at]
        found[f"{label}_logit"] = np.asarray(logits, float)[:, at]
        found[f"{label}_probability"] = 0.5
    return pd.DataFrame({**found, "view": "PA"})


@dataclass
class Run:
    folder: str = "run"


def trained(tables, rules, **values):
    experiment = load_experiment({"data": {"labels": list(LABELS), "split": {"method": "folds", "folds": 2}}, **values})
    return [
        Trained(member, Run(), own, predictions)
        for member, own, predictions in zip(members_of(experiment), rules, tables, strict=True)
    ]


@given(st.integers(0, 1000), st.integers(1, 12))
def test_each_radiograph_is_predicted_out_of_fold_once_by_the_members_of_its_fold(seed, images):
    random = np.random.default_rng(seed)
    of_folds = [[f"{fold}{number:02d}.png" for number in range(images)] for fold in range(2)]
    tables = []
    for fold in (0, 0, 1, 1):
        order = random.permutation(images)
        own = table([of_folds[fold][at] for at in order], "test", random.normal(size=(images, 2)))
        other = table(of_folds[1 - fold], "validation", random.normal(size=(images, 2)))
        tables.append(pd.concat([other, own], ignore_index=True))
    members = trained(tables, [rule(), rule(3.0), rule(), rule()], training={"seeds": 2})
    found = out_of_fold(members)
    assert sorted(found["image"]) == sorted([*of_folds[0], *of_folds[1]])
    assert set(found["part"]) == {"out_of_fold"}
    assert found.groupby("fold")["members"].first().to_dict() == {
        "0": "fold-0-seed-7;fold-0-seed-8",
        "1": "fold-1-seed-7;fold-1-seed-8",
    }
    by_image = [each[each["part"] == "test"].set_index("image") for each in tables]
    for image, logit in zip(found["image"], found["Mass_logit"], strict=True):
        first, second = by_image[:2] if image[0] == "0" else by_image[2:]
        slope = 3 if image[0] == "0" else 1
        assert logit == pytest.approx((first["Mass_logit"][image] + slope * second["Mass_logit"][image]) / 2)


def test_members_that_predicted_other_radiographs_are_refused():
    tables = [table(["a1", "a2"], "test", np.zeros((2, 2))), table(["a1"], "test", np.zeros((1, 2)))]
    with pytest.raises(DataError, match="predicted other radiographs"):
        combined(tables, [rule(), rule()], "test")


def test_a_label_that_one_member_could_not_train_is_not_predicted_by_the_ensemble():
    tables = [table(["a1"], "test", [[0, 0]]), table(["b1"], "test", [[0, 0]])]
    members = trained(tables, [rule(), rule(untrained=("Mass",))])
    assert untrained_by_any(members) == {"Mass": "Member fold-1: no positives."}


def random_tables(patients=60, seed=0):
    random = np.random.default_rng(seed)
    tables = []
    for fold in range(2):
        targets = (random.random((patients, 2)) < 0.4).astype(float)
        logits = targets + random.normal(size=(patients, 2))
        images = [f"{fold}{number:03d}.png" for number in range(patients)]
        rows = table(images, "test", logits, targets)
        rows["patient"] = images
        tables.append(rows)
    return tables


def test_calibration_and_thresholds_are_fitted_on_out_of_fold_predictions():
    members = trained(random_tables(), [rule(), rule()])
    experiment = load_experiment({"data": {"labels": list(LABELS)}, "evaluation": {"min_positive_patients": 5}})
    found = fit_on_out_of_fold(experiment, out_of_fold(members), {})
    assert found.fitted_on == "out-of-fold predictions of 120 radiographs of 120 patients"
    assert all(each.calibrated for each in found.calibrations.values())
    untrained = fit_on_out_of_fold(experiment, out_of_fold(members), {"Mass": "no positives."})
    assert untrained.thresholds["Mass"] is None


def test_the_spread_of_folds_is_that_of_their_metrics():
    members = trained(random_tables(), [rule(), rule()])
    predictions = with_probabilities(out_of_fold(members), rule())
    found = folds_spread(predictions, rule(), SplitRecord(method="folds"))
    scores = [member_score(each, {}) for each in members]
    assert [each["macro"]["roc_auc"] for each in found["each"]] == pytest.approx(scores)
    assert found["roc_auc"]["lowest"] == pytest.approx(min(scores))
    assert found["roc_auc"]["highest"] == pytest.approx(max(scores))
    assert {each["images"] for each in found["each"]} == {60}
    # Nothing that looks like an error of the mean: the folds are not independent.
    assert set(found["roc_auc"]) == {"lowest", "mean", "highest"}


def test_counts_of_a_label_that_was_not_trained_are_the_true_ones():
    tables = random_tables()
    members = trained(tables, [rule(), rule()])
    found = folds_spread(out_of_fold(members), rule(untrained=("Mass",)), SplitRecord(method="folds"))
    assert found["each"][0]["labels"]["Mass"]["roc_auc"] is None
    assert found["each"][0]["labels"]["Mass"]["positives"] == int(tables[0]["Mass"].sum())


def test_the_best_member_is_the_first_of_the_highest_known_score():
    assert best_member({"a": 0.5, "b": 0.7, "c": 0.7}) == "b"
    assert best_member({"a": None, "b": 0.2}) == "b"
    assert best_member({"a": None}) is None


@pytest.mark.parametrize(("noise", "verdict"), [(2.0, "better"), (0.0, "not_shown")])
def test_the_gain_is_paired_and_its_verdict_is_what_the_interval_supports(noise, verdict):
    random = np.random.default_rng(1)
    ensemble = random_tables(patients=400)[0].drop(columns=["Hernia_probability", "Mass_probability"])
    best = ensemble.assign(
        **{f"{label}_logit": ensemble[f"{label}_logit"] + noise * random.normal(size=400) for label in LABELS}
    )
    settings = load_experiment({"evaluation": {"resamples": 20}}).evaluation
    found = gain(best, ensemble, rule(), settings, 7)
    assert found["verdict"] == verdict
    assert (found["macro"]["roc_auc_difference"] > 0) == (verdict == "better")


def test_no_verdict_is_given_on_few_patients():
    tables = random_tables(patients=12)
    settings = load_experiment({"evaluation": {"resamples": 20}}).evaluation
    found = gain(tables[0], tables[0].iloc[::-1].reset_index(drop=True), rule(), settings, 7)
    assert found["verdict"] == "not_judged"
