"""Runs side by side, and the loud word where they must not be compared."""

import json

import pandas as pd
import pytest

from tests.report.conftest import HOSTILE
from tests.report.page import Page
from xraykit.compare import compare_runs
from xraykit.errors import DataError
from xraykit.evaluation import holm
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


def _scored(path, run, lower):
    """A run on the radiographs of another that scores positives lower, which makes it worse."""
    folder = RunFolder(path)
    folder.path.mkdir(parents=True)
    table = pd.read_csv(run.predictions)
    for label in HOSTILE:
        table[f"{label}_logit"] -= lower * table[label].fillna(0)
    metrics = json.loads(run.metrics.read_text())
    metrics.pop("predictions", None)
    folder.write_json(folder.metrics, metrics)
    folder.write_table(folder.predictions, table)
    return folder


@pytest.fixture
def worse(small_run, tmp_path):
    return _scored(tmp_path / "worse" / "1", small_run, 3)


@pytest.fixture
def alike(small_run, tmp_path):
    return _scored(tmp_path / "alike" / "1", small_run, 0.05)


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
    assert f"({low:.2f}–{high:.2f} and " in page.sections["operating-points"]["rows"][2][1]
    assert page.rows("settings") == {"Setting": rows["Finding"][::2], "training.epochs": ["30", "31"]}


def test_runs_on_the_same_radiographs_may_be_compared(small_run, other, tmp_path):
    said = Page(write_comparison([small_run, other], tmp_path / "page.html")).text("overview")
    assert "must not be compared" not in said
    assert "the paired differences below" in said


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


def test_paired_differences_are_those_of_the_command_and_marked_where_the_interval_excludes_0(
    small_run, worse, tmp_path
):
    page = Page(write_comparison([small_run, worse], tmp_path / "page.html", resamples=200))
    figures = compare_runs(small_run.path, worse.path, resamples=200)
    rows = {row[0]: row[1:] for row in page.sections["differences"]["rows"][: len(HOSTILE) + 3]}
    marked = set()
    for name, each in {**figures["labels"], "Macro mean": figures["macro"]}.items():
        difference, around = each["roc_auc_difference"], each["roc_auc_difference_interval"]
        if difference is None:
            assert rows[name][0].startswith("not estimable")
            continue
        assert f"{abs(difference):.3f}" in rows[name][0]
        if around is None:
            continue
        assert f"{abs(around[0]):.3f}" in rows[name][0]
        excludes = not around[0] <= 0 <= around[1]
        assert ("excludes\u00a00" in rows[name][0]) == excludes
        assert ("*" in rows[name][0]) == ((each.get("holm_p_value") or 1) < 0.05)
        marked |= {name} if excludes and difference < 0 else set()
    assert "Macro mean" in marked
    roc_auc_marks = page.sections["differences"]["marks"]
    assert marked <= set(roc_auc_marks)
    tests = sum(each["p_value"] is not None for each in figures["labels"].values())
    assert f"p (Holm) is adjusted for all {tests}" in page.text("differences")
    assert "Intervals by bootstrap over patients (200 resamples, seed 0)." in page.text("differences")


def test_p_values_of_several_runs_are_adjusted_together(small_run, worse, alike, tmp_path):
    page = Page(write_comparison([small_run, worse, alike], tmp_path / "page.html", resamples=200))
    pairs = {name: compare_runs(small_run.path, run.path, resamples=0) for name, run in (("w", worse), ("a", alike))}
    p_values = {
        (name, label): each["p_value"] for name, pair in pairs.items() for label, each in pair["labels"].items()
    }
    adjusted = holm(p_values)
    shown = {row[0]: row[1:] for row in page.sections["differences"]["rows"][: len(HOSTILE) + 1]}
    for (name, label), p in adjusted.items():
        cell = shown[label][3 if name == "w" else 7]
        assert cell.strip() == ("" if p is None else "<\u00a00.001" if p < 0.001 else f"{p:.3f}")


def test_runs_that_must_not_be_compared_have_no_differences(small_run, worse, tmp_path):
    _change(worse, data_fingerprint="f" * 64)
    page = Page(write_comparison([small_run, worse], tmp_path / "page.html"))
    assert "differences" not in page.sections


def test_a_run_without_predictions_is_reported_and_the_page_is_made(small_run, other, tmp_path):
    said = Page(write_comparison([small_run, other], tmp_path / "page.html")).text("differences")
    assert "other 2 is not compared with" in said
    assert "predictions.csv" in said


def test_a_finding_that_one_run_lacks_is_a_dash(small_run, other, tmp_path):
    metrics = json.loads(other.metrics.read_text())
    metrics["labels"]["Pneumonia"] = metrics["labels"].pop(HOSTILE[0])
    other.write_json(other.metrics, metrics)
    rows = Page(write_comparison([small_run, other], tmp_path / "page.html")).rows("average-precision")
    assert rows[HOSTILE[0]][1] == "–"
    assert rows["Pneumonia"][0] == "–"


def test_an_older_run_without_an_experiment_is_reported(small_run, other, tmp_path):
    other.experiment.unlink()
    said = Page(write_comparison([small_run, other], tmp_path / "page.html")).text("not-shown")
    assert "other 2 has no experiment.yaml" in said


def test_one_run_is_no_comparison(small_run, tmp_path):
    with pytest.raises(DataError, match="two runs or more"):
        write_comparison([small_run], tmp_path / "page.html")
