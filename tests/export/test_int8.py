"""Quantisation to 8-bit integers: calibrated on pictures that are not of the test part, with its loss in ROC AUC."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.bundle.runs import network_of
from tests.evaluate.conftest import TINY
from tests.json_files import EXPORT_SCHEMA, assert_valid
from xraykit.export import TARGETS, open_runtime, read_export
from xraykit.export.__main__ import main
from xraykit.runs import FinishedRun

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["onnx", "litert", "openvino"])
def test_a_run_is_quantised_on_its_training_part_and_measured_on_its_validation_part(trained, tmp_path, capsys, name):
    folder = tmp_path / "klein ü"
    arguments = [str(trained), "--to", name, "--int8", "--folder", str(folder), "--plugin", str(TINY)]
    assert main([*arguments, "--resamples", "200"]) == 0
    output = capsys.readouterr().out
    assert_valid(folder / "export.json", EXPORT_SCHEMA)
    _, record = read_export(folder)
    run, loss = FinishedRun.open(trained), record.quantisation
    assert (record.precision, loss.part, loss.calibration_pictures) == ("int8", "validation", 100)
    assert (record.verification.measure, record.verification.tolerance) == ("share_of_deviation", 0.75)
    assert 0 < record.verification.difference <= 0.75
    assert "training part" in loss.calibrated_on
    validation = run.predictions().query("part == 'validation'")
    assert (loss.images, loss.patients) == (len(validation), validation["patient"].nunique())
    assert loss.split == run.split
    before, after = loss.macro.roc_auc
    low, high = loss.macro.roc_auc_difference_interval
    assert loss.macro.roc_auc_difference == pytest.approx(after - before)
    assert low <= after - before <= high
    assert abs(after - before) < 0.1
    assert f"Mean ROC AUC {before:.4f} in the bundle, {after:.4f} in int8" in output
    assert "the run's validation part" in output
    assert loss.calls_changed <= loss.calls == validation.filter(like="_logit").notna().to_numpy().sum()


def test_the_network_of_an_int8_export_has_integers(trained, tmp_path):
    import onnx

    assert main([str(trained), "--to", "onnx", "--int8", "--folder", str(tmp_path / "a"), "--resamples", "0"]) == 0
    assert main([str(trained), "--to", "onnx", "--folder", str(tmp_path / "b")]) == 0
    kinds = {name: {node.op_type for node in onnx.load(tmp_path / name / "model.onnx").graph.node} for name in "ab"}
    assert "QuantizeLinear" in kinds["a"] - kinds["b"]
    classifier = FinishedRun.open(trained).classifier()
    pictures = np.random.default_rng(0).integers(0, 256, (8, 48, 48), np.uint8)
    exact, coarse = (open_runtime(TARGETS["onnx"], tmp_path / each).logits(pictures) for each in "ba")
    np.testing.assert_allclose(exact, classifier.logits(pictures), atol=1e-4)
    assert np.abs(coarse - exact).max() > 0
    assert sorted(path.name for path in (tmp_path / "a").glob("*.onnx")) == ["model.onnx"]


@pytest.fixture(scope="module")
def sample(trained, tmp_path_factory):
    """A table of the run's validation radiographs under other names."""
    root, run = tmp_path_factory.mktemp("sample"), FinishedRun.open(trained)
    validation = run.predictions().query("part == 'validation'")
    experiment = run.experiment([str(TINY)])
    from xraykit.data import load_parts

    table = load_parts(experiment.data, experiment.split_seed, sealed_test=True).catalog_of("validation").table
    paths = dict(zip(table["image"], table["path"], strict=True))
    for image in validation["image"]:
        (root / f"local {image}").write_bytes(Path(paths[image]).read_bytes())
    labels = {label: validation[label] for label in run.labels}
    frame = pd.DataFrame({"image": "local " + validation["image"], "patient": validation["patient"], **labels})
    for label in run.labels:
        frame[label] = frame[label].astype("Int64")
    frame.to_csv(root / "labels.csv", index=False)
    return root / "labels.csv"


def test_a_bundle_without_its_run_needs_a_sample_and_divides_it_by_patient(trained, sample, tmp_path, capsys):
    bundle = FinishedRun.open(trained).bundle.path
    handed_over = tmp_path / "by mail"
    shutil.copytree(bundle, handed_over)
    arguments = [str(handed_over), "--to", "onnx", "--int8", "--resamples", "100"]
    assert main([*arguments, "--folder", str(tmp_path / "none")]) == 2
    assert "--sample labels.csv" in capsys.readouterr().err
    assert main([*arguments, "--folder", str(tmp_path / "out"), "--sample", str(sample)]) == 0
    loss = read_export(tmp_path / "out")[1].quantisation
    table = pd.read_csv(sample)
    assert loss.part == "sample"
    assert loss.calibration_pictures + loss.images == len(table)
    assert 0 < loss.patients < table["patient"].nunique()
    assert "half of the patients" in loss.measured_on


def test_pictures_of_the_test_part_are_refused(trained, tmp_path, capsys):
    run = FinishedRun.open(trained)
    tested = run.predictions().query("part == 'test'")["image"].iloc[0]
    (tmp_path / tested).write_bytes(run.bundle.golden.read_bytes())
    arguments = [str(trained), "--to", "onnx", "--int8", "--folder", str(tmp_path / "out")]
    assert main([*arguments, "--calibrate", str(tmp_path / tested)]) == 2
    assert "run's test part" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_changed_data_are_refused(trained, tmp_path, capsys):
    copy = shutil.copytree(trained, tmp_path / "run")
    about = json.loads((copy / "model" / "model.json").read_text())
    about["data_fingerprint"] = "0" * 64
    (copy / "model" / "model.json").write_text(json.dumps(about))
    (copy / "model" / "manifest.json").unlink()
    about.pop("manifest")
    (copy / "model" / "model.json").write_text(json.dumps(about))
    assert main([str(copy), "--to", "onnx", "--int8", "--folder", str(tmp_path / "out")]) == 2
    assert "were changed since" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["another network", "ranges of black pictures"])
def test_a_quantised_network_that_computes_something_else_is_not_written(trained, tmp_path, capsys, monkeypatch, wrong):
    from xraykit.export import export as exporting

    convert, other = exporting.convert, network_of(FinishedRun.open(trained).experiment([str(TINY)]), seed=5)

    def converted(network, target, folder, calibration):
        if wrong == "another network":
            convert(other, target, folder, calibration)
        else:
            convert(network, target, folder, np.zeros_like(calibration))

    monkeypatch.setattr(exporting, "convert", converted)
    assert main([str(trained), "--to", "onnx", "--int8", "--folder", str(tmp_path / "out" / "x")]) == 2
    message = capsys.readouterr().err
    assert "in int8 does not compute what the bundle does" in message
    assert "--calibrate" in message
    assert list((tmp_path / "out").iterdir()) == []
