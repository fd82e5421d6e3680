"""What a worker and a continued search check first: that study and winner are the expected ones."""

import pytest

from xraykit.config import load_experiment
from xraykit.errors import CheckpointError, XraykitError
from xraykit.runs.folder import RunFolder
from xraykit.search.winner_folder import read_winner
from xraykit.search.workers.worker import _work
from xraykit.system.files import sha256_of


def _values(folder):
    return {
        "data": {
            "format": "phantom",
            "root": str(folder / "data"),
            "labels": ["Effusion"],
            "image_size": 32,
            "split": {"method": "patient"},
            "phantom": {"patients": 20, "images": 30, "size": 32, "prevalence": 0.4},
        },
        "search": {"space": {"model.dropout_rate": {"choices": [0.1, 0.3]}}},
        "tracking": {"uri": None},
        "output": {"root": str(folder)},
    }


def test_a_worker_that_finds_other_data_or_plug_ins_does_not_begin_a_study_of_its_own(tmp_path):
    job = {"experiment": load_experiment(_values(tmp_path)).values(), "study": "another", "run": None}
    with pytest.raises(XraykitError, match="have changed since the search began"):
        _work(job)
    assert not (tmp_path / "experiment" / "study").exists()


@pytest.mark.parametrize("change", ["edited", "removed", "none"])
def test_a_winner_that_was_edited_is_not_trained_as_the_winner(tmp_path, change):
    experiment = load_experiment(_values(tmp_path))
    folder = RunFolder.begin(experiment)
    winner = experiment.with_values({"search": None, "model.dropout_rate": 0.1})
    folder.write_text(folder.best_experiment, winner.to_yaml())
    folder.write_record({"winner": sha256_of(folder.best_experiment)})
    if change == "none":
        assert read_winner(folder, None) == winner
        return
    if change == "edited":
        text = folder.best_experiment.read_text()
        folder.best_experiment.write_text(text.replace("dropout_rate: 0.1", "dropout_rate: 0.5"))
    else:
        folder.best_experiment.unlink()
    with pytest.raises(CheckpointError, match="is not the winner of the search"):
        read_winner(folder, None)
