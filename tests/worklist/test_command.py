"""The worklist of a finished run, made again from its folder."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.worklist.made_up_run import LABELS, SPLIT, made_up_predictions, write_run
from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.manifest import write_manifest
from xraykit.config import load_experiment
from xraykit.data import load_catalog
from xraykit.runs.finished import FinishedRun
from xraykit.worklist.__main__ import main


@pytest.fixture
def run(tmp_path):
    """A run whose radiographs are not there."""
    return write_run(tmp_path / "run", resamples=0, root=str(tmp_path / "nowhere"))


@pytest.fixture
def phantoms(tmp_path):
    """A run on 24 phantoms."""
    settings = {"patients": 12, "images": 24, "size": 64}
    data = {"format": "phantom", "root": str(tmp_path / "phantoms"), "phantom": settings}
    images = load_catalog(load_experiment({"data": {**data, "labels": LABELS}})).table["image"]
    return write_run(tmp_path / "run", made_up_predictions(tuple(images)), resamples=0, **data)


def test_without_the_radiographs_there_is_a_table_and_the_log_explains_why_no_page(run, capsys, caplog):
    assert main([str(run.path), "--limit", "7"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"7 cases on 7 radiographs of the test part, split: {SPLIT}",
        "Not covered, because they have no operating point: Nodule",
        str(run.worklist),
    ]
    assert len(pd.read_csv(run.worklist)) == 7
    assert "No page is written" in caplog.text
    assert not run.worklist_page.exists()


def test_the_page_shows_the_radiographs_of_the_runs_data(phantoms, tmp_path, capsys):
    assert main([str(phantoms.path), "--to", str(tmp_path / "new"), "--size", "48"]) == 0
    page = (tmp_path / "new" / "worklist.html").read_text()
    cases = pd.read_csv(tmp_path / "new" / "worklist.csv")
    assert len(cases) > 0
    assert page.count("data:image/png;base64,") == len(cases)
    assert "48 pixels wide" in page
    assert not phantoms.worklist.exists()
    assert str(tmp_path / "new" / "worklist.html") in capsys.readouterr().out


def test_radiographs_that_were_taken_away_are_reported(phantoms, tmp_path, caplog):
    table = pd.read_csv(phantoms.predictions, dtype={"patient": str})
    table.loc[0, "image"] = "gone.png"
    table.to_csv(phantoms.predictions, index=False)
    assert main([str(phantoms.path)]) == 0
    assert "1 of its radiographs no longer exist, such as gone.png" in caplog.text


def test_phantoms_are_not_drawn_outside_the_current_folder_unless_the_user_names_one(
    phantoms, tmp_path, monkeypatch, caplog
):
    shutil.rmtree(tmp_path / "phantoms")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main([str(phantoms.path)]) == 0
    assert "--data-root" in caplog.text
    assert not (tmp_path / "phantoms").exists()
    assert not phantoms.worklist_page.exists()
    named = tmp_path / "named"
    assert main([str(phantoms.path), "--data-root", str(named), "--size", "48"]) == 0
    assert phantoms.worklist_page.is_file()
    assert (named / "phantoms.json").is_file()
    assert not (tmp_path / "phantoms").exists()


@pytest.fixture
def strangers_run(run, tmp_path):
    """A run whose experiment names a plug-in, with its format, and a backbone that nobody here knows."""
    plugin = tmp_path / "stranger.py"
    plugin.write_text(f"open({str(tmp_path / 'was_run')!r}, 'a').close()\n")
    text = run.experiment.read_text().replace("plugins: []", f"plugins: [{json.dumps(str(plugin))}]")
    text = text.replace("format: nih", "format: strange").replace("backbone: densenet121", "backbone: strange_net")
    assert text.count("strange") >= 3
    run.write_text(run.experiment, "\n".join(line for line in text.splitlines() if not line.startswith("#")) + "\n")
    return run, plugin, tmp_path / "was_run"


def test_a_plugin_that_a_run_folder_names_is_imported_only_if_the_user_names_it(strangers_run, tmp_path, caplog):
    run, plugin, was_run = strangers_run
    assert main([str(run.path)]) == 0
    assert "'strange' comes from a plug-in" in caplog.text
    table = pd.read_csv(run.worklist)
    table["corrected"] = table["given"]
    table.to_csv(tmp_path / "reviewed.csv", index=False)
    assert main([str(run.path), "--corrected", str(tmp_path / "reviewed.csv")]) == 0
    assert not was_run.exists()
    assert main([str(run.path), "--to", str(tmp_path / "again"), "--plugin", str(plugin)]) == 0
    assert was_run.exists()


def test_a_changed_operating_point_of_a_run_with_checksums_is_refused(run, capsys):
    bundle = BundleFolder(run.bundle)
    write_manifest(bundle)
    assert main([str(run.path)]) == 0
    values = json.loads(BundleFolder(run.bundle).decision_rule.read_text())
    values["labels"]["Mass"]["threshold"] = 0.999
    BundleFolder(run.bundle).decision_rule.write_text(json.dumps(values))
    assert main([str(run.path)]) == 2
    assert "decision_rule.json was damaged or changed" in capsys.readouterr().err


def test_half_a_folder_of_corrected_figures_does_not_block_the_same_command(run, tmp_path, monkeypatch):
    assert main([str(run.path)]) == 0
    table = pd.read_csv(run.worklist)
    table["corrected"] = table["given"]
    table.to_csv(tmp_path / "reviewed.csv", index=False)
    arguments = [str(run.path), "--corrected", str(tmp_path / "reviewed.csv")]
    with monkeypatch.context() as patch:
        patch.setattr("xraykit.runs.folder.RunFolder.write_table", _stopped)
        assert main(arguments) == 130
    assert not (run.path / "reviewed" / "reviewed").exists()
    assert main(arguments) == 0
    assert (run.path / "reviewed" / "reviewed" / "metrics.json").is_file()


def _stopped(*arguments):
    raise KeyboardInterrupt


def test_a_worklist_that_was_filled_in_is_not_overwritten(run, tmp_path, capsys):
    assert main([str(run.path)]) == 0
    assert main([str(run.path)]) == 0
    table = pd.read_csv(run.worklist).astype({"corrected": object})
    table.loc[1, "corrected"] = 1
    table.to_csv(run.worklist, index=False)
    filled = run.worklist.read_bytes()
    assert main([str(run.path)]) == 2
    assert "was filled in (line 3) and is not overwritten" in capsys.readouterr().err
    assert run.worklist.read_bytes() == filled
    assert main([str(run.path), "--to", str(tmp_path / "new")]) == 0


def test_an_older_runs_thresholds_come_from_its_metrics(run):
    """Such a run has no decision_rule.json, and predictions.csv has neither logits nor sex, age and view."""
    metrics, new = json.loads(run.metrics.read_text()), FinishedRun.open(run.path)
    BundleFolder(run.bundle).decision_rule.unlink()
    table = new.predictions().drop(columns=["sex", "age", "view", *[f"{label}_logit" for label in LABELS]])
    table.to_csv(run.predictions, index=False)
    old = FinishedRun.open(run.path)
    assert old.decision_rule().thresholds == {label: each["threshold"] for label, each in metrics["labels"].items()}
    assert main([str(run.path), "--limit", "5"]) == 0
    assert len(pd.read_csv(run.worklist)) == 5


def test_an_older_runs_figures_can_be_remade(run, tmp_path):
    new = FinishedRun.open(run.path)
    BundleFolder(run.bundle).decision_rule.unlink()
    table = new.predictions().drop(columns=["sex", "age", "view", *[f"{label}_logit" for label in LABELS]])
    table.to_csv(run.predictions, index=False)
    (tmp_path / "reviewed.csv").write_text("image,label,corrected\n00300.png,Mass,1\n00301.png,Mass,0\n")
    assert main([str(run.path), "--corrected", str(tmp_path / "reviewed.csv"), "--to", str(tmp_path / "new")]) == 0
    before, after = new.metrics["labels"]["Nodule"], json.loads((tmp_path / "new" / "metrics.json").read_text())
    assert after["labels"]["Hernia"]["roc_auc"] == pytest.approx(new.metrics["labels"]["Hernia"]["roc_auc"])
    assert before["threshold"] is None
    written = pd.read_csv(tmp_path / "new" / "predictions.csv").set_index("image")
    np.testing.assert_allclose(
        written["Mass_probability"], new.predictions().set_index("image")["Mass_probability"], atol=1e-12
    )


@pytest.mark.parametrize("size", ["31", "2049"])
def test_a_picture_size_out_of_range_is_reported(run, capsys, size):
    assert main([str(run.path), "--size", size]) == 2
    assert "--size must be within 32 and 2048" in capsys.readouterr().err
