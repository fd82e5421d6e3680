"""The files of each collection, as phantoms are written: names, folders, label files and what is odd about them."""

import ast
import csv
import io
from collections import Counter, defaultdict

import cv2
import numpy as np
import pytest

from tests.phantoms.conftest import SMALL, contents, rows_of
from xraykit.errors import DataError
from xraykit.phantoms import LAYOUTS, Phantom, write_phantoms
from xraykit.phantoms.dataset import plan_visits
from xraykit.phantoms.layouts.padchest import damage_one


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_bytes_of_a_layout_are_the_same_each_time(written, tmp_path, layout):
    write_phantoms(tmp_path / "set", SMALL, layout=layout, workers=3)
    assert contents(tmp_path / "set") == contents(written(layout))


@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_a_set_in_another_layout_is_left_alone(written, layout):
    before = contents(written("nih"))
    with pytest.raises(DataError, match="another set"):
        write_phantoms(written("nih"), SMALL, layout=layout)
    assert contents(written("nih")) == before


def test_a_layout_that_decides_its_folders_takes_no_other(tmp_path):
    with pytest.raises(DataError, match=r"chexpert decides the folders of its pictures\. Received: `data\.images`"):
        write_phantoms(tmp_path / "set", SMALL, "images", layout="chexpert")
    with pytest.raises(DataError, match="Did you mean 'chexpert'"):
        write_phantoms(tmp_path / "set", SMALL, layout="chexprt")
    assert not (tmp_path / "set").exists()


def test_chexpert_has_the_columns_and_cells_of_its_files(written):
    root = written("chexpert") / "CheXpert-v1.0-small"
    rows = {name: rows_of(root / f"{name}.csv") for name in ("train", "valid", "test_labels")}
    header = (
        "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,"
        "Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,"
        "Support Devices"
    )
    assert (root / "train.csv").read_text().splitlines()[0] == header
    labels = header.split(",")[5:]
    cells = Counter(row[label] for row in rows["train"] for label in labels)
    assert set(cells) == {"1.0", "0.0", "-1.0", ""}
    assert cells[""] == max(cells.values())
    assert {row[label] for row in (*rows["valid"], *rows["test_labels"]) for label in labels} == {"1.0", "0.0"}
    assert {row["Sex"] for row in rows["train"]} <= {"Female", "Male", "Unknown"}
    assert {(row["Frontal/Lateral"], row["AP/PA"]) for row in rows["train"]} <= {
        ("Frontal", "AP"),
        ("Frontal", "PA"),
        ("Frontal", "LL"),
        ("Lateral", ""),
    }
    assert {row["Frontal/Lateral"] for row in rows["train"]} == {"Frontal", "Lateral"}


def test_pictures_of_chexpert_are_those_that_the_files_name_and_wider_than_high(written):
    root = written("chexpert")
    named = {
        row["Path"] if name != "test_labels" else f"CheXpert-v1.0-small/{row['Path']}"
        for name in ("train", "valid", "test_labels")
        for row in rows_of(root / "CheXpert-v1.0-small" / f"{name}.csv")
    }
    assert named == {str(path.relative_to(root)) for path in root.rglob("*.jpg")}
    assert {path.rsplit("/", 1)[1] for path in named} <= {"view1_frontal.jpg", "view2_lateral.jpg", "view2_frontal.jpg"}
    assert cv2.imread(str(root / min(named)), cv2.IMREAD_UNCHANGED).shape == (26, 32)


def test_the_parts_of_chexpert_have_no_patient_in_common(written):
    root = written("chexpert") / "CheXpert-v1.0-small"
    parts = [{path.name for path in (root / part).iterdir()} for part in ("train", "valid", "test")]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == SMALL.patients


def test_mimic_cxr_gives_labels_per_study_and_views_and_parts_in_other_files(written):
    root = written("mimic_cxr")
    labels, negbio = (rows_of(root / f"mimic-cxr-2.0.0-{name}.csv.gz") for name in ("chexpert", "negbio"))
    metadata, split = (rows_of(root / f"mimic-cxr-2.0.0-{name}.csv.gz") for name in ("metadata", "split"))
    assert {path.stem for path in root.rglob("*.jpg")} == {row["dicom_id"] for row in metadata}
    for row in metadata:
        subject = row["subject_id"]
        assert (root / f"files/p{subject[:2]}/p{subject}/s{row['study_id']}/{row['dicom_id']}.jpg").is_file()
    assert {row["ViewPosition"] for row in metadata} == {"PA", "AP", "LATERAL", "LL", ""}
    assert len({row["study_id"] for row in labels}) == len(labels)
    assert {row["study_id"] for row in labels} - {row["study_id"] for row in metadata} == {"59999999"}
    assert labels != negbio
    assert {row["split"] for row in split} == {"train", "validate", "test"}
    part_of = defaultdict(set)
    for row in split:
        part_of[row["subject_id"]].add(row["split"])
    assert all(len(parts) == 1 for parts in part_of.values())
    test = {row["study_id"] for row in split if row["split"] == "test"}
    assert {row["study_id"] for row in rows_of(root / "mimic-cxr-2.1.0-test-set-labeled.csv")} == test


def test_padchest_has_lists_as_text_long_ids_and_twelve_bits(written):
    root = written("padchest")
    file = root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
    rows = rows_of(file)
    assert file.read_text().startswith(",ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,")
    assert len(rows[0]) == 36
    assert len({row["PatientID"] for row in rows}) == SMALL.patients
    assert len({float(row["PatientID"]) for row in rows}) < SMALL.patients, "read as numbers, patients become one"
    lists = [ast.literal_eval(row["Labels"]) for row in rows if row["Labels"]]
    assert any("" in each for each in lists)
    assert any(item != item.strip() for each in lists for item in each)
    assert {row["MethodLabel"] for row in rows} == {"Physician", "RNN_model"}
    assert {"PA", "AP", "L"} <= {row["Projection"] for row in rows}
    most = 0
    for row in rows:
        pixels = cv2.imread(str(root / row["ImageDir"] / row["ImageID"]), cv2.IMREAD_UNCHANGED)
        assert pixels.dtype == np.uint16
        most = max(most, int(pixels.max()))
    assert 2048 < most < 4096


def test_what_is_rare_in_padchest_is_in_a_larger_set(tmp_path):
    from xraykit.phantoms.layouts.layout import Drawn
    from xraykit.phantoms.layouts.padchest import tables

    settings = Phantom(patients=800, images=1000, size=32)
    drawn = [Drawn(visit, "train", {}, 32) for visit in plan_visits(settings, laterals=True)]
    (content,) = tables(drawn).values()
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert {row["Projection"] for row in rows} == {"PA", "AP", "L", "AP_horizontal", "COSTAL", "EXCLUDE"}
    assert {row["Labels"] for row in rows} > {""}


def test_one_picture_of_padchest_can_be_damaged(tmp_path):
    write_phantoms(tmp_path / "set", Phantom(patients=10, images=10, size=32), layout="padchest")
    whole = contents(tmp_path / "set")
    damaged = damage_one(tmp_path / "set")
    after = contents(tmp_path / "set")
    assert [name for name in whole if whole[name] != after[name]] == [str(damaged.relative_to(tmp_path / "set"))]
    with pytest.raises(DataError, match="no pictures"):
        damage_one(tmp_path)
