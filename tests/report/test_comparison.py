"""Runs side by side, and the loud word where they must not be compared."""

import json

import pytest

from tests.report.conftest import HOSTILE
from tests.report.page import Page
from xraykit.errors import DataError
from xraykit.report import write_comparison
from xraykit.runs.folder import RunFolder


@pytest.fixture
def other(small_run, tmp_path):
    """The same run with another figure and another setting."""
    folder = RunFolder(tmp_path / "other" / "2")
    folder.path.mkdir(parents=True)
    metrics = json.loads(small_run.metrics.read_text())
    metrics["labels"][HOSTILE[0]] |= {"roc_auc": 0.911, "roc_auc_interval": [0.9, 0.92]}
    folder.write_json(folder.metrics, metrics)
    folder.write_text(folder.experiment, small_run.experiment.read_text().replace("epochs: 30", "epochs: 31"))
    return folder


def _change(run, **values):
    run.write_json(run.metrics, {**json.loads(run.metrics.read_text()), **values})


def test_each_run_has_its_column(small_run, other, tmp_path):
    page = Page(write_comparison([small_run, other], tmp_path / "page.html"))
    rows = page.rows("roc-auc")
    first = json.loads(small_run.metrics.read_text())["labels"][HOSTILE[0]]["roc_auc"]
    assert rows["Finding"][::2] == ["<i>evil 1", "other 2"]
    assert [cell.split()[0] for cell in rows[HOSTILE[0]][::2]] == [f"{first:.3f}", "0.911"]
    assert rows["Hernia"][0] == "not estimable"
    assert page.rows("calibration")[HOSTILE[1]][0] == page.rows("calibration")[HOSTILE[1]][1]
    after = json.loads(small_run.metrics.read_text())["calibration"]["labels"][HOSTILE[1]]["after"]
    assert f"{after['ece_chance_limit']:.3f}" in page.rows("calibration")[HOSTILE[1]][0]
    low, high = json.loads(small_run.metrics.read_text())["labels"][HOSTILE[1]]["sensitivity_interval"]
    assert f"{low:.2f} to {high:.2f} and " in page.sections["operating-points"]["rows"][2][1]
    assert page.rows("settings") == {"Setting": rows["Finding"][::2], "training.epochs": ["30", "31"]}


def test_runs_on_the_same_radiographs_may_be_compared(small_run, other, tmp_path):
    said = Page(write_comparison([small_run, other], tmp_path / "page.html")).text("overview")
    assert "must not be compared" not in said
    assert "xraykit compare" in said


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"split": "official NIH"}, "The split differs: by patient 70/10/20, seed 7; official NIH."),
        ({"data_fingerprint": "f" * 64}, "The fingerprint of the parts differs"),
        ({"images": 7}, "The number of radiographs differs: 160; 7."),
        ({"part": "validation"}, "The part differs: test; validation."),
    ],
)
def test_other_radiographs_are_loudly_refused(small_run, other, tmp_path, change, reason):
    _change(other, **change)
    path = write_comparison([small_run, other], tmp_path / "page.html")
    said = Page(path).text("overview")
    assert "Do not compare These metrics must not be compared" in said
    assert reason in said
    assert 'class="warnings loud"' in path.read_text()


def test_runs_that_do_not_say_on_what_they_were_scored_are_refused_too(small_run, other, tmp_path):
    for run in (small_run, other):
        _change(run, data_fingerprint=None)
    said = Page(write_comparison([small_run, other], tmp_path / "page.html")).text("overview")
    assert "The fingerprint of the parts is unknown: these runs do not record it." in said


def test_a_finding_that_one_run_lacks_is_a_dash(small_run, other, tmp_path):
    metrics = json.loads(other.metrics.read_text())
    metrics["labels"]["Pneumonia"] = metrics["labels"].pop(HOSTILE[0])
    other.write_json(other.metrics, metrics)
    rows = Page(write_comparison([small_run, other], tmp_path / "page.html")).rows("average-precision")
    assert rows[HOSTILE[0]][1] == "–"
    assert rows["Pneumonia"][0] == "–"


def test_an_older_run_without_an_experiment_is_reported(small_run, other, tmp_path):
    other.experiment.unlink()
    said = Page(write_comparison([small_run, other], tmp_path / "page.html")).text("settings")
    assert "other 2 has no experiment.yaml" in said


def test_one_run_is_no_comparison(small_run, tmp_path):
    with pytest.raises(DataError, match="two runs or more"):
        write_comparison([small_run], tmp_path / "page.html")
