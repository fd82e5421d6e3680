"""Each data format from end to end, on phantoms in the files of its collection: contract, check and a whole run."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from tests.json_files import METRICS_SCHEMA, MODEL_SCHEMA, assert_valid
from xraykit.phantoms import Phantom, layout_named, write_phantoms
from xraykit.registry import FORMATS
from xraykit.run import main as run
from xraykit.testing import check_format

ROOT = Path(__file__).resolve().parents[1]
TINY = str(Path(__file__).with_name("tiny_backbone.py"))
SETTINGS = Phantom(patients=60, images=90, size=48, prevalence=0.2, seed=7)


@dataclass(frozen=True)
class Collection:
    """Phantoms in one layout.

    Attributes:
        layout: Its name.
        labels: Those that are learnt.
        data: Further keys of the section ``data``.
        split: ``official``, or ``patient`` where there is no official one.
        patients: Whether patients are known.
        boxes: Whether boxes are read.
        dicom: Whether pydicom is needed.
    """

    layout: str
    labels: tuple[str, ...]
    data: dict = field(default_factory=dict)
    split: str = "official"
    patients: bool = True
    boxes: bool = False
    dicom: bool = False

    @property
    def format(self) -> str:
        return layout_named(self.layout).data["format"]

    def values(self, root: Path) -> dict:
        """The section ``data``."""
        section = {"root": str(root), "labels": list(self.labels), "image_size": 32, "split": {"method": self.split}}
        return {**layout_named(self.layout).data, **section, **self.data}


COLLECTIONS = {
    each.layout: each
    for each in (
        Collection("nih", ("Cardiomegaly", "Effusion"), boxes=True),
        Collection("chexpert", ("Cardiomegaly", "Pleural Effusion")),
        Collection("mimic_cxr", ("Cardiomegaly", "Pleural Effusion")),
        Collection("padchest", ("Cardiomegaly", "Pleural Effusion"), split="patient"),
        Collection("chestmnist", ("Cardiomegaly", "Effusion"), patients=False),
        Collection("folder", ("PNEUMONIA",)),
        Collection("covid", ("COVID", "Viral Pneumonia", "Lung_Opacity"), split="patient", patients=False),
        Collection("hospital", ("Erguss", "Kardiomegalie", "Lungenödem"), split="patient", dicom=True),
        Collection("hospital_xlsx", ("Erguss", "Kardiomegalie", "Lungenödem"), split="patient", dicom=True),
        Collection("rsna", ("Lung Opacity",), split="patient", boxes=True, dicom=True),
        Collection("vindr", ("Cardiomegaly", "Pleural effusion"), patients=False, boxes=True, dicom=True),
    )
}


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    """From a collection to the folder of its phantoms, drawn once."""
    roots: dict[str, Path] = {}

    def draw(collection: Collection) -> Path:
        if collection.dicom:
            pytest.importorskip("pydicom", reason="DICOM files need pydicom: pip install 'xraykit[dicom]'")
        if collection.layout not in roots:
            roots[collection.layout] = tmp_path_factory.mktemp(collection.layout) / "set"
            write_phantoms(roots[collection.layout], SETTINGS, layout=collection.layout)
        return roots[collection.layout]

    return draw


def every_collection(test):
    return pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=COLLECTIONS)(test)


@every_collection
def test_the_format_keeps_the_contract_on_phantoms_in_its_layout(phantoms, collection):
    section = collection.values(phantoms(collection))
    catalog = check_format(section.pop("format"), section)
    assert catalog.labels == collection.labels
    assert catalog.patients_known is collection.patients
    assert (catalog.official is not None) is (collection.split == "official")
    assert catalog.missing_images == 0
    assert len(catalog) >= SETTINGS.images * 0.75
    assert all(catalog.targets()[:, index].any() for index in range(len(collection.labels)))


@pytest.mark.slow
@pytest.mark.process
@every_collection
def test_a_whole_run_on_phantoms_in_its_layout(phantoms, tmp_path, capsys, caplog, collection):
    """Check, then train, evaluate, report and pack, as the command line does it."""
    root = phantoms(collection)
    values = {
        "name": "small",
        "plugins": [TINY],
        "data": collection.values(root),
        "model": {"backbone": "tiny"},
        "training": {"epochs": 1, "batch_size": 16},
        "evaluation": {"resamples": 20, "min_positive_patients": 1},
        "explain": {"per_kind": 1, "scored": 4 if collection.boxes else 0},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }
    experiment = tmp_path / "small.yaml"
    experiment.write_text(json.dumps(values))
    assert run([str(experiment), "--check"]) == 0
    shown = capsys.readouterr().out
    assert all(label in shown for label in collection.labels)
    with caplog.at_level(logging.DEBUG):
        assert run([str(experiment)]) == 0
    printed = capsys.readouterr()
    folder = Path(printed.out.strip().splitlines()[-1])
    _check_run(folder, collection)
    if collection.dicom:
        _check_secrecy(folder, printed.out + printed.err + shown + caplog.text)


EXPERIMENTS = [each for each in COLLECTIONS.values() if (ROOT / "experiments" / f"{each.layout}.yaml").is_file()]


@pytest.mark.slow
@pytest.mark.parametrize("collection", EXPERIMENTS, ids=lambda collection: collection.layout)
def test_the_experiment_of_a_format_accepts_phantoms_in_its_layout(phantoms, tmp_path, capsys, collection):
    """As its first lines say, with the tests' own network."""
    file = ROOT / "experiments" / f"{collection.layout}.yaml"
    assert f"python -m xraykit.phantoms {collection.layout} data/{collection.layout}-phantoms" in file.read_text()
    overrides = [f"data.root={phantoms(collection)}", "data.image_size=32", "model.backbone=tiny", f"plugins=[{TINY}]"]
    assert run([str(file), *overrides, f"data.cache={tmp_path}", f"output.root={tmp_path}", "--check"]) == 0
    assert "radiographs" in capsys.readouterr().out


def _check_run(folder: Path, collection: Collection) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    predictions = pd.read_csv(folder / "predictions.csv", dtype={"patient": str})
    assert_valid(folder / "metrics.json", METRICS_SCHEMA)
    assert_valid(folder / "model" / "model.json", MODEL_SCHEMA)
    assert list(metrics["labels"]) == list(collection.labels)
    test = set(predictions.loc[predictions["part"] == "test", "patient"])
    assert test
    assert test.isdisjoint(predictions.loc[predictions["part"] != "test", "patient"])
    assert (folder / "report.html").stat().st_size > 5000
    assert (folder / "model" / "model.keras").is_file()
    licence = (folder / "model" / "LICENSE.md").read_text()
    assert " ".join(FORMATS.get(collection.format).licence.split())[:60] in " ".join(licence.split())
    if collection.boxes:
        assert metrics["localisation"] is not None


def _check_secrecy(folder: Path, output: str) -> None:
    """No name or birth date of a header is in what a run prints or writes as text."""
    from xraykit.phantoms.dicom import FAMILY_NAMES

    texts = {"the output": output}
    for path in folder.rglob("*"):
        if path.suffix in {".json", ".csv", ".html", ".md", ".yaml", ".txt", ".log"}:
            texts[path.name] = path.read_text(encoding="utf-8", errors="replace")
    for name, text in texts.items():
        assert not [family for family in FAMILY_NAMES if f"{family}^" in text], name
        assert "2.25." not in text, f"{name} contains a UID"
