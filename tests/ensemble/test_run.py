"""A finished ensemble: what it writes, what it is measured on, and everything that reads a run."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.ensemble.conftest import values
from tests.report.page import Page
from xraykit import load_model, load_run
from xraykit.compare import compare_runs
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.ensemble import describe_ensemble, members_of
from xraykit.errors import DataError
from xraykit.evaluation import alike_rules, combined_logits
from xraykit.report import write_report
from xraykit.runs import FinishedRun

pytestmark = pytest.mark.slow


def test_out_of_fold_predictions_are_of_the_members_that_did_not_see_the_patient(folds_run):
    predictions = folds_run.predictions()
    chosen = predictions[predictions["part"] == "out_of_fold"]
    assert chosen["image"].is_unique
    assert not set(chosen["patient"]) & set(predictions.loc[predictions["part"] == "test", "patient"])
    for fold, rows in chosen.groupby("fold"):
        for name in rows["members"].iloc[0].split(";"):
            member = FinishedRun.open(folds_run.files.members / name)
            own = member.predictions()
            assert set(rows["image"]) == set(own.loc[own["part"] == "test", "image"])
            assert not set(rows["patient"]) & set(own.loc[own["part"] == "validation", "patient"])
            assert member.experiment().data.split.fold == int(fold)


def test_the_held_out_patients_are_in_no_part_of_any_member(folds_run):
    experiment = load_experiment(folds_run.files.experiment)
    test = folds_run.predictions().query("part == 'test'")
    whole = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
    assert set(test["image"]) == set(whole.catalog_of("test").table["image"])
    for member in members_of(experiment):
        parts = load_parts(member.experiment.data, member.experiment.split_seed, sealed_test=False)
        used = set().union(*(parts.catalog_of(part).table["patient"] for part in ("train", "validation", "test")))
        assert not used & set(test["patient"])


def test_the_ensemble_is_the_mean_of_its_members(folds_run, phantoms):
    classifier = load_model(folds_run.folder)
    assert classifier.members == 4
    test = folds_run.predictions().query("part == 'test'").reset_index(drop=True)
    files = [phantoms / "images" / name for name in test["image"]]
    found = classifier.predict(files)
    for label in classifier.labels:
        wanted = test[f"{label}_probability"].to_numpy()
        np.testing.assert_allclose(found[f"{label}_probability"], wanted, atol=2e-5)
    members = [FinishedRun.open(path) for path in sorted(folds_run.files.members.iterdir())]
    logits = classifier.member_logits(classifier.read(files[:3]))
    rules = [member.decision_rule() for member in members]
    np.testing.assert_allclose(classifier.logits(classifier.read(files[:3])), combined_logits(rules, logits), atol=1e-5)
    assert alike_rules(rules)[0].labels == tuple(classifier.labels)


def test_metrics_say_what_they_are_measured_on(folds_run):
    metrics = json.loads(folds_run.files.metrics.read_text())
    assert metrics["part"] == "test"
    assert metrics["out_of_fold"]["part"] == "out_of_fold"
    assert metrics["split"] == metrics["out_of_fold"]["split"]
    assert metrics["calibration"]["fitted_on"].startswith("out-of-fold predictions of ")
    found = metrics["ensemble"]
    assert [each["name"] for each in found["members"]][:2] == ["fold-0-seed-7", "fold-0-seed-8"]
    assert found["chosen_by"] == found["rule_fitted_on"] == "out_of_fold"
    scores = {each["name"]: each["score"] for each in found["members"]}
    assert found["best_member"] == max(scores, key=scores.get)
    assert all(0 <= each["test"]["roc_auc"] <= 1 for each in found["members"])
    assert [each["fold"] for each in found["folds"]["each"]] == [0, 1]
    assert metrics["images"] + metrics["out_of_fold"]["images"] == 139
    gain = found["gain"]["macro"]["roc_auc"]
    of_best = next(each for each in found["members"] if each["name"] == found["best_member"])
    assert gain == pytest.approx([of_best["test"]["roc_auc"], metrics["macro"]["roc_auc"]])


def test_the_spread_in_the_metrics_is_that_of_predict(folds_run, phantoms):
    test = folds_run.predictions().query("part == 'test'")
    answers = folds_run.classifier().predict([phantoms / "images" / image for image in test["image"]])
    for label, found in folds_run.metrics["ensemble"]["spread"].items():
        expected = answers[f"{label}_spread"]
        if found["median"] is None:
            assert expected.isna().all()
        else:
            assert [found["median"], found["largest"]] == pytest.approx([expected.median(), expected.max()], abs=1e-4)
            assert found["p90"] == pytest.approx(expected.quantile(0.9), abs=1e-4)


def test_the_report_shows_members_gain_spread_and_folds(folds_run, whole_run, tmp_path):
    shown = Page(write_report(folds_run.files, tmp_path / "folds.html"))
    text, best = shown.text("ensemble"), folds_run.metrics["ensemble"]["best_member"]
    assert "ensemble of 4 networks" in text
    assert f"best member {best}" in text
    assert {"fold-0-seed-7", "fold-1-seed-8", "The ensemble"} <= shown.rows("ensemble").keys()
    assert "Spread between the members" in text
    assert "Fold 1" in text
    page = write_report(whole_run.files, tmp_path / "whole.html")
    assert "no patients were held out" in Page(page).text("ensemble")
    assert "radiographs, out-of-fold predictions" in Page(page).text("glance")
    assert "out_of_fold part" not in page.read_text()


def test_the_report_says_where_metrics_are_of_the_radiographs_that_the_rule_was_fitted_on(
    folds_run, whole_run, tmp_path
):
    page = Page(write_report(whole_run.files, tmp_path / "whole.html"))
    assert "metrics of probabilities and calls are too good" in page.text("glance")
    assert "fitted on the same radiographs (out-of-fold predictions" in page.text("calibration")
    points = page.text("operating-points")
    assert "Thresholds were chosen on the same radiographs (out-of-fold predictions" in points
    assert "As nobody was held out" in points
    assert "on other radiographs" not in points + page.text("calibration")
    page = Page(write_report(folds_run.files, tmp_path / "folds.html"))
    assert "are too good" not in page.text("glance")
    assert "out_of_fold in metrics.json" in page.text("ensemble")
    assert "of the held-out patients, on whom nothing was chosen" in page.text("operating-points")


def test_the_metrics_mark_what_the_rule_was_fitted_on(folds_run, whole_run, seeds_run):
    assert whole_run.metrics["in_sample"] is True
    assert folds_run.metrics["in_sample"] is seeds_run.metrics["in_sample"] is False
    assert folds_run.metrics["out_of_fold"]["in_sample"] is True
    assert folds_run.summary.out_of_fold.in_sample
    assert "Calibration and thresholds were fitted on them" in describe_ensemble(folds_run.metrics)


def test_what_is_printed_names_parts_members_and_the_gain(folds_run):
    text = describe_ensemble(folds_run.metrics)
    assert "Ensemble of 4 networks; macro ROC AUC of each on its own fold:" in text
    assert "Out-of-fold predictions of " in text
    assert "so that their spread is no standard error" in text
    # 28 phantoms support no verdict, and none is given.
    best = folds_run.metrics["ensemble"]["best_member"]
    assert f"Gain over {best}: not judged, as no label has enough cases on the test part." in text


def test_members_keep_no_checkpoints_and_write_no_pages(folds_run):
    for member in folds_run.files.members.iterdir():
        assert (member / "model" / "model.keras").is_file()
        assert not (member / "checkpoints").exists()
        assert not (member / "report.html").exists()


def test_a_member_is_a_run_of_its_own(folds_run, tmp_path):
    member = load_run(folds_run.files.members / "fold-1-seed-8")
    assert str(member.split).startswith("2 folds by patient, fold 1 of 0 to 1")
    page = write_report(member.files, tmp_path / "member.html")
    assert "fold 1 of 0 to 1" in page.read_text()


def test_without_held_out_patients_the_metrics_are_out_of_fold_and_there_is_no_gain(whole_run):
    metrics = whole_run.metrics
    assert metrics["part"] == "out_of_fold"
    assert metrics["images"] == 139
    assert "out_of_fold" not in metrics
    assert metrics["ensemble"]["gain"] is None
    assert metrics["ensemble"]["gain_why"] == "no_held_out_part"
    assert "nobody" not in describe_ensemble(metrics)
    assert "no patients were held out" in describe_ensemble(metrics)
    assert "Out-of-fold predictions, split:" in whole_run.files.report.read_text()
    worklist = pd.read_csv(whole_run.files.worklist)
    assert set(worklist["image"]) <= set(whole_run.predictions()["image"])
    assert set(whole_run.data_facts()["parts"]) == {"train"}
    assert load_model(whole_run.folder).members == 2


def test_seeds_share_one_split_whose_validation_part_fits_the_rule(seeds_run):
    metrics = seeds_run.metrics
    assert metrics["part"] == "test"
    assert metrics["calibration"]["fitted_on"].startswith("validation part, ")
    found = metrics["ensemble"]
    assert found["chosen_by"] == "validation"
    assert "folds" not in found
    assert [each["seed"] for each in found["members"]] == [7, 8]
    assert set(seeds_run.predictions()["part"]) == {"validation", "test"}
    for each in found["members"]:
        alone = load_run(seeds_run.files.members / each["name"]).metrics["macro"]["roc_auc"]
        assert each["test"]["roc_auc"] == pytest.approx(alone)


def test_hashes_of_patients_are_the_same_for_all_members(seeds_run):
    tables = [load_run(path).predictions() for path in sorted(seeds_run.files.members.iterdir())]
    patients = [table.set_index("image")["patient"] for table in (*tables, seeds_run.predictions())]
    assert len(patients[0].iloc[0]) > 10
    for each in patients[1:]:
        assert each.loc[patients[0].index].tolist() == patients[0].tolist()


def test_an_ensemble_is_compared_with_itself_and_a_missing_part_is_reported(folds_run, whole_run):
    figures = compare_runs(folds_run.folder, folds_run.folder, resamples=0)
    assert figures["part"] == "test"
    assert figures["macro"]["roc_auc_difference"] == 0
    assert compare_runs(whole_run.folder, whole_run.folder, resamples=0)["part"] == "out_of_fold"
    with pytest.raises(DataError, match="Expected: one of out_of_fold, test"):
        compare_runs(folds_run.folder, folds_run.folder, part="validation", resamples=0)


def test_a_finished_ensemble_is_not_trained_again(folds_run, caplog):
    from xraykit.ensemble import resume

    times = {path: path.stat().st_mtime_ns for path in folds_run.folder.rglob("*.keras")}
    with caplog.at_level("INFO"):
        again = resume(folds_run.folder)
    assert "is finished; nothing is left to do" in caplog.text
    assert again.metrics == load_run(folds_run.folder).metrics
    assert {path: path.stat().st_mtime_ns for path in folds_run.folder.rglob("*.keras")} == times


def test_a_member_that_fails_is_named(phantoms, tmp_path):
    from xraykit import run_experiment
    from xraykit.errors import ModelError

    given = values(phantoms, tmp_path / "runs")
    given["plugins"].append(str(tmp_path / "exploding.py"))
    given["training"]["loss"] = "exploding"
    (tmp_path / "exploding.py").write_text(
        "from xraykit.registry import register_loss\n\n\n"
        "@register_loss('exploding')\n"
        "def exploding(positive, negative):\n"
        "    import keras\n"
        "    class Exploding(keras.losses.Loss):\n"
        "        def call(self, y_true, y_pred):\n"
        "            return keras.ops.sum(y_pred, axis=-1) * float('nan')\n"
        "    return Exploding()\n"
    )
    with pytest.raises(ModelError, match="Member fold-0: The loss"):
        run_experiment(load_experiment(given))
