"""The run folder: one for each run, every file whole or not there."""

import json

import pytest

from xraykit.config import load_experiment
from xraykit.errors import DataError
from xraykit.runs.folder import RunFolder


def _experiment(root):
    return load_experiment({"name": "name", "output": {"root": str(root)}})


def test_two_runs_of_one_second_get_two_folders(tmp_path):
    folders = {RunFolder.begin(_experiment(tmp_path)).path for _ in range(5)}
    assert len(folders) == 5
    assert all(path.parent == tmp_path / "name" for path in folders)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot be created.*output\.root"):
        RunFolder.begin(_experiment(tmp_path / "file"))


def test_json_has_no_nan(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        folder.write_json(folder.metrics, {"roc_auc": float("nan")})
    assert not folder.metrics.exists()
    folder.write_json(folder.metrics, {"roc_auc": None})
    assert json.loads(folder.metrics.read_text()) == {"roc_auc": None}


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    from pathlib import Path

    folder = RunFolder(tmp_path)
    folder.write_text(folder.experiment, "old")

    def full(self, content):
        self.open("wb").write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match="No space left on device"):
        folder.write_text(folder.experiment, "new")
    assert folder.experiment.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["experiment.yaml"]


def test_nobody_else_may_read_the_salt_from_its_first_byte_on(tmp_path, monkeypatch):
    import os

    modes, replace = [], os.replace

    def seen(source, target):
        modes.append(os.stat(source).st_mode & 0o777)
        replace(source, target)

    monkeypatch.setattr(os, "replace", seen)
    folder = RunFolder(tmp_path)
    folder.write_salt("0123")
    assert modes == [0o600]
    assert folder.patient_salt.stat().st_mode & 0o777 == 0o600
    assert folder.patient_salt.read_text() == "0123\n"
