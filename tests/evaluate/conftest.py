"""A run of the tests' tiny backbone, trained once on phantoms, and an experiment file of other phantoms."""

from pathlib import Path

import pytest
import yaml

from xraykit.config import load_experiment

TINY = Path(__file__).resolve().parents[1] / "tiny_backbone.py"
LABELS = ["Cardiomegaly", "Effusion", "Pneumothorax", "Hernia"]


def collection(root, labels, *, seed=99, size=80, images=150):
    phantom = {"patients": 100, "images": images, "size": size, "seed": seed, "prevalence": 0.25}
    return {"format": "phantom", "root": str(root), "labels": labels, "phantom": phantom}


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a finished run, which tests may add evaluations to."""
    from xraykit.pipeline import run_experiment

    root = tmp_path_factory.mktemp("trained")
    data = collection(root / "phantoms", LABELS, seed=7, size=64, images=240)
    values = {
        "name": "trained",
        "plugins": [str(TINY)],
        "data": {
            **data,
            "image_size": 48,
            "split": {"method": "patient", "train": 0.5, "validation": 0.25, "test": 0.25},
        },
        "model": {"backbone": "tiny"},
        "training": {"epochs": 3},
        "evaluation": {"min_positive_patients": 3},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(root / "runs")},
    }
    return run_experiment(load_experiment(values)).folder


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    """An experiment file whose collection lacks one of the labels and has another one."""
    root = tmp_path_factory.mktemp("other")
    file = root / "elsewhere.yaml"
    # Weights and backbone are nobody's business here.
    values = {
        "name": "other",
        "plugins": ["nowhere.py"],
        "data": collection(root / "phantoms", ["Effusion", "Cardiomegaly", "Mass", "Pneumothorax"]),
        "model": {"backbone": "unknown_here", "weights": "/nowhere/model.keras"},
    }
    file.write_text(yaml.safe_dump(values))
    return file
