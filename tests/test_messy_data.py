"""From a label file as hospitals export it to figures, and back through every command that reads the run."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.files import png
from xraykit.compare import compare_runs
from xraykit.config import load_experiment
from xraykit.pipeline import run_experiment
from xraykit.report.__main__ import main as report
from xraykit.worklist.__main__ import main as worklist

pytestmark = pytest.mark.slow

TINY = str(Path(__file__).with_name("tiny_backbone.py"))
LABELS = ["No Finding", "Effusion", "Pleural_Thickening"]
FINDINGS = ["No_Finding", "effusion", "Pleural Thickening|", "Effusion|pleural_thickening"]
PATIENTS = ["NA", "null", "None", "0013", "13.0", "Li", *(f"P{number}" for number in range(60))]
SITES = ["NA", "1.0", "nan", ""]
LATERALS, ROWS = 4, 200


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("hospital")
    drawn = np.random.default_rng(0)
    (root / "images").mkdir()
    lines = ["sep=;", "Image Index;Finding Labels;Patient ID;Patient Age;Patient Sex;View Position;Site"]
    for number in range(ROWS):
        (root / "images" / f"{number}.0.PNG").write_bytes(png(drawn.integers(0, 255, (32, 32)).astype(np.uint8)))
        view = "Lateral" if number < LATERALS else ["PA erect", "AP supine", "ap", "oblique"][number % 4]
        cells = [f"images\\{number}.0.jpg", FINDINGS[number % 4], PATIENTS[number % len(PATIENTS)], "57,5"]
        lines.append(";".join([*cells, ["male", "F", "Female", "X"][number // 4 % 4], view, SITES[number % 4]]))
    (root / "Data_Entry_2017.csv").write_bytes("\r\n".join(lines).encode("utf-16"))
    values = {
        "name": "messy",
        "plugins": [TINY],
        "data": {
            "root": str(root),
            "labels": LABELS,
            "columns": ["Site"],
            "image_size": 32,
            "split": {"method": "patient"},
        },
        "model": {"backbone": "tiny"},
        "training": {"epochs": 1, "batch_size": 32},
        "evaluation": {"resamples": 0, "min_positive_patients": 1, "subgroups": ["sex", "Site"]},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(root / "runs")},
    }
    return run_experiment(load_experiment(values))


def test_what_the_label_file_says_reaches_the_figures(run):
    predictions = run.predictions()
    facts = json.loads((run.folder / "data.json").read_text())
    assert sum(part["images"] for part in facts["parts"].values()) == ROWS - LATERALS
    assert facts["laterals"] == LATERALS
    assert facts["several_spellings"] == 1
    assert facts["normalised"]["image"] == ROWS
    assert set(facts["not_understood"]) == {"sex", "view"}
    assert sum(part["patients"] for part in facts["parts"].values()) == len(PATIENTS) - 1
    assert "13.0" not in set(predictions["patient"])
    assert set(predictions["Site"].dropna()) == {"NA", "1.0", "nan"}
    assert (predictions["age"] == 57.5).all()
    assert (predictions["No Finding"] + predictions[["Effusion", "Pleural_Thickening"]].max(axis=1) == 1).all()
    assert set(run.metrics["labels"]) == set(LABELS)
    assert set(run.metrics["subgroups"]["Site"]) == {"NA", "1.0", "nan", "unknown"}


def test_every_command_reads_the_run_again(run, tmp_path, capsys):
    assert worklist([str(run.folder), "--to", str(tmp_path / "list")]) == 0
    predictions = run.predictions()
    image = predictions.loc[predictions["part"] == "test", "image"].iloc[0]
    (tmp_path / "reviewed.csv").write_text(f"image;label;corrected\r\n{image};No Finding;1,0\r\n")
    corrected = ["--corrected", str(tmp_path / "reviewed.csv"), "--to", str(tmp_path / "new")]
    assert worklist([str(run.folder), *corrected]) == 0
    assert report([str(run.folder), "--to", str(tmp_path / "report.html")]) == 0
    assert "view is lateral" in (tmp_path / "report.html").read_text()
    patients = predictions.loc[predictions["part"] == "test", "patient"].nunique()
    assert compare_runs(run.folder, run.folder, resamples=0)["patients"] == patients
    assert "Traceback" not in capsys.readouterr().err
