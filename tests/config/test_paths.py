"""`~` means the home folder wherever a path stands, and a run keeps paths that hold in any working directory."""

import zipfile
from pathlib import Path

import pytest

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.writestr("config.json", '{"config": {"name": "densenet121"}}')
        archive.writestr("model.weights.h5", "")
    return tmp_path


_EACH = {
    "data.root": "~/nih",
    "data.images": "~/pictures",
    "data.labels_file": "~/labels.csv",
    "data.cache": "~/cache",
    "output.root": "~/runs",
    "model.weights": "~/w.keras",
    "tracking.uri": "~/mlruns",
}


def _value(experiment, path):
    section, key = path.split(".")
    return getattr(getattr(experiment, section), key)


@pytest.mark.parametrize("key", _EACH)
@pytest.mark.parametrize("way", ["file", "override", "mapping", "with_values"])
def test_home_is_expanded_in_every_path_however_it_is_given(home, key, way):
    section, name = key.split(".")
    if way == "file":
        (home / "e.yaml").write_text(f"{section}: {{{name}: {_EACH[key]}}}\n")
        experiment = load_experiment("~/e.yaml")
    elif way == "override":
        experiment = load_experiment({}, [f"{key}={_EACH[key]}"])
    elif way == "mapping":
        experiment = load_experiment({section: {name: _EACH[key]}})
    else:
        experiment = load_experiment({}).with_values({key: _EACH[key]})
    assert _value(experiment, key) == str(home / _EACH[key][2:])


@pytest.mark.parametrize(
    ("key", "given", "found"),
    [
        ("search.storage", "sqlite:///~/s.db", "sqlite:///{home}/s.db"),
        ("tracking.uri", "sqlite:///~/m.db?timeout=3", "sqlite:///{home}/m.db?timeout=3"),
        ("tracking.uri", "http://host/~me", "http://host/~me"),
        ("search.storage", "postgresql://host/~db", "postgresql://host/~db"),
    ],
)
def test_home_is_expanded_in_addresses_of_files_and_no_others(home, key, given, found):
    assert _value(load_experiment({"search": {}}, [f"{key}={given}"]), key) == found.format(home=home)


def test_home_is_expanded_in_plug_ins_and_in_searched_weights(home):
    (home / "mine.py").write_text("")
    experiment = load_experiment(
        {"plugins": ["~/mine.py"], "search": {"space": {"model.weights": {"choices": ["none", "~/w.keras"]}}}}
    )
    assert experiment.plugins == (str(home / "mine.py"),)
    assert experiment.search.space["model.weights"].choices == ("none", str(home / "w.keras"))


def test_a_home_that_nobody_has_is_refused():
    with pytest.raises(ExperimentError, match="no home folder for '~nobody-of-this-name'"):
        load_experiment({}, ["data.root=~nobody-of-this-name/x"])


def test_variables_are_left_to_the_shell(home):
    assert load_experiment({}, ["data.root=$HOME/x"]).data.root == "$HOME/x"


def test_absolute_paths_hold_in_any_working_directory(home, monkeypatch):
    monkeypatch.chdir(home)
    values = {
        "data": {"root": "nih", "cache": "c", "images": "pictures"},
        "model": {"weights": "w.keras"},
        "tracking": {"uri": "sqlite:///m.db"},
        "output": {"root": "runs/"},
        "search": {"storage": "sqlite:///s.db", "space": {"model.weights": {"choices": ["none", "w.keras"]}}},
    }
    found = load_experiment(values).with_absolute_paths()
    assert (found.data.root, found.data.cache, found.data.images) == (f"{home}/nih", f"{home}/c", "pictures")
    assert (found.model.weights, found.output.root) == (f"{home}/w.keras", f"{home}/runs")
    assert (found.tracking.uri, found.search.storage) == (f"sqlite:///{home}/m.db", f"sqlite:///{home}/s.db")
    assert found.search.space["model.weights"].choices == ("none", f"{home}/w.keras")
    assert found.with_absolute_paths(Path("/elsewhere")) == found
    for word in ("auto", "http://host:5000", "postgresql://h/d", "databricks", "file:///x", None):
        assert load_experiment({"tracking": {"uri": word}}).with_absolute_paths().tracking.uri == word
    for word in ("imagenet", None):
        assert load_experiment({"model": {"weights": word}}).with_absolute_paths().model.weights == word
