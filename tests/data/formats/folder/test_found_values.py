"""Of class folders only `format` and `root` need to be given: labels and division become part of the experiment."""

import pytest

from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import ExperimentError
from xraykit.phantoms import Phantom, write_phantoms


def _data(root, **more):
    return load_experiment({"data": {"format": "folder", "root": str(root), **more}}).data


def test_labels_and_division_are_found(tmp_path):
    write_phantoms(tmp_path / "a", Phantom(patients=40, images=60, size=64), layout="folder")
    write_phantoms(tmp_path / "b", Phantom(patients=40, images=60, size=64), layout="covid")
    data = _data(tmp_path / "a")
    assert data.labels == ("PNEUMONIA",)
    assert data.split.method == "official"
    data = _data(tmp_path / "b", folder={"leave_out": ["COVID"]})
    assert set(data.labels) == {"Lung_Opacity", "Viral Pneumonia"}
    assert data.split.method == "patient"
    assert sum(load_parts(data, 7, sealed_test=False).sizes.values()) > 0
    classes = {"Any": ["Lung_Opacity", "Viral Pneumonia", "COVID"]}
    assert _data(tmp_path / "b", folder={"classes": classes}).labels == ("Any",)
    assert _data(tmp_path / "b", labels=["COVID"]).labels == ("COVID",)


def test_a_folder_without_classes_says_what_is_expected(tmp_path):
    with pytest.raises(ExperimentError, match=r"no class folders that are recognised.*one folder for each class"):
        _data(tmp_path)
