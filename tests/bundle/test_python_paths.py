"""Paths as Python users give them: ``~``, pathlib's, and one instead of a list."""

from pathlib import Path

import pytest

from xraykit.bundle import load_model
from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.inputs import named_sources
from xraykit.compare import compare_runs
from xraykit.config import load_experiment
from xraykit.errors import DataError, ModelError

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_bundle_is_found_below_the_home_folder(home):
    (home / "run" / "model").mkdir(parents=True)
    (home / "run" / "model" / "model.json").write_text("{}")
    assert BundleFolder.find("~/run").path == home / "run" / "model"
    with pytest.raises(ModelError, match=f"{home}/elsewhere contains no trained network"):
        load_model("~/elsewhere")


def test_runs_to_compare_are_found_below_the_home_folder(home):
    with pytest.raises(DataError, match=f"{home}/one is not the folder of a finished run"):
        compare_runs("~/one", Path("~/two"))


def test_pictures_are_found_below_the_home_folder(home, monkeypatch):
    assert named_sources("~/a.png") == [("~/a.png", home / "a.png")]
    monkeypatch.chdir(home)
    (home / "~b.png").write_bytes(b"")
    assert named_sources(Path("~b.png")) == [("~b.png", Path("~b.png"))]


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("kind", [str, Path])
def test_plug_ins_are_paths_of_either_kind_one_or_several(bundle, tmp_path, many, kind):
    plugin = tmp_path / "nothing_to_register.py"
    plugin.write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()\n")
    load_model(bundle.path, plugins=[kind(plugin)] if many else kind(plugin))
    assert (tmp_path / "imported").is_file()


def test_an_experiment_from_python_may_hold_paths(home):
    experiment = load_experiment({"data": {"root": Path("~/nih")}, "output": {"root": home / "runs"}})
    assert (experiment.data.root, experiment.output.root) == (str(home / "nih"), str(home / "runs"))


def test_a_classifier_is_shown_in_a_line(classifier):
    assert repr(classifier).startswith("<Classifier: ")
    assert len(repr(classifier)) < 200
    assert "<table>" in classifier._repr_html_()
    assert all(label in repr(classifier) for label in classifier.labels)
