"""A file that cannot be what `model.weights` names is refused when the experiment is read, before any data are."""

import json
import subprocess
import sys
import time
import zipfile

import pytest

from xraykit.config import load_experiment
from xraykit.config.weights_files import DENSENETS
from xraykit.errors import ExperimentError
from xraykit.registry import BACKBONES, Backbone


def _run(path, name="densenet121", weights=True):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Functional", "config": {"name": name}}))
        if weights:
            archive.writestr("model.weights.h5", b"...")
    return path


def _load(path, **model):
    return load_experiment({"model": {"weights": str(path), **model}})


def test_the_model_of_a_run_with_the_same_backbone_is_taken(tmp_path):
    assert _load(_run(tmp_path / "model.keras")).model.weights == str(tmp_path / "model.keras")
    path = _run(tmp_path / "tiny.keras", "keras_ConvNeXtTiny")
    assert _load(path, backbone="keras:ConvNeXtTiny").model.network == "keras_ConvNeXtTiny"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is no model.keras of a run, or is damaged"),
        (b"text", "is no model.keras of a run, or is damaged"),
        (b"PK\x03\x04 cut off", "is no model.keras of a run, or is damaged"),
    ],
)
def test_what_is_no_model_of_a_run_is_refused(tmp_path, content, complaint):
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(ExperimentError, match=f"model.keras {complaint}.*Expected: the model.keras of an earlier run"):
        _load(tmp_path / "model.keras")


@pytest.mark.parametrize("config", [b"[]", b"{", b'{"config": 3}', b'{"config": {}}'])
def test_a_model_without_a_name_is_refused(tmp_path, config):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(ExperimentError, match=r"model\.weights"):
        _load(tmp_path / "model.keras")


def test_the_model_of_another_backbone_is_refused(tmp_path):
    with pytest.raises(ExperimentError, match="contains the network 'mobilenet_v3_small' instead of 'densenet121'"):
        _load(_run(tmp_path / "model.keras", "mobilenet_v3_small"))
    with pytest.raises(ExperimentError, match=r"is no model\.keras"):
        _load(_run(tmp_path / "half.keras", weights=False))


def test_the_formats_of_weights_are_recognised_by_their_first_bytes(tmp_path):
    _run(tmp_path / "weights.pth")
    (tmp_path / "old.pt").write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")
    (tmp_path / "weights.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    (tmp_path / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    for name in ("weights.pth", "old.pt", "weights.safetensors", "weights.h5"):
        assert _load(tmp_path / name).model.weights
    (tmp_path / "notes.pth").write_bytes(b"not weights")
    with pytest.raises(ExperimentError, match=r"notes\.pth is no file of weights"):
        _load(tmp_path / "notes.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "weights.pth").read_bytes()[:40])
    with pytest.raises(ExperimentError, match="is damaged: the end of the archive is missing"):
        _load(tmp_path / "cut.pth")


def test_weights_of_other_projects_are_refused_for_other_backbones_at_once(tmp_path):
    _run(tmp_path / "weights.pth")
    with pytest.raises(ExperimentError, match="is read for densenet121 and keras:DenseNet121 alone"):
        _load(tmp_path / "weights.pth", backbone="mobilenet_v3_small")


def test_a_plug_in_may_read_files_of_its_own_format(tmp_path, monkeypatch):
    (tmp_path / "weights.own").write_bytes(b"of its own")
    monkeypatch.setitem(BACKBONES._entries, "own", Backbone(lambda pixels, weights=None: pixels))
    assert _load(tmp_path / "weights.own", backbone="own").model.weights


def test_the_backbones_with_weights_of_other_projects_are_those_that_read_them():
    from xraykit.model.weights.densenet import BACKBONES

    assert BACKBONES == DENSENETS


@pytest.mark.process
def test_the_command_refuses_it_at_once_and_leaves_no_folder(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"not a model")
    for check in ([], ["--check"]):
        arguments = [f"model.weights={tmp_path}/model.keras", f"output.root={tmp_path}/runs", *check]
        command = [sys.executable, "-X", "importtime", "-m", "xraykit.run", "experiments/quickstart.yaml", *arguments]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert time.monotonic() - began < 60
        assert done.returncode == 2
        assert "is no model.keras of a run, or is damaged" in done.stderr
        assert not any(f"| {name}\n" in done.stderr for name in ("tensorflow", "keras", "pandas", "mlflow"))
        assert not (tmp_path / "runs").exists()
