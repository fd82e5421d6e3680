"""A run with test-time augmentation: its tables, its bundle and the golden picture use the same views."""

import json

import numpy as np
import pandas as pd
import pytest

import xraykit
from tests.conftest import on_phantoms_and_radiographs
from tests.training.conftest import TINY
from xraykit.pipeline import run_experiment

pytestmark = pytest.mark.slow

LABELS = ["Atelectasis", "Effusion", "Infiltration"]


def values(root, folder, views):
    return {
        "name": "views",
        "plugins": [TINY],
        "data": {"root": str(root), "labels": LABELS, "image_size": 32, "split": {"method": "patient"}},
        "model": {"backbone": "tiny"},
        "training": {"epochs": 2, "batch_size": 16, "augmentation": {"flip": views.endswith("flips")}},
        "evaluation": {"resamples": 0, "min_positive_patients": 1, "test_time_augmentation": views},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(folder / "runs")},
    }


@on_phantoms_and_radiographs
def test_the_tables_of_a_run_and_its_bundle_have_the_same_predictions(small_nih, tmp_path):
    runs = {
        views: run_experiment(xraykit.load_experiment(values(small_nih, tmp_path, views)))
        for views in ("none", "shifts_and_zooms")
    }
    tables = {views: pd.read_csv(run.folder / "predictions.csv") for views, run in runs.items()}
    for views, run in runs.items():
        classifier = xraykit.load_model(run.folder)
        assert classifier.test_time_augmentation == views
        for part in ("validation", "test"):
            rows = tables[views][tables[views]["part"] == part].head(20)
            found = classifier.predict([small_nih / "images" / image for image in rows["image"]])
            logits = classifier.logits(classifier.read([small_nih / "images" / image for image in rows["image"]]))
            for column, label in enumerate(LABELS):
                assert rows[f"{label}_logit"].to_numpy() == pytest.approx(logits[:, column], abs=1e-4)
                expected = found[f"{label}_probability"].to_numpy()
                assert rows[f"{label}_probability"].to_numpy() == pytest.approx(expected, abs=1e-5, nan_ok=True)
    # The training is the same; the views are not.
    difference = tables["none"]["Effusion_logit"] - tables["shifts_and_zooms"]["Effusion_logit"]
    assert np.abs(difference).max() > 1e-3
    about = json.loads((runs["shifts_and_zooms"].folder / "model" / "model.json").read_text())
    assert about["version"] == 2
    assert about["preprocessing"]["test_time_augmentation"] == "shifts_and_zooms"
