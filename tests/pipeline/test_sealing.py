"""The label file is read once, and the test part stays sealed until the decision rule is fitted."""

import os
import shutil

import pytest

from xraykit.config import load_experiment
from xraykit.data import SealedData, load_sealed
from xraykit.data import parts as parts_module
from xraykit.errors import CheckpointError, DataError, SealedPartError
from xraykit.pipeline import network, run_experiment
from xraykit.search.trial_training import TrialTraining
from xraykit.training import ScratchTrainer, TrainingData

pytestmark = pytest.mark.slow


@pytest.fixture
def reads(monkeypatch):
    """How often the label file was read in this process."""
    calls, read = [], parts_module.read_catalog

    def counted(data):
        calls.append(data.format)
        return read(data)

    monkeypatch.setattr(parts_module, "read_catalog", counted)
    return calls


@pytest.fixture
def steps(monkeypatch):
    """The steps of the runs of a test, in order, with whether the test part was sealed in each."""
    seen = []
    for owner, name in (
        (ScratchTrainer, "fit"),
        (ScratchTrainer, "predict"),
        (network, "fit_decision_rule"),
        (network, "unseal"),
        (network, "evaluate_test_part"),
    ):
        monkeypatch.setattr(owner, name, _noted(getattr(owner, name), name, seen))
    return seen


def _noted(step, name, seen):
    def noted(*arguments):
        given = [each.parts for each in arguments if isinstance(each, SealedData | TrainingData)]
        seen.append((name, all("test" not in parts.catalogs for parts in given)))
        return step(*arguments)

    return noted


def test_a_run_reads_the_label_file_once_and_unseals_the_test_part_last(tiny_values, reads, steps):
    run_experiment(load_experiment(tiny_values))
    assert len(reads) == 1
    assert steps == [
        ("fit", True),
        ("predict", True),
        ("fit_decision_rule", True),
        ("unseal", True),
        ("predict", False),
        ("evaluate_test_part", False),
    ]


def test_a_search_reads_the_label_file_once_and_its_trials_cannot_reach_the_test_part(
    tiny_values, reads, steps, monkeypatch
):
    trial, sealed = TrialTraining.__call__, []

    def watched(self, values, reporter):
        with pytest.raises(SealedPartError, match="test part is sealed"):
            self._parts.catalog_of("test")
        sealed.append(reporter.number)
        return trial(self, values, reporter)

    monkeypatch.setattr(TrialTraining, "__call__", watched)
    tiny_values["training"]["epochs"] = 1
    run_experiment(load_experiment({**tiny_values, "search": {"n_trials": 2}}))
    assert len(reads) == 1
    assert sealed == [0, 1]
    assert [name for name, _ in steps].index("unseal") == 5
    assert all(is_sealed for _, is_sealed in steps[:6])


def _label_file(data):
    return data.parts.catalog_of("train").label_files[0]


@pytest.mark.parametrize("change", ["label file", "picture", "removed label file"])
def test_data_that_change_during_the_training_are_refused_when_the_test_part_is_unsealed(
    tiny_values, tmp_path, monkeypatch, change
):
    shutil.copytree(tiny_values["data"]["root"], tmp_path / "own")
    tiny_values["data"]["root"] = str(tmp_path / "own")
    tiny_values["training"]["epochs"] = 1
    experiment = load_experiment(tiny_values)
    data = load_sealed(experiment.data, experiment.split_seed)

    def meanwhile():
        if change == "picture":
            with open(data.parts.paths[0], "ab") as file:
                file.write(b"more")
        elif change == "label file":
            _label_file(data).write_text(_label_file(data).read_text().replace("Effusion", "Edema"))
        else:
            os.unlink(_label_file(data))
        return {}

    real = network.unseal

    def changed_before(*arguments):
        meanwhile()
        return real(*arguments)

    monkeypatch.setattr(network, "unseal", changed_before)
    expected = {
        "picture": (CheckpointError, r"picture_sizes: recorded \w+, found \w+"),
        "label file": (CheckpointError, r"label_file: recorded \w+, found \w+"),
        "removed label file": (DataError, r"was read when the run started and cannot be read now: No such file"),
    }
    error, message = expected[change]
    with pytest.raises(error, match=message):
        run_experiment(experiment)


def test_the_object_that_holds_the_labels_of_the_test_part_shows_none_of_them(tiny_experiment):
    data = load_sealed(tiny_experiment.data, tiny_experiment.split_seed)
    assert repr(data) == f"SealedData(by patient 70/10/20, seed 7, {data.parts.sizes})"
    with pytest.raises(SealedPartError):
        data.parts.catalog_of("test")
    assert len(data.unsealed().catalog_of("test")) == data.parts.sizes["test"]
