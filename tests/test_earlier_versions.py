"""A run folder and a bundle that version 0.1.0 wrote still work: tests/fixtures/run_0_1_0.

It was made on 300 phantoms with the tests' tiny backbone; its pictures are drawn again from their seed when needed.
"""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import xraykit
from xraykit import compare
from xraykit.report.__main__ import main as report
from xraykit.worklist.__main__ import main as worklist

FIXTURE = Path(__file__).with_name("fixtures") / "run_0_1_0"
TINY = Path(__file__).with_name("tiny_backbone.py")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A copy of the run folder whose plug-in is found; phantoms are drawn beside it."""
    folder = shutil.copytree(FIXTURE, tmp_path / "run")
    for name in ("experiment.yaml", "model/model.json"):
        path = folder / name
        path.write_text(path.read_text().replace("tests/tiny_backbone.py", str(TINY)))
    monkeypatch.chdir(tmp_path)
    return folder


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
