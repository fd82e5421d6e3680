"""Recalibration on another collection and on an external validation."""

import json
import os
import shutil

import numpy as np
import pytest

import xraykit
from xraykit.data import read_catalog
from xraykit.evaluate import experiment_of
from xraykit.phantoms import Phantom, write_phantoms
from xraykit.recalibrate.__main__ import main
from xraykit.report.__main__ import main as report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evaluation(trained, other):
    return xraykit.evaluate_on(trained, other, name="refitted", resamples=0)


def record_of(folder):
    return json.loads((folder / "recalibration.json").read_text())


def test_an_evaluation_is_recalibrated_without_decoding_a_picture(evaluation, trained, monkeypatch, capsys):
    monkeypatch.setattr("xraykit.bundle.load_model", lambda *_, **__: pytest.fail("the network was loaded"))
    assert main([str(evaluation.folder), "--resamples", "200", "--method", "temperature"]) in (0, 1)
    out, folder = capsys.readouterr().out, trained / "recalibrated" / "refitted"
    assert out.splitlines()[-1] == str(folder)
    assert "ROC AUC" in out
    record = record_of(folder)
    assert record["sample"]["evaluation"] == "refitted"
    assert record["sample"]["radiographs"] == evaluation.metrics["images"]
    before = record["labels"]["Effusion"]["before"]
    assert before["roc_auc"] == pytest.approx(evaluation.metrics["labels"]["Effusion"]["roc_auc"])
    large = evaluation.facts.calibration_in_the_large["Effusion"]
    assert before["observed_expected"] == pytest.approx(large.observed_expected, rel=1e-6)
    assert record["labels"]["Hernia"]["reason"] == "The sample has no column for it."
    assert (folder / "report.html").is_file()


def test_what_an_evaluation_had_met_of_the_training_is_reported_again(evaluation, trained, tmp_path, capsys):
    copied = tmp_path / "met"
    shutil.copytree(evaluation.folder, copied)
    values = json.loads((copied / "metrics.json").read_text())
    known = values["evaluation"]["contamination"]
    known |= {"recorded": True, "met": 3, "same_file": 3, "same_picture": 3, "in_train": 2}
    (copied / "metrics.json").write_text(json.dumps(values))
    words = ["--to", str(tmp_path / "fitted"), "--resamples", "0"]
    assert main([str(trained), str(copied), *words]) in (0, 1)
    assert "Warning: 3 of " in (out := capsys.readouterr().out)
    assert "were met in the training of the network" in out
    assert record_of(tmp_path / "fitted")["contamination"]["met"] == 3


def test_the_same_comes_of_the_pictures_themselves(evaluation, trained, other, tmp_path, capsys):
    common = ["--resamples", "0", "--method", "none", "--operating-point", "youden"]
    assert main([str(trained), str(evaluation.folder), "--to", str(tmp_path / "table"), *common]) == 0
    assert main([str(trained), str(other), "--to", str(tmp_path / "pictures"), *common]) == 0
    first, second = (record_of(tmp_path / name) for name in ("table", "pictures"))
    assert first["sample"]["radiographs"] == second["sample"]["radiographs"]
    for label in ("Effusion", "Cardiomegaly"):
        for when in ("before", "after"):
            mine, others = first["labels"][label][when], second["labels"][label][when]
            assert (mine is None) is (others is None)
            if mine:
                assert mine["brier"] == pytest.approx(others["brier"], rel=1e-4)
                assert mine["roc_auc"] == pytest.approx(others["roc_auc"], abs=1e-3)
    new = xraykit.load_model(tmp_path / "table")
    assert new.about["recalibration"]["sample"]["evaluation"] == "refitted"
    assert "refitted" in new.decision_rule.fitted_on


def test_where_nothing_can_be_fitted_metrics_and_page_are_written_and_no_network(trained, other, tmp_path, capsys):
    words = [str(trained), str(other), "data.phantom.images=30", "data.phantom.patients=20"]
    words += [f"data.root={tmp_path / 'few'}", "--to", str(tmp_path / "new"), "--resamples", "200"]
    assert main(words) == 1
    out, folder = capsys.readouterr().out, tmp_path / "new"
    assert "No label can be fitted again on this sample" in out
    assert sorted(path.name for path in folder.iterdir()) == ["predictions.csv", "recalibration.json", "report.html"]
    before = record_of(folder)["labels"]["Effusion"]["before"]
    assert before["roc_auc"] is not None
    assert "20 of each are needed" in (folder / "report.html").read_text()


def test_a_part_of_the_collection_can_be_kept_for_later(trained, other, tmp_path, capsys):
    words = [str(trained), str(other), "--part", "validation", "--to", str(tmp_path / "new"), "--resamples", "0"]
    assert main(words) in (0, 1)
    record = record_of(tmp_path / "new")
    assert record["sample"]["part"] == "validation"
    assert 0 < record["sample"]["radiographs"] < 150


def test_the_page_is_made_again_and_shows_metrics_before_and_after(evaluation, trained, tmp_path, capsys):
    common = ["--resamples", "200", "--method", "none"]
    assert main([str(evaluation.folder), "--to", str(tmp_path / "new"), *common]) == 0
    page = (tmp_path / "new" / "report.html").read_text()
    for words in ("Before and after", "ROC AUC", "O/E", "The local sample", "no longer an external validation"):
        assert words in page
    assert report([str(tmp_path / "new"), "--to", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text() == page
    values = record_of(tmp_path / "new")
    values["labels"] = 3
    (tmp_path / "new" / "recalibration.json").write_text(json.dumps(values))
    assert report([str(tmp_path / "new")]) == 2
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["RUN"], "No sample was given"),
        (["EVALUATION", "--part", "test"], "--part and --label are for another collection"),
        (["RUN", "labels.csv", "data.root=/x"], "One sample is expected"),
        (["RUN", "OTHER", "--label", "x"], "--label takes MODEL=COLLECTION"),
        (["RUN", "OTHER", "training.epochs=3"], "Only the section data"),
    ],
)
def test_mistakes_are_reported(evaluation, trained, other, capsys, arguments, told):
    words = {"RUN": str(trained), "OTHER": str(other), "EVALUATION": str(evaluation.folder)}
    assert main([words.get(each, each) for each in arguments]) == 2
    assert told in capsys.readouterr().err


def test_predictions_of_the_sample_name_no_patient(evaluation, tmp_path):
    assert main([str(evaluation.folder), "--to", str(tmp_path / "new"), "--resamples", "0", "--method", "none"]) == 0
    import pandas as pd

    table = pd.read_csv(tmp_path / "new" / "predictions.csv")
    assert table["patient"].between(1, 100).all()
    np.testing.assert_array_equal(np.unique(table["patient"]), np.arange(1, table["patient"].nunique() + 1))


@pytest.mark.parametrize("source", ["table", "collection"])
def test_a_sample_that_names_no_patients_is_reported(trained, other, tmp_path, capsys, source):
    if source == "table":
        catalog = read_catalog(experiment_of(other).data).table.head(30)
        sample = tmp_path / "ours.csv"
        for path in catalog["path"]:
            shutil.copy(path, tmp_path)
        catalog.assign(image=catalog["path"].map(os.path.basename))[["image", "Effusion"]].to_csv(sample, index=False)
        words, name = [str(sample)], "ours.csv"
    else:
        write_phantoms(tmp_path / "set", Phantom(patients=20, images=30, size=32, seed=4), layout="chestmnist")
        words, name = ["data.format=chestmnist", f"data.root={tmp_path / 'set'}"], "chestmnist"
    assert main([str(trained), *words, "--to", str(tmp_path / "new"), "--resamples", "0"]) == 1
    found = record_of(tmp_path / "new")["contamination"]
    assert (found["recorded"], found["met"], found["without_patients"]) == (True, 0, [name])
    sentence = f"Patients of {name} are not named: only files and pictures were compared"
    assert sentence in capsys.readouterr().out
    assert sentence in (tmp_path / "new" / "report.html").read_text()
