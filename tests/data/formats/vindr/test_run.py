"""A run on phantoms in VinDr-CXR's files: DICOM, soft labels, boxes, and a label with a slash in its name."""

import json

import numpy as np
import pytest

from tests.training.conftest import TINY
from xraykit.bundle import load_model
from xraykit.config import load_experiment
from xraykit.phantoms import write_phantoms
from xraykit.phantoms.settings import Phantom
from xraykit.pipeline import run_experiment
from xraykit.predict.__main__ import main as predict
from xraykit.registry import FORMATS

pytestmark = pytest.mark.slow

LABELS = ["Nodule/Mass", "Pleural effusion", "No Finding"]


def test_from_votes_and_dicom_to_a_bundle_that_predicts_dicom(tmp_path):
    root = tmp_path / "vindr"
    write_phantoms(root, Phantom(patients=70, images=90, size=64, prevalence=0.3), layout="vindr")
    values = {
        "name": "votes",
        "plugins": [TINY],
        "data": {
            "format": "vindr",
            "root": str(root),
            "labels": LABELS,
            "vindr": {"readers": "share"},
            "image_size": 32,
        },
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 1, "batch_size": 16},
        "evaluation": {"resamples": 50, "min_positive_patients": 2},
        "explain": {"per_kind": 1, "scored": 20},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }
    folder = run_experiment(load_experiment(values)).folder
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["localisation"]["boxes"] > 0
    assert set(metrics["localisation"]["methods"]["grad_cam"]["labels"]) <= set(LABELS[:2])
    page = (folder / "report.html").read_text()
    assert "does not name patients" in page
    bundle = folder / "model"
    assert FORMATS.get("vindr").licence in (bundle / "LICENSE.md").read_text()
    assert load_model(bundle, plugins=[TINY]).labels == tuple(LABELS)
    pictures = sorted((root / "test").iterdir())[:2]
    table = tmp_path / "predictions.json"
    maps = tmp_path / "maps"
    arguments = [str(bundle), *map(str, pictures), "--plugin", TINY, "--overlays", str(maps), "--findings", "3"]
    assert predict([*arguments, "--to", str(table)]) == 0
    names = {f"{picture.stem}_{label.replace('/', '-')}.png" for picture in pictures for label in LABELS}
    assert {path.name for path in maps.iterdir()} == names
    probabilities = [row["Nodule/Mass_probability"] for row in json.loads(table.read_text())]
    assert np.isfinite(probabilities).all()
