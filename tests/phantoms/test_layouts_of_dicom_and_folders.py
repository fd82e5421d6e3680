"""The files of collections that are DICOM, one archive, or folders without a table."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.phantoms.conftest import SMALL, rows_of
from xraykit.phantoms import FINDINGS, Phantom, write_phantoms
from xraykit.phantoms.dataset import plan_visits

pydicom = pytest.importorskip("pydicom", reason="DICOM phantoms need pydicom: pip install 'xraykit[dicom]'")


def test_vindr_has_three_readers_who_sometimes_disagree(written):
    root = written("vindr")
    rows = rows_of(root / "annotations" / "image_labels_train.csv")
    by_image = defaultdict(list)
    for row in rows:
        by_image[row["image_id"]].append(row)
    labels = [name for name in rows[0] if name not in ("image_id", "rad_id")]
    assert len(labels) == 28
    assert {len(each) for each in by_image.values()} == {3}
    assert all(len({row["rad_id"] for row in each}) == 3 for each in by_image.values())
    assert {row["rad_id"] for row in rows} <= {f"R{number}" for number in range(1, 18)}
    votes = Counter(sum(int(row[label]) for row in each) for each in by_image.values() for label in labels)
    assert votes[3] > votes[2] > 0
    assert votes[1] > 0
    assert all((row["No finding"] == "1") != any(row[label] == "1" for label in labels[:-1]) for row in rows)
    test = rows_of(root / "annotations" / "image_labels_test.csv")
    assert "Other disease" in test[0]
    assert {path.stem for path in (root / "train").iterdir()} == set(by_image)
    assert {path.stem for path in (root / "test").iterdir()} == {row["image_id"] for row in test}


@pytest.mark.parametrize("part", ["train", "test"])
def test_boxes_of_vindr_lie_inside_and_belong_to_labels_of_their_reader(written, part):
    root = written("vindr") / "annotations"
    keys = ("image_id", "rad_id")[: 2 if part == "train" else 1]
    labels = {tuple(row[key] for key in keys): row for row in rows_of(root / f"image_labels_{part}.csv")}
    boxes = rows_of(root / f"annotations_{part}.csv")
    assert {tuple(row[key] for key in keys) for row in boxes} == set(labels)
    for row in boxes:
        assert labels[tuple(row[key] for key in keys)][row["class_name"]] == "1"
        edges = [row[edge] for edge in ("x_min", "y_min", "x_max", "y_max")]
        if row["class_name"] == "No finding":
            assert edges == [""] * 4
        else:
            left, upper, right, lower = map(int, edges)
            assert 0 <= left <= right <= SMALL.size
            assert 0 <= upper <= lower <= SMALL.size


def test_vindr_has_several_depths_and_both_photometric_interpretations(written):
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in written("vindr").rglob("*.dicom")]
    assert {header.BitsStored for header in headers} == {12, 14, 16}
    assert {header.PhotometricInterpretation for header in headers} == {"MONOCHROME1", "MONOCHROME2"}
    assert {"WindowCenter" in header for header in headers} == {True, False}


def test_rsna_has_a_row_for_each_box_and_repeated_classes(written):
    root = written("rsna")
    boxes, classes = rows_of(root / "stage_2_train_labels.csv"), rows_of(root / "stage_2_detailed_class_info.csv")
    assert list(boxes[0]) == ["patientId", "x", "y", "width", "height", "Target"]
    assert Counter(row["patientId"] for row in boxes) == Counter(row["patientId"] for row in classes)
    assert len({tuple(row.values()) for row in classes}) < len(classes), "some rows are repeated"
    class_of = {row["patientId"]: row["class"] for row in classes}
    assert set(class_of.values()) == {"Lung Opacity", "No Lung Opacity / Not Normal", "Normal"}
    for row in boxes:
        assert (row["Target"] == "1") == (class_of[row["patientId"]] == "Lung Opacity")
        if row["Target"] == "1":
            left, upper, width, height = (float(row[edge]) for edge in ("x", "y", "width", "height"))
            assert left + width <= SMALL.size + 0.1
            assert upper + height <= SMALL.size + 0.1
        else:
            assert row["x"] == row["y"] == row["width"] == row["height"] == ""
    assert {path.stem for path in (root / "stage_2_train_images").iterdir()} == set(class_of)
    listed = {row["patientId"] for row in rows_of(root / "stage_2_sample_submission.csv")}
    assert {path.stem for path in (root / "stage_2_test_images").iterdir()} == listed
    mapping = json.loads((root / "pneumonia-challenge-dataset-mappings_2018.json").read_text())
    assert {row["subset_img_id"] for row in mapping} == set(class_of) | listed


@pytest.mark.filterwarnings("ignore:Invalid value for VR AS")
def test_rsna_is_jpeg_baseline_of_eight_bits_with_an_age_without_its_unit(written):
    path = next((written("rsna") / "stage_2_train_images").iterdir())
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.JPEGBaseline8Bit
    assert (dataset.BitsStored, dataset.pixel_array.shape) == (8, (32, 32))
    assert dataset.PatientAge.isdecimal()
    assert dataset.PatientID == path.stem


@pytest.mark.parametrize(("size", "name", "side"), [(32, "chestmnist.npz", 28), (70, "chestmnist_64.npz", 64)])
def test_chestmnist_is_one_archive_of_arrays(tmp_path, size, name, side):
    settings = Phantom(patients=20, images=30, size=size)
    write_phantoms(tmp_path / "set", settings, layout="chestmnist")
    assert {path.name for path in (tmp_path / "set").iterdir()} == {name, "phantoms.json"}
    with np.load(tmp_path / "set" / name, allow_pickle=False) as arrays:
        assert sorted(arrays) == sorted(
            f"{part}_{kind}" for part in ("train", "val", "test") for kind in ("images", "labels")
        )
        images = [arrays[f"{part}_images"] for part in ("train", "val", "test")]
        labels = np.concatenate([arrays[f"{part}_labels"] for part in ("train", "val", "test")])
    assert {each.shape[1:] for each in images} == {(side, side)}
    assert {each.dtype for each in images} == {np.dtype(np.uint8)}
    assert all(map(len, images))
    present = Counter(finding for visit in plan_visits(settings) for finding in visit.findings)
    assert labels.sum(0).tolist() == [present[finding] for finding in FINDINGS]


def test_folders_of_kaggle_name_part_class_and_person(written):
    root = written("folder") / "chest_xray"
    folders = {str(path.relative_to(root)) for path in root.glob("*/*")}
    assert folders == {f"{part}/{name}" for part in ("train", "val", "test") for name in ("NORMAL", "PNEUMONIA")}
    names = {name: [path.name for path in root.glob(f"*/{name}/*")] for name in ("NORMAL", "PNEUMONIA")}
    assert all(name.startswith(("IM-", "NORMAL2-IM-")) for name in names["NORMAL"])
    assert all(name.startswith("person") and ("_bacteria_" in name or "_virus_" in name) for name in names["PNEUMONIA"])
    assert sum(map(len, names.values())) == SMALL.images
    assert all(name.endswith(".jpeg") for name in [*names["NORMAL"], *names["PNEUMONIA"]])


def test_the_covid_database_has_a_mask_beside_each_picture(written):
    root = written("covid") / "COVID-19_Radiography_Dataset"
    assert {path.name for path in root.iterdir()} == {"COVID", "Normal", "Lung_Opacity", "Viral Pneumonia"}
    pictures = {str(path.relative_to(root)) for path in root.glob("*/images/*")}
    assert len(pictures) == SMALL.images
    assert {str(path.relative_to(root)) for path in root.glob("*/masks/*")} == {
        name.replace("/images/", "/masks/") for name in pictures
    }
    assert cv2.imread(str(root / min(pictures).replace("/images/", "/masks/")), cv2.IMREAD_UNCHANGED).ndim == 3


@pytest.mark.parametrize("layout", ["hospital", "hospital_xlsx"])
def test_a_hospital_names_its_files_in_its_own_table(written, layout):
    root = written(layout)
    header, *rows = _table(root)
    assert header[:6] == ["Patienten-ID", "Aufnahmedatum", "Bilddatei", "Geschlecht", "Alter", "Projektion"]
    assert "Lungenüberblähung" in header
    assert len(rows) == SMALL.images
    files = {row[header.index("Bilddatei")].replace("\\", "/") for row in rows}
    assert files == {str(path.relative_to(root)) for path in root.rglob("IM*")}
    assert {Path(file).suffix for file in files} == {".dcm", ""}
    assert {row[header.index("Erguss")] for row in rows} == {"ja", "nein", ""}
    assert {row[header.index("Geschlecht")] for row in rows} == {"m", "w"}
    header_of_file = pydicom.dcmread(root / min(files), stop_before_pixels=True)
    assert header_of_file.PatientID == min(files).split("/")[1]


def _table(root: Path) -> list[list[str]]:
    if (root / "Befunde.csv").is_file():
        text = (root / "Befunde.csv").read_bytes().decode("cp1252")
        assert "\r\n" in text
        return [line.split(";") for line in text.splitlines()]
    from openpyxl import load_workbook

    sheet = load_workbook(root / "Befunde.xlsx").active
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
