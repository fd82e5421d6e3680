"""A small ensemble, trained once for all tests that read it."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
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


@contextmanager
def unsealings():
    """The radiographs of each test part that is unsealed, in order, and ``None`` where an ensemble's rule is fitted."""
    from xraykit.data import SealedData
    from xraykit.ensemble import results

    events = []

    def noting(original, event):
        def call(*arguments):
            events.append(event(*arguments))
            return original(*arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SealedData, "unsealed", noting(SealedData.unsealed, lambda data: set(data._test.table["image"])))
        for name in ("fit_decision_rule", "fit_on_out_of_fold"):
            patch.setattr(results, name, noting(getattr(results, name), lambda *_: None))
        yield events


@dataclass(frozen=True)
class Unsealed:
    """The events of a run; see :func:`unsealings`."""

    events: list
    run: object


@pytest.fixture(scope="session")
def unsealed_folds(phantoms, tmp_path_factory):
    from xraykit import run_experiment

    given = values(phantoms, tmp_path_factory.mktemp("folds") / "runs")
    given["training"]["seeds"] = 2
    with unsealings() as events:
        return Unsealed(events, run_experiment(load_experiment(given)))


@pytest.fixture(scope="session")
def folds_run(unsealed_folds):
    """A finished ensemble of two folds and two seeds, with held-out patients."""
    return unsealed_folds.run


class Stopped(Exception):
    """An ensemble ends right before its decision rule is fitted."""


@pytest.fixture(scope="session")
def stopped_seeds(phantoms, tmp_path_factory):
    """The folder of an ensemble of two seeds that was stopped before its rule was fitted; patients' ids are hashed.

    A copy, as :func:`unsealed_seeds` continues it.
    """
    from xraykit import run_experiment
    from xraykit.ensemble import results
    from xraykit.runs import RunFolder

    root = tmp_path_factory.mktemp("seeds")
    given = values(phantoms, root / "runs", method="patient")
    given["training"]["seeds"] = 2
    given["data"]["patient_ids"] = "hash"
    given["data"]["duplicates"] = "allow"
    given["tracking"]["uri"] = "auto"
    experiment = load_experiment(given)

    def stop(*_):
        raise Stopped

    folder = RunFolder.begin(experiment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "fit_decision_rule", stop)
        with pytest.raises(Stopped):
            run_experiment(experiment, folder)
    shutil.copytree(folder.path, root / "stopped")
    return folder.path, root / "stopped"


@pytest.fixture(scope="session")
def unsealed_seeds(stopped_seeds):
    from xraykit.ensemble import resume

    with unsealings() as events:
        return Unsealed(events, resume(stopped_seeds[0]))


@pytest.fixture(scope="session")
def seeds_run(unsealed_seeds):
    """A finished ensemble of two seeds on one split, which was stopped and continued; patients' ids are hashed."""
    return unsealed_seeds.run


@pytest.fixture(scope="session")
def whole_run(phantoms, tmp_path_factory):
    """A finished ensemble of two folds of all patients: nobody is held out."""
    from xraykit import run_experiment

    return run_experiment(load_experiment(values(phantoms, tmp_path_factory.mktemp("whole") / "runs", held_out="none")))
