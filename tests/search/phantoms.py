"""A small experiment with a search on phantoms, with a backbone that trains in seconds."""

from tests.training.conftest import TINY
from xraykit.config import load_experiment
from xraykit.errors import NonFiniteLossError


def phantom_experiment(folder, space, *, training=None, **search):
    """An experiment on 60 phantoms; ``training`` and ``search`` are added to its sections."""
    return load_experiment(
        {
            "name": "phantoms",
            "plugins": [TINY],
            "data": {
                "format": "phantom",
                "root": str(folder / "phantoms"),
                "labels": ["Effusion", "Mass"],
                "image_size": 32,
                "split": {"method": "patient"},
                "phantom": {"patients": 40, "images": 60, "size": 32, "prevalence": 0.4},
            },
            "model": {"backbone": "tiny", "dense_neurons": 64},
            "training": {"epochs": 2, "batch_size": 32, "early_stopping": None, **(training or {})},
            "tracking": {"uri": None},
            "output": {"root": str(folder / "runs")},
            "search": {"space": space, **search},
        }
    )


def diverge(callback, batch, logs=None):
    """In place of ``StopOnNonFiniteLoss.on_train_batch_end``: any finite loss is taken for NaN."""
    raise NonFiniteLossError("the loss became NaN")
