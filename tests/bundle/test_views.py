"""A bundle with test-time augmentation predicts with the views that its calibration was fitted on."""

import json

import numpy as np
import pytest

import xraykit.bundle.contents
from tests.bundle.runs import LABELS, change_about, write_ensemble_run, write_run
from xraykit.bundle import BundleFolder, copy_bundle, load_model
from xraykit.bundle.manifest import write_manifest
from xraykit.config import load_experiment
from xraykit.data import read_radiograph
from xraykit.errors import ExperimentError, ModelError
from xraykit.evaluation import combined_logits
from xraykit.model import views_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("shifted"), evaluation={"test_time_augmentation": "shifts"})


@pytest.fixture(scope="module")
def pictures(files):
    return np.stack([read_radiograph(file, 32) for file in files[:5]])


def means(model, pictures, name):
    seen = [view(pictures[..., None].astype(np.float32)) for view in views_of(name)]
    return np.mean([np.asarray(model(each, training=False), np.float64) for each in seen], axis=0)


def test_its_logits_are_means_over_the_views(shifted, classifier, pictures):
    found = load_model(shifted.path)
    assert found.test_time_augmentation == "shifts"
    assert found.logits(pictures) == pytest.approx(means(found.model, pictures, "shifts"), abs=1e-4)
    assert found.logits(pictures, batch_size=2) == pytest.approx(found.logits(pictures), abs=1e-4)
    assert classifier.test_time_augmentation == "none"
    assert np.abs(found.logits(pictures) - classifier.logits(pictures)).max() > 0.01
    golden = json.loads((shifted.bundle / "model.json").read_text())["golden"]["logits"]
    picture = read_radiograph(shifted.bundle / "golden.png", 32)
    assert golden == pytest.approx(found.logits(picture[None])[0], abs=1e-4)


def test_each_member_of_an_ensemble_sees_the_views(tmp_path, pictures):
    run = write_ensemble_run(tmp_path, 2, evaluation={"test_time_augmentation": "shifts_and_zooms"})
    found = load_model(run.path)
    raw = np.stack([means(model, pictures, "shifts_and_zooms") for model in found.models])
    assert found.member_logits(pictures) == pytest.approx(raw, abs=1e-4)
    assert found.logits(pictures) == pytest.approx(combined_logits(found.member_rules, raw), abs=1e-4)


def test_earlier_xraykit_refuses_it_and_a_copy_keeps_the_views(shifted, tmp_path, monkeypatch, pictures):
    before = load_model(shifted.path)
    copy_bundle(shifted.path, tmp_path / "copy", before.decision_rule, {"sample": "another hospital"})
    copy = load_model(tmp_path / "copy")
    assert copy.test_time_augmentation == "shifts"
    assert np.allclose(copy.logits(pictures), before.logits(pictures), rtol=0, atol=1e-5)
    monkeypatch.setattr(xraykit.bundle.contents.ModelRecord, "VERSION", 1)
    with pytest.raises(ModelError, match=r"version 2\. This xraykit reads versions up to 1"):
        load_model(tmp_path / "copy")


def test_other_views_than_those_of_the_calibration_are_noticed(shifted, tmp_path):
    copy_bundle(shifted.path, tmp_path / "copy", load_model(shifted.path).decision_rule, {})
    bundle = BundleFolder(tmp_path / "copy")
    change_about(bundle, preprocessing={"test_time_augmentation": "shifts_zooms_and_flips"})
    with pytest.raises(ModelError, match=r"model.json was damaged or changed"):
        load_model(bundle.path)
    write_manifest(bundle)
    with pytest.raises(ModelError, match="does not yield the logits"):
        load_model(bundle.path)


def test_flipped_views_need_a_training_with_flips():
    values = {"data": {"labels": list(LABELS)}, "evaluation": {"test_time_augmentation": "flips"}}
    with pytest.raises(ExperimentError, match=r"has never seen one.*training.augmentation.flip: true"):
        load_experiment(values)
    allowed = load_experiment({**values, "training": {"augmentation": {"flip": True}}})
    assert allowed.evaluation.test_time_augmentation == "flips"
    with pytest.raises(ExperimentError, match="test_time_augmentation"):
        load_experiment({**values, "evaluation": {"test_time_augmentation": "everything"}})


def test_an_experiment_without_views_is_written_as_by_earlier_versions():
    values = {"data": {"labels": list(LABELS)}}
    assert "test_time_augmentation" not in load_experiment(values).to_yaml()
