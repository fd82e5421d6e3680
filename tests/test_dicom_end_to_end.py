"""DICOM files from training to prediction, and no name, birth date or UID of a header in anything that is written."""

import csv
import json

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import NIH, needs_nih
from tests.data.decoders.dicom.files import BIRTH, NAME, PATIENT_ID, PHYSICIAN, UID, dicom
from tests.data.decoders.dicom.test_shared_files import READ, SHARED, needs_shared
from tests.data.files import png
from tests.tiny_backbone import __file__ as tiny
from xraykit.bundle import load_model
from xraykit.config import load_experiment
from xraykit.data import open_radiograph
from xraykit.evaluate.__main__ import main as evaluate
from xraykit.input_check import Screen
from xraykit.pipeline import run_experiment
from xraykit.predict.__main__ import main as predict
from xraykit.recalibrate.__main__ import main as recalibrate

PLANTED = [NAME, *NAME.split("^"), *PHYSICIAN.split("^"), BIRTH, "1957-11-03", PATIENT_ID, "4711", UID]


def written(root, rows, render):
    """Radiographs of phantoms as other files: a table without view, sex and age, and one file for each row."""
    root.mkdir()
    with (root / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "patient", "Effusion", "Infiltration"])
        for number, row in enumerate(rows):
            name, content = render(number, row)
            (root / name).write_bytes(content)
            table.writerow([name, row["patient"], row["Effusion"], row["Infiltration"]])
    return root


@pytest.fixture(scope="module")
def rows(phantoms):
    """Each phantom: its pixels, patient, view, sex and two findings."""
    table = pd.read_csv(phantoms / "Data_Entry_2017_v2020.csv", dtype=str)
    return [
        {
            "pixels": cv2.imread(str(phantoms / "images" / cells["Image Index"]), cv2.IMREAD_GRAYSCALE),
            "patient": cells["Patient ID"],
            "view": cells["View Position"],
            "sex": cells["Patient Gender"],
            "Effusion": int("Effusion" in cells["Finding Labels"]),
            "Infiltration": int("Infiltration" in cells["Finding Labels"]),
        }
        for _, cells in table.iterrows()
    ]


def as_dicom(number, row):
    """Of 12 bits, every third MONOCHROME1, without suffix."""
    values = row["pixels"].astype(np.uint16) * 16
    inverted = number % 3 == 0
    content = dicom(
        4080 - values if inverted else values,
        BitsStored=12,
        PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2",
        WindowCenter="2040",
        WindowWidth="4080",
        VOILUTFunction="LINEAR_EXACT",
        ViewPosition=row["view"],
        PatientSex=row["sex"],
        BodyPartExamined="CHEST",
    )
    return f"IM{number:06}", content


def trained(root, tmp_path, uri):
    values = {
        "name": "files",
        "plugins": [tiny],
        "data": {
            **{"format": "table", "root": str(root), "labels": ["Effusion", "Infiltration"], "image_size": 32},
            "split": {"method": "patient"},
        },
        "model": {"backbone": "tiny"},
        "training": {"epochs": 1, "batch_size": 16},
        "evaluation": {"resamples": 20, "min_positive_patients": 1},
        "explain": {"per_kind": 1, "scored": 0},
        "tracking": {"uri": uri},
        "output": {"root": str(tmp_path / "runs")},
    }
    file = tmp_path / "files.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    run_experiment(load_experiment(file))
    return next(path.parent for path in (tmp_path / "runs").rglob("metrics.json"))


@pytest.mark.slow
def test_dicom_files_are_trained_on_and_predicted_and_nothing_names_a_patient(rows, tmp_path, caplog, capfd):
    caplog.set_level("DEBUG")
    root = written(tmp_path / "export", rows, as_dicom)
    run = trained(root, tmp_path, "auto")
    facts = json.loads((run / "data.json").read_text())
    assert json.dumps(facts).count('"view": 139') == 1
    assert predict([str(run), str(root), "--to", str(tmp_path / "runs" / "predictions.csv")]) == 0
    table = pd.read_csv(tmp_path / "runs" / "predictions.csv", keep_default_na=False)
    assert len(table) == 139
    assert not table["flags"].str.contains("header").any()
    parts = pd.read_csv(run / "predictions.csv", dtype={"patient": str})
    test = parts[parts["part"] == "test"]
    test[["image", "patient", "Effusion"]].to_csv(root / "sample.csv", index=False)
    # With so few positives nothing can be fitted, which is status 1; the radiographs are read and measured.
    assert recalibrate([str(run), str(root / "sample.csv"), "--to", str(tmp_path / "runs" / "recalibrated")]) == 1
    assert (
        evaluate(
            [
                str(run),
                "data.format=table",
                f"data.root={root}",
                "data.labels_file=sample.csv",
                "data.labels=[Effusion]",
            ]
        )
        == 0
    )
    assert (run / "evaluations").is_dir()
    files = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert len(files) > 30
    texts = {str(path): path.read_bytes() for path in files}
    printed = capfd.readouterr()
    texts |= {"log": caplog.text.encode(), "printed": (printed.out + printed.err).encode()}
    for planted in PLANTED[:7]:
        assert not [name for name, content in texts.items() if planted.encode() in content], planted
    assert not [name for name, content in texts.items() if UID.encode() in content]


@pytest.mark.slow
def test_the_depth_of_16_bit_pictures_goes_with_the_model(rows, tmp_path):
    def as_png(number, row):
        return f"{number}.png", png(row["pixels"].astype(np.uint16) * 16)

    run = trained(written(tmp_path / "pngs", rows, as_png), tmp_path, None)
    assert json.loads((run / "model" / "model.json").read_text())["preprocessing"]["bit_depth"] == 12
    assert json.loads((run / "run.json").read_text())["identity"]["data"]["bit_depth"] == 12
    classifier = load_model(run, plugins=tiny)
    clean = rows[0]["pixels"].astype(np.uint16) * 16
    hot = clean.copy()
    hot[0, 0] = 65535
    assert np.abs(classifier.read(hot).astype(int) - classifier.read(clean)).max() < 80
    assert abs(float(classifier.read(hot).mean()) - float(classifier.read(clean).mean())) < 1
    bright, dark = clean * 16, clean // 16
    flags = classifier.predict([clean, hot, bright, dark])["flags"].tolist()
    assert ["bit_depth" in each for each in flags] == [False, False, True, True]


@needs_nih
@needs_shared
@pytest.mark.slow
def test_headers_and_pictures_that_contradict_each_other_are_flagged():
    paths = sorted((NIH / "images-128").iterdir())[::10]
    screen = Screen.fit(np.stack([open_radiograph(path, 128).picture for path in paths]))
    flags = {name: {flag.name for flag in screen.flags(open_radiograph(SHARED / name, 128))} for name in READ}
    assert "inverted" in flags.pop("chest/Fake_MONOHR1.dcm")
    assert flags.pop("chest/nih_udacity_test4.dcm") == {"header_body_part"}
    assert flags.pop("chest/nih_udacity_test5.dcm") == {"header_modality"}
    assert {name: names for name, names in flags.items() if name.startswith("chest/")} == {
        name: set() for name in flags if name.startswith("chest/")
    }
    assert all(names for name, names in flags.items() if name.startswith("technical/"))
