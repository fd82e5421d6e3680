"""A small ensemble, trained once for all tests that read it."""

from pathlib import Path

import pytest

from tests.training.conftest import TINY, tiny_values
from xraykit.config import load_experiment

__all__ = ["tiny_values"]


def values(root: Path, output: Path, **split) -> dict:
    return {
        "name": "tiny",
        "plugins": [TINY],
        "data": {
            "root": str(root),
            "labels": ["Atelectasis", "Effusion", "Infiltration"],
            "image_size": 32,
            "split": {"method": "folds", "folds": 2, "validation": 0.2, "train": 0.6, **split},
        },
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 1, "batch_size": 32},
        "evaluation": {"resamples": 50, "min_positive_patients": 3},
        "explain": {"per_kind": 1, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(output)},
    }


@pytest.fixture(scope="session")
def folds_run(phantoms, tmp_path_factory):
    """A finished ensemble of two folds and two seeds, with held-out patients."""
    from xraykit import run_experiment

    given = values(phantoms, tmp_path_factory.mktemp("folds") / "runs")
    given["training"]["seeds"] = 2
    return run_experiment(load_experiment(given))


@pytest.fixture(scope="session")
def seeds_run(phantoms, tmp_path_factory):
    """A finished ensemble of two seeds on one split; patients' ids are hashed."""
    from xraykit import run_experiment

    given = values(phantoms, tmp_path_factory.mktemp("seeds") / "runs", method="patient")
    given["training"]["seeds"] = 2
    given["data"]["patient_ids"] = "hash"
    given["data"]["duplicates"] = "allow"
    return run_experiment(load_experiment(given))


@pytest.fixture(scope="session")
def whole_run(phantoms, tmp_path_factory):
    """A finished ensemble of two folds of all patients: nobody is held out."""
    from xraykit import run_experiment

    return run_experiment(load_experiment(values(phantoms, tmp_path_factory.mktemp("whole") / "runs", held_out="none")))
