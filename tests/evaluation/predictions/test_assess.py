"""From a table of predictions to metrics."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, recall_score, roc_auc_score

from xraykit.config import Evaluation, Rule, SplitRecord
from xraykit.data.catalog import Catalog
from xraykit.errors import DataError
from xraykit.evaluation import DecisionRule, untrained_labels
from xraykit.evaluation.predictions import (
    assess,
    cross_fitting_metrics,
    data_facts,
    label_warnings,
    of_part,
    prediction_table,
    shortcuts,
    with_probabilities,
)

LABELS = ("Mass", "Edema")
SPLIT = SplitRecord.read("by patient 70/10/20, seed 7")
SETTINGS = Evaluation(resamples=40, prevalence={"Mass": 0.02}, subgroups=("sex", "age", "scanner"))
SAMPLING = {"resamples": 40, "seed": 7}


def a_catalog(n=200, seed=0):
    generator = np.random.default_rng(seed)
    patients = generator.integers(0, 60, n)
    return Catalog(
        pd.DataFrame(
            {
                "image": [f"{seed}_{row}.png" for row in range(n)],
                "path": [f"/data/{seed}_{row}.png" for row in range(n)],
                "patient": [f"p{patient}" for patient in patients],
                "sex": pd.Series(generator.choice(["M", "F"], n), dtype=object).where(generator.random(n) > 0.1),
                "age": np.where(generator.random(n) > 0.1, generator.integers(5, 90, n), np.nan),
                "view": pd.Series(generator.choice(["PA", "AP"], n), dtype=object),
                "scanner": generator.choice(["old", "new"], n),
                **{label: (generator.random(n) < 0.3).astype(np.float32) for label in LABELS},
            }
        ),
        LABELS,
        "labels.csv",
        "0" * 64,
        columns=("scanner",),
    )


def a_table(part, seed):
    catalog = a_catalog(seed=seed)
    noise = np.random.default_rng(seed).normal(size=(len(catalog), 2))
    return prediction_table(catalog, part, 2 * catalog.targets() + noise)


@pytest.fixture(scope="module")
def run():
    table = pd.concat([a_table("validation", 1), a_table("test", 2)], ignore_index=True)
    targets, logits, patients = of_part(table, "validation", LABELS)
    rules = {"Mass": Rule("youden"), "Edema": Rule("sensitivity", 0.9)}
    decision_rule = DecisionRule.fit(
        targets,
        logits,
        LABELS,
        method="platt",
        rules=rules,
        fitted_on="validation part",
        patients=patients,
        min_patients=10,
    )
    return with_probabilities(table, decision_rule), decision_rule


@pytest.fixture(scope="module")
def metrics(run):
    return assess(*run, SETTINGS, SPLIT, seed=7)


def test_the_table_has_a_label_its_logit_and_its_probability_side_by_side_and_no_path(run):
    assert list(run[0].columns) == [
        *("image", "patient", "part", "sex", "age", "view", "scanner"),
        *("Mass", "Mass_logit", "Mass_probability", "Edema", "Edema_logit", "Edema_probability"),
    ]
    pd.testing.assert_frame_equal(with_probabilities(*run), run[0])


def test_metrics_are_of_the_test_part_alone_and_agree_with_scikit_learn(run, metrics):
    test = run[0][run[0]["part"] == "test"]
    assert (metrics["part"], metrics["images"], metrics["split"]) == ("test", len(test), SPLIT.as_values())
    for label in LABELS:
        values, p = metrics["labels"][label], test[f"{label}_probability"]
        assert values["roc_auc"] == pytest.approx(roc_auc_score(test[label], p))
        calls = p >= values["threshold"]
        assert values["sensitivity"] == pytest.approx(recall_score(test[label], calls))
        after = metrics["calibration"]["labels"][label]["after"]
        assert after["brier"] == pytest.approx(brier_score_loss(test[label], p))
        before = metrics["calibration"]["labels"][label]["before"]
        assert before["brier"] == pytest.approx(
            brier_score_loss(test[label], 1 / (1 + np.exp(-test[f"{label}_logit"])))
        )
    assert metrics["labels"]["Edema"]["operating_point"] == {
        "rule": "sensitivity>=0.9",
        "reason": None,
        "reason_code": None,
    }
    assert metrics["labels"]["Mass"]["reader"]["prevalence"] == 0.02
    assert metrics["labels"]["Edema"]["reader"] is None


def test_everything_is_plain_json_and_no_patient_is_named(run, metrics):
    said = json.dumps(metrics, allow_nan=False)
    assert json.loads(said) == metrics
    assert not any(f'"{patient}"' in said for patient in run[0]["patient"])


def test_subgroups_are_those_asked_for_with_unknown_ones_named(metrics):
    assert set(metrics["subgroups"]) == {"sex", "age", "scanner"}
    assert set(metrics["subgroups"]["sex"]) == {"F", "M", "unknown"}
    assert "40-59" in metrics["subgroups"]["age"]
    assert set(metrics["subgroups"]["scanner"]) == {"new", "old"}


def test_other_test_labels_do_not_change_how_logits_are_read(run):
    table, decision_rule = run
    turned = table.copy()
    test = turned["part"] == "test"
    turned.loc[test, "Mass"] = 1 - turned.loc[test, "Mass"]
    assert (
        assess(turned, decision_rule, SETTINGS, SPLIT, seed=7)["labels"]["Mass"]["threshold"]
        == decision_rule.thresholds["Mass"]
    )
    pd.testing.assert_series_equal(
        with_probabilities(turned, decision_rule)["Mass_probability"], table["Mass_probability"]
    )


def test_the_baseline_without_pictures_stands_beside_the_model(run):
    values = shortcuts(a_catalog(seed=5), *run, **SAMPLING)
    assert values["Mass"]["roc_auc"] > 0.8
    assert values["Mass"]["metadata_roc_auc"] < 0.7
    assert values["Mass"]["verdict"] == "more_than_metadata"


def test_a_table_of_an_older_run_has_probabilities_alone(run):
    table, _ = run
    older = table.drop(columns=[f"{label}_logit" for label in LABELS])
    logits = of_part(older, "test", LABELS)[1]
    p = older.loc[older["part"] == "test", "Mass_probability"]
    np.testing.assert_allclose(1 / (1 + np.exp(-logits[:, 0])), p)
    with pytest.raises(DataError, match="lacks Hernia"):
        of_part(older, "test", ["Mass", "Hernia"])


def test_facts_of_the_data_count_and_name_nobody():
    from xraykit.data import Parts

    catalogs = {part: a_catalog(seed=seed) for seed, part in enumerate(("train", "validation", "test"))}
    sizes = {part: len(catalog) for part, catalog in catalogs.items()}
    parts = Parts(SPLIT, LABELS, "f", "i", sizes, catalogs, pd.DataFrame(), ())
    facts = data_facts(parts)
    table = catalogs["test"].table
    test = facts["parts"]["test"]
    assert test["patients"] == table["patient"].nunique()
    assert test["sex"]["F"] == (table["sex"] == "F").sum()
    assert test["sex"]["unknown"] == table["sex"].isna().sum()
    assert test["age"]["median"] == table["age"].median()
    assert test["labels"]["Mass"]["positives"] == (table["Mass"] == 1).sum()
    said = json.dumps(facts, allow_nan=False)
    assert not any(f'"{patient}"' in said for patient in table["patient"])


def test_radiographs_are_ranked_by_logits_so_that_isotonic_steps_make_no_ties(run):
    table, _ = run
    targets, logits, patients = of_part(table, "validation", LABELS)
    rules = dict.fromkeys(LABELS, Rule("youden"))
    stepped = DecisionRule.fit(
        targets,
        logits,
        LABELS,
        method="isotonic",
        rules=rules,
        fitted_on="validation part",
        patients=patients,
        min_patients=10,
    )
    read = with_probabilities(table, stepped)
    metrics, test = assess(read, stepped, SETTINGS, SPLIT, seed=7), read[read["part"] == "test"]
    for label in LABELS:
        by_logit, by_step = (roc_auc_score(test[label], test[f"{label}_{kind}"]) for kind in ("logit", "probability"))
        assert metrics["labels"][label]["roc_auc"] == pytest.approx(by_logit)
        assert by_logit != pytest.approx(by_step)
    men = test[test["sex"] == "M"]
    assert metrics["subgroups"]["sex"]["M"]["labels"]["Mass"]["roc_auc"] == pytest.approx(
        roc_auc_score(men["Mass"], men["Mass_logit"])
    )
    assert (
        shortcuts(a_catalog(seed=5), read, stepped, **SAMPLING)["Mass"]["roc_auc"]
        == metrics["labels"]["Mass"]["roc_auc"]
    )


@pytest.fixture(scope="module")
def partly_trained(run):
    """Edema was not trained; its outputs happen to be good."""
    table, _ = run
    targets, logits, patients = of_part(table, "validation", LABELS)
    decision_rule = DecisionRule.fit(
        targets,
        logits,
        LABELS,
        method="platt",
        rules=dict.fromkeys(LABELS, Rule("youden")),
        fitted_on="validation part",
        patients=patients,
        min_patients=10,
        untrained=untrained_labels(np.where(np.arange(2) == 1, 0, targets), LABELS),
    )
    read = with_probabilities(table, decision_rule)
    return read, decision_rule, assess(read, decision_rule, SETTINGS, SPLIT, seed=7)


class TestUntrainedLabels:
    def test_nothing_is_scored_but_counted(self, partly_trained, metrics):
        edema = partly_trained[2]["labels"]["Edema"]
        assert edema["trained"] is False
        assert "0 positive and 200 negative" in edema["not_trained_reason"]
        counts = {name: metrics["labels"]["Edema"][name] for name in ("positives", "negatives")}
        assert {name: edema[name] for name in counts} == counts
        for name in ("roc_auc", "average_precision", "brier", "sensitivity", "threshold", "roc_auc_interval"):
            assert edema[name] is None
        assert partly_trained[2]["calibration"]["labels"]["Edema"]["after"]["brier"] is None

    def test_the_macro_mean_is_that_of_the_others(self, partly_trained):
        macro, labels = partly_trained[2]["macro"], partly_trained[2]["labels"]
        assert macro["roc_auc"] == labels["Mass"]["roc_auc"]
        assert (macro["labels"], macro["not_trained"], macro["not_estimable"]) == (1, ["Edema"], [])

    def test_groups_keep_their_counts_and_have_no_metrics(self, partly_trained, metrics):
        for name, group in partly_trained[2]["subgroups"]["sex"].items():
            edema = group["labels"]["Edema"]
            assert edema["positives"] == metrics["subgroups"]["sex"][name]["labels"]["Edema"]["positives"] > 0
            assert edema["roc_auc"] is None

    def test_the_table_keeps_the_logit_and_leaves_the_probability_blank(self, partly_trained):
        table = partly_trained[0]
        assert table["Edema_probability"].isna().all()
        assert table[["Edema_logit", "Mass_probability"]].notna().all(axis=None)

    def test_it_is_not_judged_to_see_more_than_metadata(self, partly_trained):
        table, decision_rule, _ = partly_trained
        values = shortcuts(a_catalog(seed=5), table, decision_rule, **SAMPLING)
        assert values["Edema"]["not_judged_code"] == "not_trained"
        assert values["Mass"]["verdict"] == "more_than_metadata"


def test_metadata_that_were_not_understood_give_no_verdict(run):
    """The column was there, but neither `male` nor `AP supine` was known: everybody was called unknown."""
    table, decision_rule = run
    catalog = a_catalog(seed=5)
    nothing = {"sex": np.nan, "age": np.nan, "view": np.nan}
    blank = replace(catalog, table=catalog.table.assign(**nothing))
    values = shortcuts(blank, table.assign(**nothing), decision_rule, **SAMPLING)
    assert {(each["verdict"], each["not_judged_code"]) for each in values.values()} == {("not_judged", "no_metadata")}


def some_parts(**changes):
    from xraykit.data import Parts

    catalogs = {part: a_catalog(seed=seed) for seed, part in enumerate(("train", "validation", "test"))} | changes
    return Parts(SPLIT, LABELS, "f", "i", {}, catalogs, pd.DataFrame(), ())


def test_before_training_labels_that_will_lack_something_are_named():
    train, validation = a_catalog(seed=0), a_catalog(seed=1)
    no_mass = replace(train, table=train.table.assign(Mass=np.float32(0)))
    one = np.zeros(len(validation), np.float32)
    one[0] = 1
    rare = replace(validation, table=validation.table.assign(Edema=one))
    said = label_warnings(some_parts(train=no_mass, validation=rare), 10)
    assert len(said) == 2
    assert "Mass will have no probability. Not trained: the training part has 0 positive" in said[0]
    assert "Edema will be neither calibrated nor have a threshold (evaluation.min_positive_patients)" in said[1]
    assert "1 with a positive" in said[1]
    assert label_warnings(some_parts(), 10) == []


class TestCrossFitting:
    def cross_fitted(self, n=160, folds=5, **changes):
        """Logits that tell nothing: whatever is gained in sample is chance."""
        generator = np.random.default_rng(2)
        y = (generator.random((n, 2)) < 0.5).astype(float)
        x, patients = generator.normal(size=(n, 2)), np.arange(n) // 2
        rules = dict.fromkeys(LABELS, Rule("youden"))
        more = {"method": "none", "patients": patients, "min_patients": 10} | changes
        decision_rule = DecisionRule.fit(y, x, LABELS, rules=rules, fitted_on="validation part", **more)
        return cross_fitting_metrics(y, x, patients, decision_rule, "none", folds, 0), decision_rule, (y, x)

    def test_in_sample_metrics_are_those_of_the_decision_rule_and_look_better_than_cross_fitted_ones(self):
        values, decision_rule, (y, x) = self.cross_fitted()
        for at, label in enumerate(LABELS):
            here, crossed = (values["labels"][label][kind] for kind in ("in_sample", "cross_fitted"))
            calls = decision_rule.calls(decision_rule.probabilities(x))[:, at]
            assert here["sensitivity"] == pytest.approx(recall_score(y[:, at], calls))
            assert here["sensitivity"] + here["specificity"] > crossed["sensitivity"] + crossed["specificity"]
        assert json.loads(json.dumps(values, allow_nan=False)) == values
        assert values["folds"] == 5

    def test_a_label_that_was_not_fitted_has_no_metrics(self):
        values, _, _ = self.cross_fitted(untrained={"Edema": "Not trained."})
        edema = values["labels"]["Edema"]
        assert edema["failed_folds"] is None
        assert set(edema["in_sample"].values()) == set(edema["cross_fitted"].values()) == {None}
        assert values["macro"]["in_sample"]["brier"] == values["labels"]["Mass"]["in_sample"]["brier"]


def test_a_prevalence_of_no_label_is_refused_and_an_absent_subgroup_is_named(run):
    with pytest.raises(DataError, match="prevalence is given for Efusion, which is no label"):
        assess(*run, SETTINGS.model_copy(update={"prevalence": {"Efusion": 0.1}}), SPLIT, seed=7)
    absent = assess(*run, SETTINGS.model_copy(update={"subgroups": ("sex", "machine")}), SPLIT, seed=7)
    assert absent["subgroups_absent"] == ["machine"]
    assert list(absent["subgroups"]) == ["sex"]
