"""Free names of labels, with umlauts, blanks and brackets, work in everything that a run writes."""

import csv
import json
import logging
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import xraykit
from tests.conftest import NIH, needs_nih
from tests.data.files import png
from xraykit.bundle import load_model
from xraykit.config import load_experiment
from xraykit.pipeline import run_experiment

TINY = str(Path(__file__).resolve().parents[3] / "tiny_backbone.py")
LABELS = ("Pleuraerguss", "Herzvergrößerung", "Fraktur (Rippe)")


@pytest.fixture
def export(tmp_path):
    root = tmp_path / "Röntgenexport"
    root.mkdir()
    random = np.random.default_rng(0)
    rows = [["Bild", "Patienten-ID", *LABELS]]
    for number in range(60):
        patient = number // 2
        found = [patient % 3 == 0, patient % 4 == 0, patient % 5 == 0]
        picture = random.integers(60, 120, (40, 40)).astype(np.uint8)
        for place, each in enumerate(found):
            picture[10 * place : 10 * place + 10] += np.uint8(100 * each)
        (root / f"Thorax {number}.png").write_bytes(png(picture))
        rows.append([f"Thorax {number}.png", f"P{1543 + patient:05}", *("ja" if each else "nein" for each in found)])
    with (root / "Befunde.csv").open("w", encoding="cp1252", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    return root


@pytest.mark.slow
def test_a_run_with_free_label_names(export, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    values = {
        "name": "free",
        "plugins": [TINY],
        "data": {
            "format": "table",
            "root": str(export),
            "image_size": 32,
            "split": {"train": 0.5, "validation": 0.25, "test": 0.25},
        },
        "model": {"backbone": "tiny"},
        "training": {"epochs": 1, "batch_size": 16},
        "evaluation": {"resamples": 20, "min_positive_patients": 1},
        "explain": {"per_kind": 1, "scored": 10},
        "output": {"root": str(tmp_path / "runs")},
    }
    folder = run_experiment(load_experiment(values)).folder
    assert caplog.text.count("Befunde.csv: 60 rows, separator ;") == 1, "the log shows once what was understood"
    assert "P0154" not in caplog.text
    assert tuple(json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["labels"]) == LABELS
    run = xraykit.load_run(folder)
    assert {f"{label}_probability" for label in LABELS} <= set(run.predictions().columns)
    assert load_experiment(folder / "experiment.yaml").data.labels == LABELS
    gallery = list(csv.DictReader((folder / "gradcam" / "gallery.csv").open(encoding="utf-8-sig")))
    assert {row["label"] for row in gallery} <= set(LABELS)
    assert gallery
    assert all((folder / "gradcam" / row["file"]).is_file() for row in gallery)
    assert "Herzvergrößerung" in (folder / "report.html").read_text(encoding="utf-8")
    logged = sqlite3.connect(tmp_path / "runs" / "mlflow.db").execute("select distinct key from metrics").fetchall()
    assert {"test/Herzvergrößerung/roc_auc", "test/Fraktur _Rippe_/roc_auc"} <= {key for (key,) in logged}
    table = load_model(folder).predict([export / "Thorax 0.png"])
    assert [label for label in LABELS if f"{label}_probability" in table.columns] == list(LABELS)


@needs_nih
@pytest.mark.slow
def test_a_run_on_real_radiographs_in_a_hospitals_table(tmp_path):
    """Real radiographs of the NIH with a table as a hospital exports it; of the experiment only format and root."""
    there = {path.name for path in (NIH / "images-64").iterdir()}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images").symlink_to(NIH / "images-64")
    with (NIH / "Data_Entry_2017_v2020.csv").open(encoding="utf-8") as stream:
        source = [row for row in csv.reader(stream) if row[0] in there]
    with (tmp_path / "data" / "Befunde.csv").open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Datei", "Patientennummer", "Geschlecht", "Alter", "Strahlengang", "Erguss", "Lungenödem"])
        for image, findings, _, patient, age, sex, view, *_ in source:
            found = ["ja" if name in findings.split("|") else "nein" for name in ("Effusion", "Edema")]
            writer.writerow([image, patient, sex.lower(), f"{age} J.", view, *found])
    values = {
        "name": "real",
        "plugins": [TINY],
        "data": {"format": "table", "root": str(tmp_path / "data"), "image_size": 32},
        "model": {"backbone": "tiny"},
        "training": {"epochs": 1, "batch_size": 64},
        "evaluation": {"resamples": 20, "min_positive_patients": 1},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }
    folder = run_experiment(load_experiment(values)).folder
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert list(metrics["labels"]) == ["Erguss", "Lungenödem"]
    assert sum(part["images"] for part in json.loads((folder / "data.json").read_text())["parts"].values()) == len(
        source
    )
