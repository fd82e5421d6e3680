"""PadChest: lists of labels folded to findings, projections, ages, who labelled, and pictures in numbered folders."""

import csv
import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.data.files import png
from xraykit.config import Data, load_experiment
from xraykit.data import load_parts, read_catalog
from xraykit.data.formats.padchest import FINDINGS
from xraykit.data.formats.padchest.facts import HINTS
from xraykit.data.formats.padchest.files import recognise
from xraykit.data.formats.padchest.label_list import plain
from xraykit.data.formats.padchest.reading import read_padchest
from xraykit.data.reading.remarks import reading_facts, remarks
from xraykit.errors import DataError
from xraykit.phantoms import Phantom, write_phantoms
from xraykit.registry import FORMATS
from xraykit.testing import check_format

NAME = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
HEADER = (
    *("", "ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth", "PatientSex_DICOM"),
    *("Projection", "Report", "MethodLabel", "Labels"),
)
LONG = "21684011136696401255808290671200930016"


def _row(number, labels, projection="PA", method="Physician", **more):
    row = {
        "": str(number),
        "ImageID": f"{LONG}{number}_01.png",
        "ImageDir": str(number % 2),
        "StudyDate_DICOM": "20140915",
        "StudyID": f"{LONG}{number // 2}",
        "PatientID": f"{LONG}{number // 2:03d}",
        "PatientBirth": "1950.0",
        "PatientSex_DICOM": "F",
        "Projection": projection,
        "Report": 'sin hallazg . "comill" , coma',
        "MethodLabel": method,
        "Labels": labels,
    }
    return {**row, **more}


ROWS = [
    _row(0, "['', 'cardiomegaly', 'loculated pleural effusion ']"),
    _row(1, "['normal']", "L"),
    _row(2, "['unchanged', 'laminar atelectasis']", "AP_horizontal", "RNN_model"),
    _row(3, "['unchanged']", "AP", "RNN_model", PatientSex_DICOM="M", PatientBirth="2016"),
    _row(4, "", "PA", "RNN_model", PatientBirth="", PatientSex_DICOM="O"),
    _row(5, "['exclude']", "EXCLUDE"),
    _row(6, "['normal']", "COSTAL"),
    _row(7, "['costophrenic angle blunting', 'subcutaneous emphysema', 'pseudonodule']", ImageDir="1.0"),
]


def _write(root, rows=ROWS, name=NAME, pictures=True):
    root.mkdir(parents=True, exist_ok=True)
    with (root / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    for number, row in enumerate(rows if pictures else []):
        folder = root / row["ImageDir"][:1]
        folder.mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 4096, (32, 32)).astype(np.uint16)
        (folder / row["ImageID"]).write_bytes(png(pixels))
    return root


@pytest.fixture
def root(tmp_path):
    return _write(tmp_path / "padchest")


def _data(root, **more):
    labels = more.pop("labels", ("Cardiomegaly", "Pleural Effusion", "Atelectasis", "No Finding"))
    return Data(format="padchest", root=str(root), labels=labels, **more)


def test_labels_below_a_finding_count_as_the_finding(root):
    catalog = read_padchest(_data(root))
    nan = np.nan
    np.testing.assert_array_equal(
        catalog.targets(),
        [
            [1, 1, 0, 0],
            [0, 0, 0, 1],
            [nan, nan, 1, 0],  # unchanged: what is not named may be there
            [nan, nan, nan, nan],
            [nan, nan, nan, nan],  # a report that could not be read
            [0, 0, 0, 1],
            [0, 0, 0, 0],
        ],
    )
    absent = read_padchest(_data(root, padchest={"not_named": "absent"}))
    np.testing.assert_array_equal(absent.targets()[2:4], [[0, 0, 1, 0], [0, 0, 0, nan]])


def test_reports_that_do_not_name_all_that_is_there_are_counted(root):
    sentence = "Reports that do not name all that is there: unchanged (2). Findings that they do not name are {}."
    assert sentence.format("unknown") in remarks(reading_facts(read_padchest(_data(root))))
    absent = read_padchest(_data(root, padchest={"not_named": "absent"}))
    assert sentence.format("absent") in remarks(reading_facts(absent))


def test_the_experiment_in_the_repository_uses_the_views_of_the_format():
    experiment = Path(__file__).resolve().parents[4] / "experiments" / "padchest.yaml"
    assert load_experiment(experiment).data.views == FORMATS.get("padchest").views


def test_neighbours_in_the_tree_are_other_findings(root):
    labels = ("Pleural Effusion", "Emphysema", "Nodule", "Costophrenic Angle Blunting")
    np.testing.assert_array_equal(read_padchest(_data(root, labels=labels)).targets()[-1], [0, 0, 0, 1])


def test_each_label_stands_for_few_findings_and_no_label_is_spelled_twice():
    for finding, labels in FINDINGS.items():
        assert len({plain(label) for label in labels}) == len(labels), finding
    of_both = [finding for finding, labels in FINDINGS.items() if "hydropneumothorax" in labels]
    assert of_both == ["Pleural Effusion", "Pneumothorax"]
    assert load_experiment({"data": {"format": "padchest"}}).data.labels == tuple(FINDINGS)


def test_an_experiment_may_define_findings(root):
    angle = {"Angle": ["costophrenic angle blunting"]}
    nodule = {"Nodule": ["Pseudonodule"]}
    catalog = read_padchest(_data(root, labels=("Nodule", "Angle"), padchest={"findings": {**angle, **nodule}}))
    np.testing.assert_array_equal(catalog.targets()[-1], [1, 1])
    typo = {"findings": {"Nodule": ["nodul"]}}
    with pytest.raises(DataError, match=r"`data\.padchest\.findings\.Nodule`: Unknown label 'nodul'.*in no row of PAD"):
        read_padchest(_data(root, labels=("Nodule",), padchest=typo))
    with pytest.raises(DataError, match=r"`data\.labels`: Unknown finding 'Scoliosis'.*`data\.padchest\.findings`"):
        read_padchest(_data(root, labels=("Scoliosis",)))


def test_sex_age_view_patient_and_study(root):
    catalog = read_padchest(_data(root))
    table = catalog.table
    assert table["view"].tolist() == ["PA", "lateral", "AP", "AP", "PA", "COSTAL", "PA"]
    assert table["sex"].fillna("?").tolist() == ["F", "F", "F", "M", "?", "F", "F"]
    assert table["age"].tolist() == pytest.approx([64, 64, 64, np.nan, np.nan, 64, 64], nan_ok=True)
    assert table["patient"].nunique() == 4, "digits that a floating-point number does not have"
    assert catalog.studies[0] == catalog.studies[1] != catalog.studies[2]
    assert not catalog.not_understood, "O is a spelling of another sex, and a year of birth is never shown"
    assert not any("1950" in text for text in remarks(reading_facts(catalog)))


def test_only_frontal_projections_are_used_unless_others_are_chosen(root):
    used = read_catalog(_data(root))
    assert used.table["view"].tolist() == ["PA", "AP", "AP", "PA", "PA"]
    assert (used.laterals, used.other_views) == (1, 1)
    assert len(read_catalog(_data(root, views=["COSTAL"]))) == 1


def test_excluded_rows_and_those_of_another_labeller_are_left_out_and_counted(root):
    assert dict(read_padchest(_data(root)).left_out) == {"marked as excluded": 1}
    by_physician = read_padchest(_data(root, padchest={"labelled_by": "physician"}))
    assert dict(by_physician.left_out) == {"marked as excluded": 1, "labelled by a network": 3}
    assert len(by_physician) == 4
    by_network = read_padchest(_data(root, padchest={"labelled_by": "network"}, columns=("MethodLabel",)))
    assert by_network.table["MethodLabel"].unique().tolist() == ["RNN_model"]


@pytest.mark.parametrize("where", ["images/0", "images-224", "flat", "data.images", "compressed", "both"])
def test_each_form_of_the_collection_is_read_alike(root, where):
    expected = read_padchest(_data(root)).table.drop(columns="path")
    more = {}
    if where == "images/0":
        (root / "images").mkdir()
        for folder in "01":
            shutil.move(root / folder, root / "images")
    if where in ("images-224", "flat", "data.images"):
        target = {"images-224": root / "images-224", "flat": root, "data.images": root / "small"}[where]
        target.mkdir(exist_ok=True)
        for file in [*root.glob("[01]/*.png")]:
            shutil.move(file, target)
        more = {"images": "small"} if where == "data.images" else {}
    if where in ("compressed", "both"):
        (root / f"{NAME}.gz").write_bytes(gzip.compress((root / NAME).read_bytes()))
        if where == "compressed":
            (root / NAME).unlink()
    catalog = read_padchest(_data(root, **more))
    assert catalog.table.drop(columns="path").equals(expected)
    assert catalog.missing_images == 0


def test_it_has_no_official_split(root):
    with pytest.raises(DataError, match=r"this collection has no official split\. Use `data\.split\.method=patient`"):
        load_parts(_data(root), 1, sealed_test=True)
    assert recognise(root).data == {"split": {"method": "patient"}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Labels": "cardiomegaly"}, r"line 2, column Labels: 'cardiomegaly'\. Expected: a list"),
        ({"Labels": "[__import__('os')]"}, r"line 2, column Labels"),
        ({"ImageID": "../a.png"}, r"line 2, column ImageID: '\.\./a\.png'"),
        ({"ImageDir": "../1"}, r"line 2, column ImageDir: '\.\./1'\. Expected: the number"),
        ({"ImageDir": "1.5"}, r"line 2, column ImageDir"),
        ({"PatientID": "2.1E+38"}, r"line 2, column 'PatientID': '2\.1E\+38'.*spreadsheet"),
        ({"PatientID": ""}, r"line 2, column 'PatientID'"),
        ({"ImageID": ROWS[1]["ImageID"]}, r"is in line 2 already"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, change, reason):
    root = _write(tmp_path, [{**ROWS[0], **change}, ROWS[1]], pictures=False)
    for row in ROWS[:2]:
        (root / row["ImageDir"]).mkdir(exist_ok=True)
        (root / row["ImageDir"] / row["ImageID"]).write_bytes(png(np.zeros((8, 8), np.uint16)))
    with pytest.raises(DataError, match=reason):
        read_padchest(_data(root))


def test_a_missing_collection_prints_where_to_get_it(tmp_path, root):
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match=r"bimcv\.cipf\.es"):
            read_padchest(_data(folder))
    assert "bimcv" in HINTS
    _write(root, name="PADCHEST_second.csv", pictures=False)
    with pytest.raises(DataError, match=r"Expected: one file PADCHEST_.*Found: PADCHEST_chest.*, PADCHEST_second\.csv"):
        read_padchest(_data(root))
    assert len(read_padchest(_data(root, labels_file="PADCHEST_second.csv"))) == 7


def test_phantoms_in_its_layout_are_recognised_and_read(tmp_path):
    write_phantoms(tmp_path, Phantom(patients=30, images=40, size=32), layout="padchest")
    assert recognise(tmp_path).found == f"{NAME} with the columns of PadChest"
    catalog = check_format("padchest", {"root": str(tmp_path), "views": "all"})
    assert catalog.missing_images == 0
    assert not catalog.not_understood
    drawn = [label for label in catalog.labels if (catalog.table[label] == 1).any()]
    assert len(drawn) >= 10
    data = _data(tmp_path, split={"method": "patient"})
    assert sum(load_parts(data, 1, sealed_test=False).sizes.values()) == len(read_catalog(data))
