"""The command: what it writes, what it refuses, and that a failed verification leaves nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.bundle.runs import decision_rule_of, experiment_of, network_of
from xraykit.bundle import copy_bundle, load_model
from xraykit.errors import ModelError
from xraykit.export import TARGETS, open_runtime, read_export
from xraykit.export import export as exporting
from xraykit.export.__main__ import main

pytestmark = pytest.mark.slow


def test_a_recalibrated_bundle_is_exported_into_its_own_folder_and_stays_whole(bundle, tmp_path, capsys, monkeypatch):
    # As it is typed: with a path relative to the working directory.
    monkeypatch.chdir(tmp_path)
    local = tmp_path / "local"
    copy_bundle(bundle.path, local, decision_rule_of(load_model(bundle.path).labels, seed=9, method="isotonic"), {})
    assert main(["local", "--to", "onnx"]) == 0
    summary, folder = capsys.readouterr().out.splitlines()
    assert "on the golden picture and 50 phantoms" in summary
    assert Path(folder) == Path("local", "exports", "onnx")
    _, record = read_export(Path(folder))
    assert record.source.recalibrated
    rule = json.loads((local / "decision_rule.json").read_text())
    assert json.loads((Path(folder) / "decision_rule.json").read_text())["labels"] == rule["labels"]
    load_model(local)


def test_an_ensemble_is_exported_as_one_network(ensemble, tmp_path, capsys):
    assert main([str(ensemble.path), "--to", "onnx", "--folder", str(tmp_path / "out"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["export"] == str(tmp_path / "out")
    assert printed["record"] == read_export(tmp_path / "out")[0]
    classifier, pictures = load_model(ensemble.path), np.random.default_rng(0).integers(0, 256, (9, 32, 32), np.uint8)
    received = open_runtime(TARGETS["onnx"], tmp_path / "out").logits(pictures)
    np.testing.assert_allclose(received, classifier.logits(pictures), atol=1e-4)
    assert read_export(tmp_path / "out")[1].source.members == 3


def test_a_network_that_computes_something_else_is_not_written(bundled, bundle, tmp_path, capsys, monkeypatch):
    other = network_of(experiment_of(bundled.path.parents[1]), seed=5)
    convert = exporting.convert
    monkeypatch.setattr(exporting, "convert", lambda network, *rest: convert(other, *rest))
    assert main([str(bundle.path), "--to", "onnx", "--folder", str(tmp_path / "out" / "x")]) == 2
    message = capsys.readouterr().err
    assert "does not compute what the bundle does" in message
    assert "Nothing was written" in message
    assert list((tmp_path / "out").iterdir()) == []


def test_an_example_that_prints_something_else_is_not_written(bundle, tmp_path, capsys, monkeypatch):
    text = exporting.example_of
    monkeypatch.setattr(exporting, "example_of", lambda *given: text(*given).replace("(255 / ", "(200 / "))
    assert main([str(bundle.path), "--to", "onnx", "--folder", str(tmp_path / "out" / "x")]) == 2
    assert "example of the export does not give the results" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_converted_is_reported_without_a_traceback(bundle, tmp_path, capsys, monkeypatch):
    def refuse(*arguments, **settings):
        raise ValueError("no such operation\nand more")

    import keras

    monkeypatch.setattr(keras.Model, "export", refuse)
    assert main([str(bundle.path), "--to", "openvino", "--folder", str(tmp_path / "out" / "x")]) == 2
    message = capsys.readouterr().err
    assert "cannot export this network to openvino: ValueError: no such operation" in message
    assert "Traceback" not in message
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_reported_as_such(bundle, tmp_path, capsys, monkeypatch):
    def refuse(*arguments, **settings):
        raise OSError(28, "No space left on device")

    import keras

    monkeypatch.setattr(keras.Model, "export", refuse)
    assert main([str(bundle.path), "--to", "onnx", "--folder", str(tmp_path / "out" / "x")]) == 2
    assert "cannot be written: No space left on device. Free some space" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_with_something_in_it_is_not_overwritten(exports, bundled, capsys):
    folder, _ = exports["onnx"]
    assert main([str(bundled.path), "--to", "onnx", "--folder", str(folder)]) == 2
    assert "is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "savedmodel", "--int8"], "There is no int8 export to savedmodel"),
        (["--to", "onnx", "--sample", "x.csv"], "--calibrate and --sample are for --int8"),
        (["--to", "onnx", "--folder", "x.zip"], "--folder must name a folder"),
        (["--to", "onnx", "--int8", "--resamples", "-1"], "must be 0 or more"),
    ],
)
def test_mistakes_are_reported(bundled, arguments, message, capsys):
    assert main([str(bundled.path), *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "missing", "install"),
    [
        ("onnx", "tf2onnx", 'pip install "xraykit[onnx]"'),
        ("litert", "ai_edge_litert", 'pip install "xraykit[litert]"'),
        ("openvino", "openvino", 'pip install "xraykit[openvino]"'),
    ],
)
@pytest.mark.process
def test_a_missing_package_is_reported_before_anything_heavy_is_imported(bundled, target, missing, install):
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from xraykit.export.__main__ import main\n"
        f"status = main([{str(bundled.path)!r}, '--to', {target!r}])\n"
        "print(status, sorted({'keras', 'tensorflow', 'pandas', 'numpy', 'cv2'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert ended.stdout.strip() == "2 []"
    assert install in ended.stderr
    assert missing in ended.stderr


def test_int8_of_openvino_needs_the_packages_of_onnx_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r'pip install "xraykit\[openvino,onnx\]"'):
        TARGETS["openvino"].check_installed(int8=True)
    TARGETS["openvino"].check_installed()
