"""Run folders, bundles and studies that earlier versions wrote still work: tests/fixtures.

They were made on 300 phantoms with the tests' tiny backbone; the pictures are drawn again from their seed when needed.
The folders of 0.2.0 were written before the packages were rearranged.
Paths of the machine that wrote them were replaced by neutral ones later, and the checksums over them computed again.
"""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

import xraykit
from xraykit import compare
from xraykit.bundle import copy_bundle
from xraykit.errors import XraykitError
from xraykit.pipeline import resume, run_experiment
from xraykit.report.__main__ import main as report
from xraykit.worklist.__main__ import main as worklist

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).with_name("fixtures")
TINY = Path(__file__).with_name("tiny_backbone.py")


@pytest.fixture(params=["run_0_1_0", "run_0_2_0"])
def run(request, tmp_path, monkeypatch):
    """A copy of the run folder whose plug-in is found; phantoms are drawn beside it."""
    folder = shutil.copytree(FIXTURES / request.param, tmp_path / "run")
    _with_own_paths(folder / "experiment.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return folder


def _with_own_paths(experiment, folder):
    values = yaml.safe_load(experiment.read_text())
    values["plugins"] = [str(TINY)]
    values["data"]["root"] = str(folder / "phantoms")
    values["output"] = {"root": str(folder / "runs")}
    experiment.write_text(yaml.safe_dump(values, sort_keys=False))


def test_its_bundle_predicts_what_it_predicted_then(run):
    about = json.loads((run / "model" / "model.json").read_text())
    decision = json.loads((run / "model" / "reading.json").read_text())["labels"]
    classifier = xraykit.load_model(run, plugins=[str(TINY)])
    answers = classifier.predict([run / "model" / "golden.png"])
    for label, logit in zip(about["labels"], about["golden"]["logits"], strict=True):
        calibration = decision[label]["calibration"]
        expected = 1 / (1 + np.exp(-(calibration["slope"] * logit + calibration["intercept"])))
        assert answers[f"{label}_probability"].item() == pytest.approx(expected, abs=1e-4)
    assert classifier.grad_cam(run / "model" / "golden.png", "Effusion").shape == (32, 32)


def test_a_recalibrated_copy_of_its_bundle_has_the_new_file_name(run, tmp_path):
    old = xraykit.load_model(run, plugins=[str(TINY)])
    copy_bundle(run, tmp_path / "copy", old.decision_rule, {"sample": "the same"})
    assert (run / "model" / "reading.json").is_file()
    assert not (tmp_path / "copy" / "reading.json").exists()
    assert (tmp_path / "copy" / "decision_rule.json").is_file()
    copy = xraykit.load_model(tmp_path / "copy", plugins=[str(TINY)])
    assert copy.decision_rule == old.decision_rule
    assert "reading.json" not in (tmp_path / "copy" / "model.json").read_text()


def test_its_report_is_made_again(run):
    assert report([str(run)]) == 0
    page = (run / "report.html").read_text()
    macro = json.loads((run / "metrics.json").read_text())["macro"]["roc_auc"]
    assert f"{macro:.3f}" in page
    assert cv2.imread(str(run / "model" / "golden.png")) is not None


def test_it_can_be_compared(run):
    figures = compare.compare_runs(run, run, resamples=200)
    assert figures["macro"]["roc_auc_difference"] == 0
    metrics = json.loads((run / "metrics.json").read_text())
    for label, values in figures["labels"].items():
        assert values["roc_auc"] == [metrics["labels"][label]["roc_auc"]] * 2


def test_its_worklist_is_made_again_with_pages(run):
    assert worklist([str(run), "--limit", "5", "--size", "48"]) == 0
    assert len(pd.read_csv(run / "worklist.csv")) == 5
    assert (run / "worklist.html").read_text().count("data:image/png;base64,") == 5


def test_a_run_that_was_stopped_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    folder = shutil.copytree(FIXTURES / "run_0_2_0", tmp_path / "runs" / "tiny" / "stopped")
    expected = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").unlink()
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "finished": False}))
    _with_own_paths(folder / "experiment.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    found = resume(folder, ["tracking.uri=null"]).metrics
    assert found["validation"] == expected["validation"]
    assert found["macro"]["roc_auc"] == pytest.approx(expected["macro"]["roc_auc"], abs=1e-6)


def test_a_study_in_sqlite_is_continued(tmp_path, monkeypatch):
    shutil.copytree(FIXTURES / "study_0_2_0" / "optuna", tmp_path / "runs" / "searched")
    experiment = tmp_path / "experiment.yaml"
    (tmp_path / "runs" / "searched" / "experiment.yaml").rename(experiment)
    _with_own_paths(experiment, tmp_path)
    monkeypatch.chdir(tmp_path)
    run = run_experiment(xraykit.load_experiment(experiment, ["search.n_trials=4", "tracking.uri=null"]))
    trials = pd.read_csv(run.folder / "search" / "trials.csv")
    assert len(trials) == 4
    assert trials["macro_roc_auc"][:3].tolist() == pytest.approx([0.44716009, 0.46119929, 0.57707031])
    assert run.metrics["study"] == {"name": "3ffea5c467fd39c2-a53f6ff3", "trials": 4, "test_part_met": 2}


def test_a_study_that_was_kept_for_keras_tuner_is_refused_and_says_what_to_do(tmp_path, monkeypatch):
    folder = shutil.copytree(FIXTURES / "study_0_2_0" / "keras_tuner", tmp_path / "runs" / "tuned")
    experiment = tmp_path / "experiment.yaml"
    (folder / "experiment.yaml").rename(experiment)
    _with_own_paths(experiment, tmp_path)
    monkeypatch.chdir(tmp_path)
    wanted = xraykit.load_experiment(experiment, ["search.n_trials=4", "tracking.uri=null"])
    with pytest.raises(XraykitError, match=r"kept for Keras Tuner.*cannot be continued.*move away") as refused:
        run_experiment(wanted)
    assert "random_search-3ffea5c467fd39c2-a53f6ff3.json" in str(refused.value)
    assert not (folder / "study" / "study.db").exists()
    for path in (folder / "study" / "keras_tuner", folder / "study" / "3ffea5c467fd39c2-a53f6ff3.record.json"):
        assert str(path) in str(refused.value)
        path.rename(tmp_path / path.name)
    run = run_experiment(wanted)
    assert run.metrics["study"] == {"name": "3ffea5c467fd39c2-a53f6ff3", "trials": 4, "test_part_met": 2}
