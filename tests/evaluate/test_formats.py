"""A network that was trained on phantoms, on phantoms in the files of other collections, and on a mixture."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

import xraykit
from tests.json_files import EVALUATION_SCHEMA, assert_valid
from xraykit.evaluate.__main__ import main
from xraykit.phantoms import Phantom, layout_named, write_phantoms
from xraykit.runs import FinishedEvaluation

pytestmark = pytest.mark.slow

SETTINGS = Phantom(patients=50, images=70, size=48, prevalence=0.3, seed=3)
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
TINY = Path(__file__).resolve().parents[1] / "tiny_backbone.py"

# What of Cardiomegaly, Effusion, Pneumothorax and Hernia the collection annotates, and under which name.
SHARED = {
    "nih": {label: label for label in ("Cardiomegaly", "Effusion", "Pneumothorax", "Hernia")},
    "chexpert": {"Cardiomegaly": "Cardiomegaly", "Effusion": "Pleural Effusion", "Pneumothorax": "Pneumothorax"},
    "mimic_cxr": {"Cardiomegaly": "Cardiomegaly", "Effusion": "Pleural Effusion", "Pneumothorax": "Pneumothorax"},
    "vindr": {"Cardiomegaly": "Cardiomegaly", "Effusion": "Pleural effusion", "Pneumothorax": "Pneumothorax"},
    "padchest": {
        "Cardiomegaly": "Cardiomegaly",
        "Effusion": "Pleural Effusion",
        "Pneumothorax": "Pneumothorax",
        "Hernia": "Hernia",
    },
    "chestmnist": {label: label for label in ("Cardiomegaly", "Effusion", "Pneumothorax", "Hernia")},
    "rsna": {"Effusion": "Lung Opacity"},
    "folder": {"Effusion": "PNEUMONIA"},
    "covid": {"Effusion": "COVID", "Cardiomegaly": "Lung_Opacity"},
    "hospital": {"Cardiomegaly": "Kardiomegalie", "Effusion": "Erguss", "Pneumothorax": "Pneumothorax"},
}
DICOM = {"vindr", "rsna", "hospital"}
WITHOUT_PATIENTS = {"vindr", "chestmnist", "covid"}
# Names that no table of synonyms knows.
RENAMED = {"hospital", "rsna", "folder", "covid"}


def format_of(layout):
    return layout_named(layout).data["format"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The folder of the phantoms in a layout, drawn once."""
    roots = {}

    def draw(layout):
        if layout in DICOM:
            pytest.importorskip("pydicom", reason="DICOM files need pydicom: pip install 'xraykit[dicom]'")
        if layout not in roots:
            roots[layout] = tmp_path_factory.mktemp(layout) / "set"
            write_phantoms(roots[layout], SETTINGS, layout=layout)
        return roots[layout]

    return draw


@pytest.mark.parametrize("layout", SHARED)
def test_every_format_is_evaluated_by_its_name_and_root_alone(trained, drawn, tmp_path, capsys, caplog, layout):
    words = [f"data.{key}={value}" for key, value in layout_named(layout).data.items()]
    words += [f"data.root={drawn(layout)}", "--to", str(tmp_path / "new"), "--resamples", "20"]
    if layout in RENAMED:
        different = [f"{own}={theirs}" for own, theirs in SHARED[layout].items() if own != theirs]
        words += [word for pair in different for word in ("--label", pair)]
    assert main([str(trained), *words]) == 0
    out = capsys.readouterr().out
    evaluation = FinishedEvaluation.open(tmp_path / "new")
    assert evaluation.facts.labels.shared == SHARED[layout]
    assert_valid(evaluation.files.metrics, EVALUATION_SCHEMA)
    assert evaluation.facts.collection.unreadable == 0
    assert evaluation.metrics["images"] >= SETTINGS.images * 0.6
    table = evaluation.predictions()
    for label in SHARED[layout]:
        assert (table[label] == 1).any()
        assert (table[label] == 0).any()
    patients_known = layout not in WITHOUT_PATIENTS
    assert evaluation.facts.collection.patients_known is patients_known
    assert ("does not name patients" in out) is not patients_known
    assert evaluation.facts.contamination["without_patients"] == ([] if patients_known else [format_of(layout)])
    texts = [file.read_text() for file in evaluation.folder.rglob("*") if file.is_file()]
    assert not [text for text in (*texts, out, caplog.text) if "Phantom^" in text]


def test_a_mixture_is_evaluated_with_metrics_of_each_source(trained, drawn, tmp_path):
    sources = [{**layout_named(name).data, "root": str(drawn(name))} for name in ("nih", "chexpert")]
    file = tmp_path / "both.yaml"
    file.write_text(yaml.safe_dump({"data": {"sources": sources}}))
    evaluation = xraykit.evaluate_on(trained, file, to=tmp_path / "new", resamples=0)
    assert evaluation.facts.labels.shared["Effusion"] == "Effusion"
    assert set(evaluation.predictions()["source"]) == {"nih", "chexpert"}
    assert set(evaluation.metrics["subgroups"]["source"]) == {"nih", "chexpert"}
    assert evaluation.facts.collection.format == "nih + chexpert"


@pytest.mark.parametrize("fixture", ["run_0_1_0", "run_0_2_0"])
def test_runs_of_earlier_versions_are_evaluated(fixture, drawn, tmp_path):
    folder = shutil.copytree(FIXTURES / fixture, tmp_path / "run")
    data = {"format": "nih", "root": str(drawn("nih"))}
    evaluation = xraykit.evaluate_on(folder, data, name="nih", plugins=[TINY], resamples=200)
    assert evaluation.folder == folder / "evaluations" / "nih"
    known = json.loads((folder / "metrics.json").read_text())
    inside = evaluation.metrics["evaluation"]["internal"]
    assert inside["images"] == known["images"]
    for label in evaluation.labels:
        assert inside["labels"][label]["roc_auc"] == known["labels"][label]["roc_auc"]
        assert inside["calibration_in_the_large"][label]["cases"] > 0
    assert "Internal and external" in evaluation.files.report.read_text()
    assert len(pd.read_csv(evaluation.files.predictions)) == evaluation.metrics["images"]
