"""Ensembles of other data and other choices: official lists, several sources, shifted views, other hospitals."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.ensemble.conftest import values
from tests.test_mixture import values as mixed
from xraykit import load_model, run_experiment
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.evaluate.__main__ import main as evaluate
from xraykit.recalibrate.__main__ import main as recalibrate
from xraykit.runs import FinishedEvaluation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """An experiment file of phantoms that no member has seen, and their folder."""
    root, file = tmp_path_factory.mktemp("hospital") / "set", tmp_path_factory.mktemp("experiment") / "hospital.yaml"
    phantom = {"patients": 90, "images": 120, "size": 64, "prevalence": 0.3, "seed": 21}
    labels = ["Atelectasis", "Effusion", "Infiltration"]
    data = {"format": "phantom", "root": str(root), "labels": labels, "phantom": phantom}
    file.write_text(json.dumps({"name": "hospital", "data": data}))
    return file, root


def test_an_ensemble_is_validated_on_another_collection(folds_run, hospital, capsys):
    file, root = hospital
    assert evaluate([str(folds_run.folder), str(file), "--resamples", "100"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(folds_run.folder / "evaluations" / "hospital")
    found = FinishedEvaluation.open(folds_run.folder / "evaluations" / "hospital")
    table = found.predictions()
    assert len(table) == 120
    # These are the ensemble's probabilities, not those of a member.
    classifier = load_model(folds_run.folder)
    answers = classifier.predict([root / "images" / name for name in table["image"]])
    for label in classifier.labels:
        np.testing.assert_allclose(table[f"{label}_probability"], answers[f"{label}_probability"], atol=2e-5)
    internal = found.metrics["evaluation"]["internal"]
    assert internal["part"] == "test"
    assert internal["images"] == folds_run.metrics["images"]


def test_an_ensemble_without_held_out_patients_is_validated_against_metrics_that_are_in_sample(whole_run, hospital):
    assert evaluate([str(whole_run.folder), str(hospital[0]), "--resamples", "100"]) == 0
    found = FinishedEvaluation.open(whole_run.folder / "evaluations" / "hospital")
    assert found.metrics["evaluation"]["internal"]["part"] == "out_of_fold"
    page = (found.folder / "report.html").read_text()
    assert "Internal: the out-of-fold predictions that the thresholds were chosen on." in page


def test_an_ensemble_is_calibrated_for_another_hospital(folds_run, hospital, tmp_path):
    root = hospital[1]
    source = load_parts(load_experiment(hospital[0]).data, 7, sealed_test=False)
    table = pd.concat([source.catalog_of(part).table for part in ("train", "validation", "test")])
    targets = np.concatenate([source.catalog_of(part).targets() for part in ("train", "validation", "test")])
    labels = ["Atelectasis", "Effusion", "Infiltration"]
    sample = pd.DataFrame(targets, columns=labels).astype(int)
    sample.insert(0, "image", [f"{root.name}/images/{name}" for name in table["image"]])
    sample.insert(1, "patient", table["patient"].to_numpy())
    sample.to_csv(root.parent / "local.csv", index=False)
    assert recalibrate([str(folds_run.folder), str(root.parent / "local.csv"), "--to", str(tmp_path / "local")]) == 0
    before, after = load_model(folds_run.folder), load_model(tmp_path / "local")
    assert after.members == before.members == 4
    pictures = before.read([root / "images" / name for name in table["image"][:5]])
    # The networks, their own calibrations and their mean stay; the ensemble's calibration is the hospital's.
    np.testing.assert_array_equal(after.member_logits(pictures), before.member_logits(pictures))
    np.testing.assert_array_equal(after.logits(pictures), before.logits(pictures))
    assert after.decision_rule.fitted_on != before.decision_rule.fitted_on
    answers = [each.predict([root / "images" / table["image"].iloc[0]]) for each in (before, after)]
    spreads = [each[f"{labels[0]}_spread"].iloc[0] for each in answers]
    assert spreads[0] == pytest.approx(spreads[1])


def test_official_lists_hold_out_the_official_test_part(phantoms, tmp_path):
    given = values(phantoms, tmp_path / "runs", held_out="official")
    given["explain"]["per_kind"] = 0
    run = run_experiment(load_experiment(given))
    official = set((phantoms / "test_list.txt").read_text().split())
    predictions = run.predictions()
    assert set(predictions.loc[predictions["part"] == "test", "image"]) == official
    assert not set(predictions.loc[predictions["part"] == "out_of_fold", "image"]) & official
    assert run.metrics["part"] == "test"
    assert run.metrics["ensemble"]["gain"] is not None
    assert "the test list of nih held out" in str(run.split)


def test_folds_of_two_sources_with_shifted_views_of_each_radiograph(tmp_path):
    given = mixed(tmp_path)
    given["plugins"] = values(tmp_path, tmp_path)["plugins"]
    given["data"]["split"] = {"method": "folds", "folds": 2}
    given["training"]["epochs"] = 1
    given["evaluation"] |= {"resamples": 50, "test_time_augmentation": "shifts"}
    given["explain"] = {"per_kind": 0, "scored": 0}
    run = run_experiment(load_experiment(given))
    predictions = run.predictions()
    assert set(predictions["source"]) == {"east", "west"}
    for _, rows in predictions[predictions["part"] == "out_of_fold"].groupby("fold"):
        assert set(rows["source"]) == {"east", "west"}
    assert set(run.metrics["sources"]["each"]) == {"east", "west"}
    classifier = load_model(run.folder)
    test = predictions[predictions["part"] == "test"].head(6)
    files = [tmp_path / row.source / "images" / str(row.image).split("/")[-1] for row in test.itertuples()]
    answers = classifier.predict(files)
    for label in classifier.labels:
        np.testing.assert_allclose(answers[f"{label}_probability"], test[f"{label}_probability"], atol=2e-5)
