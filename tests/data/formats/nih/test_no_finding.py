"""`No Finding` as a label of NIH, from the training to the page, the worklist and published results."""

import hashlib
import json

import pandas as pd
import pytest

from tests.training.conftest import TINY
from xraykit.config import NO_FINDING, SplitRecord, load_experiment
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.formats.nih.facts import WANG_2017
from xraykit.evaluation.published import published_figures
from xraykit.pipeline import run_experiment
from xraykit.registry import PublishedResults
from xraykit.worklist.__main__ import main as worklist

LABELS = [NO_FINDING, "Cardiomegaly", "Effusion"]


def test_published_figures_are_those_of_findings_alone_and_their_mean_is_not_shown():
    results = PublishedResults("one", "official NIH", 1, _sha256("1.png"), WANG_2017.roc_auc, WANG_2017.macro_roc_auc)
    split = SplitRecord(method="official", owner="nih", seed=7)
    (shown,), _ = published_figures([results], split, (*FINDINGS, NO_FINDING), ["1.png"])
    assert set(shown["labels"]) == set(FINDINGS)
    assert shown["macro"] is None


def _sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.slow
def test_a_run_with_no_finding_is_evaluated_calibrated_reported_and_listed(tmp_path):
    values = {
        "name": "healthy",
        "plugins": [TINY],
        "data": {
            "format": "phantom",
            "root": str(tmp_path / "phantoms"),
            "labels": LABELS,
            "image_size": 32,
            "phantom": {"patients": 120, "images": 140, "size": 32, "prevalence": 0.12},
        },
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 1, "batch_size": 32},
        "evaluation": {"resamples": 50, "min_positive_patients": 2},
        "explain": {"per_kind": 1, "scored": 10},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }
    folder = run_experiment(load_experiment(values)).folder
    metrics = json.loads((folder / "metrics.json").read_text())
    found = metrics["labels"][NO_FINDING]
    predictions = pd.read_csv(folder / "predictions.csv")
    test = predictions[predictions["part"] == "test"]
    nothing = test[NO_FINDING] == 1
    assert found["positives"] == int(nothing.sum()) > 0
    assert 0 <= found["roc_auc"] <= 1
    assert metrics["calibration"]["labels"][NO_FINDING]
    assert not test.loc[nothing, ["Cardiomegaly", "Effusion"]].any().any()
    assert NO_FINDING not in json.dumps(metrics["localisation"]), "it has no place, so no box"
    assert NO_FINDING in (folder / "report.html").read_text()
    assert worklist([str(folder)]) == 0
    assert NO_FINDING in set(pd.read_csv(folder / "worklist.csv")["label"])
