"""A small experiment on phantoms in NIH's layout, with a backbone that trains in seconds."""

from pathlib import Path

import pytest

from xraykit.config import load_experiment

TINY = str(Path(__file__).resolve().parents[1] / "tiny_backbone.py")


@pytest.fixture
def tiny_values(small_nih, tmp_path):
    return {
        "name": "tiny",
        "plugins": [TINY],
        "data": {
            "root": str(small_nih),
            "labels": ["Atelectasis", "Effusion", "Infiltration"],
            "image_size": 32,
            "split": {"method": "patient"},
        },
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 2, "batch_size": 32},
        "evaluation": {"resamples": 50},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }


@pytest.fixture
def tiny_experiment(tiny_values):
    return load_experiment(tiny_values)
