"""A run of another run's experiment file: what agrees, and what differs."""

import copy
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import xraykit
from tests.json_files import ENVIRONMENT_SCHEMA, REPRODUCTION_SCHEMA, assert_valid
from tests.training.conftest import tiny_values  # noqa: F401 (a fixture)
from xraykit.run import main
from xraykit.runs import compared_with, describe_reproduction, original_of
from xraykit.runs.reproduction import metrics_agreement

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000)
CONTENT = st.dictionaries(
    st.text(min_size=1, max_size=5),
    NUMBERS
    | st.booleans()
    | st.text(max_size=3)
    | st.lists(NUMBERS, max_size=3)
    | st.dictionaries(st.text(max_size=3), NUMBERS),
    max_size=5,
)


@given(CONTENT)
def test_metrics_agree_with_themselves(content):
    agreement = metrics_agreement(content, copy.deepcopy(content))
    assert agreement.different == 0
    assert agreement.largest is None


@given(CONTENT, st.floats(0.001, 0.999))
def test_one_changed_number_is_found(content, value):
    before, after = {**content, "macro": {"roc_auc": 0.0}}, {**content, "macro": {"roc_auc": value}}
    agreement = metrics_agreement(before, after)
    assert agreement.different == 1
    assert agreement.largest.name == "macro.roc_auc"
    assert agreement.macro_roc_auc == [0.0, value]


@given(st.floats(-1, 1), st.floats(0, 1e-10))
def test_rounding_is_no_difference(value, distance):
    agreement = metrics_agreement({"a": value}, {"a": value + distance})
    assert agreement.different == 0
    assert agreement.rounded == (value + distance != value)


def test_a_number_that_one_run_lacks_is_a_difference_without_a_distance():
    agreement = metrics_agreement({"a": 1.0, "b": None}, {"b": 2.0})
    assert (agreement.compared, agreement.different, agreement.largest) == (2, 2, None)


def test_an_ordinary_experiment_file_is_of_no_run(tmp_path):
    (tmp_path / "experiment.yaml").write_text("name: a\n")
    assert original_of(tmp_path / "experiment.yaml") is None


@pytest.mark.slow
def test_the_experiment_file_of_a_run_reproduces_it(tiny_values, tmp_path, monkeypatch, capsys):  # noqa: F811
    """The same file gives the same numbers; other values are named; the original is not touched."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(tiny_values))
    first, _ = _run(capsys, tmp_path / "e.yaml")
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*") if path.is_file()}
    again, text = _run(capsys, first.folder / "experiment.yaml")
    found = json.loads(again.files.reproduction.read_text())
    assert found["same_settings"]
    assert found["same_data"]
    assert found["same_pictures"]
    assert found["split"]["images"] > 100
    assert found["split"]["moved"] == 0
    assert found["metrics"]["compared"] > 100
    assert found["metrics"]["different"] == 0
    assert found["environment"] == []
    assert "metrics (test part): the same, all " in text
    assert "DIFFERENT" not in text
    assert_valid(again.files.reproduction, REPRODUCTION_SCHEMA)
    assert_valid(again.files.environment, ENVIRONMENT_SCHEMA)

    other, text = _run(capsys, first.folder / "experiment.yaml", "training.epochs=1", "data.split.seed=3")
    found = compared_with(first, other)
    assert {each.name for each in found.settings} >= {"training.epochs", "data.split.seed"}
    assert found.same_data is False
    assert found.same_pictures
    assert found.split.moved > 10
    assert not found.same_metrics
    assert "settings: DIFFERENT (" in describe_reproduction(found)
    assert describe_reproduction(found) in text
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*") if path.is_file()} == before


def _run(capsys, file, *overrides):
    assert main([str(file), *overrides]) == 0
    out = capsys.readouterr().out
    return xraykit.load_run(out.strip().splitlines()[-1]), out
