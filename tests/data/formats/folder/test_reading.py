"""Class folders: their labels, parts, patients, and what is left out or refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NIH, needs_nih
from tests.data.files import grey, png
from xraykit.config import load_experiment
from xraykit.data import load_parts, read_catalog, reading_facts
from xraykit.data.formats.folder.arrangement import arrange
from xraykit.data.formats.folder.patients import patients_of
from xraykit.data.formats.folder.recognising import recognise_folder
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.formats.nih.reading import read_nih
from xraykit.data.reading.remarks import remarks
from xraykit.errors import DataError, ExperimentError, PatientOverlapError
from xraykit.phantoms import draw_patient, draw_visits
from xraykit.phantoms.dicom import encode_dicom
from xraykit.testing import check_format


@pytest.fixture
def collection(tmp_path):
    """Writes pictures by their paths, and reads them."""

    def written(*paths, labels=("Pneumonia",), root=tmp_path / "set", **data):
        for number, path in enumerate(paths):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(png(grey(number % 256)) if path.endswith((".png", ".jpeg")) else b"x")
        values = {"format": "folder", "root": str(root), "labels": list(labels), **data}
        return load_experiment({"data": values}).data

    return written


def values(catalog):
    return dict(zip(catalog.table["image"], catalog.targets().tolist(), strict=True))


KAGGLE = (
    *("train/NORMAL/IM-0115-0001.jpeg", "train/NORMAL/NORMAL2-IM-0117-0001.jpeg", "train/NORMAL/IM-0119-0001.jpeg"),
    *("train/PNEUMONIA/person1_bacteria_1.jpeg", "train/PNEUMONIA/person1_bacteria_2.jpeg"),
    *("train/PNEUMONIA/person3_virus_6.jpeg", "val/NORMAL/NORMAL2-IM-1427-0001.jpeg"),
    *("val/PNEUMONIA/person1946_bacteria_4874.jpeg", "test/NORMAL/IM-0001-0001.jpeg"),
    "test/PNEUMONIA/person78_bacteria_378.jpeg",
)


def test_a_folder_is_a_label_and_normal_is_the_negative_class(collection):
    catalog = read_catalog(collection(*KAGGLE))
    assert catalog.table["image"].tolist() == sorted(KAGGLE)
    assert values(catalog) == {path: [float("PNEUMONIA" in path)] for path in KAGGLE}
    assert catalog.table["sex"].isna().all()
    assert catalog.label_files == ()


def test_the_patients_of_known_names_and_the_official_split(collection):
    data = collection(*KAGGLE)
    parts = load_parts(data, 7, sealed_test=False)
    assert parts.sizes == {"train": 6, "validation": 2, "test": 2}
    patients = dict(zip(parts.division["image"], parts.division["patient"], strict=True))
    assert patients["train/PNEUMONIA/person1_bacteria_1.jpeg"] == patients["train/PNEUMONIA/person1_bacteria_2.jpeg"]
    assert patients["train/NORMAL/NORMAL2-IM-0117-0001.jpeg"] == "IM-0117"


def test_a_person_in_two_parts_is_refused_with_advice(collection):
    data = collection(*KAGGLE, "test/PNEUMONIA/person1_virus_9.jpeg")
    with pytest.raises(PatientOverlapError, match=r"person1 in the test list and the training list.*method=patient"):
        load_parts(data, 7, sealed_test=False)
    by_patient = data.model_copy(update={"split": data.split.model_copy(update={"method": "patient"})})
    assert load_parts(by_patient, 7, sealed_test=True).sizes["test"] > 0


def test_a_pattern_may_tell_persons_apart_that_count_as_one_else(collection):
    pattern = r"^([A-Z]*\d*-?IM-\d+|person\d+_[a-z]+)"
    data = collection(*KAGGLE, "test/PNEUMONIA/person1_virus_9.jpeg", folder={"patient": pattern})
    assert load_parts(data, 7, sealed_test=True).sizes["test"] == 3


def test_a_small_validation_folder_may_become_training(collection):
    parts = load_parts(collection(*KAGGLE, folder={"validation_into_training": True}), 7, sealed_test=True)
    assert sum(parts.sizes.values()) == len(KAGGLE)
    assert parts.sizes["test"] == 2
    assert "validation" in str(parts.split)


COVID = (
    *("COVID/images/COVID-1.png", "COVID/masks/COVID-1.png", "Normal/images/Normal-1.png"),
    *("Viral Pneumonia/images/Viral Pneumonia-1.png", "Lung_Opacity/images/Lung_Opacity-1.png"),
)


def test_masks_are_no_radiographs_and_each_picture_is_a_patient_where_nobody_knows(collection):
    catalog = read_catalog(collection(*COVID, labels=("COVID", "Lung Opacity", "Viral_Pneumonia")))
    assert values(catalog)["COVID/images/COVID-1.png"] == [1, 0, 0]
    assert values(catalog)["Lung_Opacity/images/Lung_Opacity-1.png"] == [0, 1, 0]
    assert catalog.left_out == {"masks": 1}
    assert not catalog.patients_known
    sentences = remarks(reading_facts(catalog))
    assert "Picture files that were left out: masks (1)." in sentences
    assert any("does not name patients" in sentence for sentence in sentences)


def test_classes_are_merged_renamed_left_out_and_negative_by_setting(collection):
    settings = {
        "classes": {"Pneumonia": ["Viral Pneumonia", "lung_opacity"]},
        "negative": ["normal"],
        "leave_out": ["covid"],
    }
    catalog = read_catalog(collection(*COVID, folder=settings))
    assert sorted(value for (value,) in values(catalog).values()) == [0, 1, 1]
    assert catalog.left_out == {"the folder COVID": 2}


def test_other_classes_may_be_unknown_but_a_normal_picture_has_none(collection):
    labels = ("COVID", "Lung Opacity", "Viral Pneumonia", "No Finding")
    found = values(read_catalog(collection(*COVID, labels=labels, folder={"others": "unknown"})))
    np.testing.assert_array_equal(found["COVID/images/COVID-1.png"], [1, math.nan, math.nan, 0])
    assert found["Normal/images/Normal-1.png"] == [0, 0, 0, 1]


def test_the_negative_class_can_be_a_label(collection):
    catalog = read_catalog(collection(*KAGGLE, labels=("NORMAL", "PNEUMONIA")))
    assert sorted({tuple(row) for row in catalog.targets()}) == [(0, 1), (1, 0)]


def test_the_class_in_the_file_name(collection):
    names = ("CXR_png/MCUCXR_0001_0.png", "CXR_png/CHNCXR_0001_1.png", "ManualMask/leftMask/MCUCXR_0001_0.png")
    settings = {"label_pattern": r"_([01])\.png$", "classes": {"Tuberculosis": "1"}, "negative": ["0"]}
    catalog = read_catalog(collection(*names, labels=("Tuberculosis",), folder=settings))
    assert values(catalog) == {names[0]: [0], names[1]: [1]}
    assert catalog.table["patient"].tolist() == ["CHNCXR_0001", "MCUCXR_0001"]
    assert catalog.left_out == {"masks": 1}


def test_the_second_copy_in_an_archive_and_stray_files_are_left_out_and_counted(collection, tmp_path):
    data = collection(*KAGGLE, "preview.png", "__MACOSX/train/NORMAL/._IM-0115-0001.jpeg", "train/NORMAL/a.tif")
    nested = tmp_path / "set" / "chest_xray" / "train" / "NORMAL"
    nested.mkdir(parents=True)
    (nested / "IM-0115-0001.jpeg").write_bytes((tmp_path / "set" / KAGGLE[0]).read_bytes())
    catalog = read_catalog(data)
    assert catalog.table["image"].tolist() == sorted(KAGGLE)
    assert catalog.left_out == {
        ".tif files, which cannot be read": 1,
        "outside of class folders": 1,
        "copies of another picture": 1,
    }


def test_a_picture_of_another_content_is_no_copy(collection):
    catalog = read_catalog(collection("a/train/NORMAL/1.png", "b/train/NORMAL/1.png", "b/train/PNEUMONIA/2.png"))
    assert len(catalog) == 3


def test_wrappers_deep_folders_and_patient_folders(collection):
    paths = ("x/y/NORMAL/p1/s1/1.png", "x/y/NORMAL/p1/s2/1.png", "x/y/PNEUMONIA/p2/s1/1.png")
    catalog = read_catalog(collection(*paths, folder={"patient": r"^(p\d+)/"}, columns=["class"]))
    assert catalog.table["patient"].tolist() == ["p1", "p1", "p2"]
    assert catalog.table["class"].tolist() == ["NORMAL", "NORMAL", "PNEUMONIA"]


def test_folders_of_several_sites_are_not_taken_for_classes(collection, tmp_path):
    data = collection(
        "north/NORMAL/1.png", "north/COVID/2.png", "south/Hospital/PNEUMONIA/3.png", labels=("COVID", "Pneumonia")
    )
    assert values(read_catalog(data)) == {
        "north/COVID/2.png": [1, 0],
        "north/NORMAL/1.png": [0, 0],
        "south/Hospital/PNEUMONIA/3.png": [0, 1],
    }
    assert recognise_folder(tmp_path / "set").data["labels"] == ["COVID", "Hospital"]


def test_test_pictures_without_a_class_are_left_out_and_give_no_official_split(collection, tmp_path):
    data = collection("Train/normal/1.png", "Train/pneumonia/2.png", "Test/3.png")
    assert read_catalog(data).left_out == {"outside of class folders": 1}
    assert recognise_folder(tmp_path / "set").data["split"] == {"method": "patient"}


@pytest.mark.parametrize(
    ("paths", "data", "reason"),
    [
        (["NORMAL/1.png", "COVID/2.png"], {}, r"no pictures of the class pneumonia.*Found: COVID \(1\), NORMAL \(1\)"),
        (["NORMAL/1.png", "PNEUMONA/2.png"], {}, r"Did you mean 'PNEUMONA'\?"),
        (["NORMAL/1.png", "PNEUMONIA/2.txt"], {}, r"no pictures of the class pneumonia.*The folder PNEUMONIA contains"),
        (
            ["NORMAL/1.png", "PNEUMONIA/2.png", "COVID/3.png"],
            {},
            r"neither a label nor negative: COVID \(1\).*leave_out",
        ),
        (["NORMAL/1.txt"], {}, r"There are no pictures below"),
        (["images/1.png", "2.png"], {}, r"in no class folder.*`data\.folder\.label_pattern`.*`data\.format: table`"),
        (
            ["NORMAL/person1_virus_1.png", "PNEUMONIA/other.png"],
            {},
            r"not in 1 of 2 file names, such as other\.png.*`data\.folder\.patient`",
        ),
        (
            ["NORMAL/1.png", "PNEUMONIA/p2.png"],
            {"folder": {"patient": r"^(\d)"}},
            r"finds no patient in 1 of 2 file names, such as p2\.png",
        ),
        (
            ["NORMAL/1.png", "PNEUMONIA/2.png"],
            {"folder": {"label_pattern": r"^(1)"}},
            r"finds no class in 1 of 2 file names, such as PNEUMONIA/2\.png",
        ),
        (["NORMAL/1.png"], {"folder": {"classes": {"Mass": "NORMAL"}}}, r"Unknown label 'Mass'"),
        (
            ["NORMAL/1.png"],
            {"folder": {"classes": {"Pneumonia": "a"}, "negative": ["A"]}},
            r"'a' is a label in .* and in `data\.folder\.negative`",
        ),
        (["NORMAL/1.png", "PNEUMONIA/2.png"], {"columns": ["clas"]}, r"Unknown column 'clas'. Did you mean 'class'"),
        (["NORMAL/1.png", "PNEUMONIA/2.png"], {"labels_file": "a.csv"}, r"`data\.labels_file` has no meaning"),
        (["NORMAL/1.png", "PNEUMONIA/2.png"], {"images": "sub"}, r"There is no folder .*sub.*`data\.images`"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(collection, paths, data, reason):
    with pytest.raises(DataError, match=reason):
        read_catalog(collection(*paths, **data))


@pytest.mark.parametrize("pattern", ["(person", "a{99999999999}", "(" * 5000 + ")" * 5000])
def test_a_wrong_pattern_is_reported_as_a_mistake_in_the_experiment(collection, pattern):
    with pytest.raises(ExperimentError, match=r"data\.folder\.patient: expected a regular expression"):
        collection("NORMAL/1.png", folder={"patient": pattern})
    with pytest.raises(ExperimentError, match=r"data\.table\.patient_pattern: expected a regular expression"):
        load_experiment({"data": {"format": "table", "table": {"patient_pattern": pattern}}})


def test_a_loop_of_links_ends(collection, tmp_path):
    data = collection("NORMAL/1.png", "PNEUMONIA/2.png")
    (tmp_path / "set" / "PNEUMONIA" / "again").symlink_to(tmp_path / "set")
    assert len(read_catalog(data)) == 2


def test_another_name_class_or_part_is_another_label_version_and_another_place_is_not(collection, tmp_path):
    def version(*paths, name="set"):
        return read_catalog(collection(*paths, root=tmp_path / name)).label_file_sha256

    one = version("NORMAL/1.png", "PNEUMONIA/2.png")
    assert version("NORMAL/1.png", "PNEUMONIA/2.png", name="moved") == one
    assert version("NORMAL/2.png", "PNEUMONIA/1.png", name="other") != one


def test_it_keeps_the_contract_of_formats(collection):
    data = collection(*KAGGLE)
    assert len(check_format("folder", {"root": data.root, "labels": ["Pneumonia"]})) == len(KAGGLE)


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1)


@given(st.lists(st.lists(NAMES, max_size=4).map(tuple), min_size=1, unique=True), st.booleans())
def test_each_folder_has_one_place_and_its_class_is_one_of_its_own_folders(paths, certain):
    places = arrange(paths, lambda name: certain)
    assert set(places) == set(paths)
    for path, place in places.items():
        assert place.folder is None or place.folder in path
        assert path[len(path) - len(place.below) :] == place.below or set(place.below) <= set(path)


@given(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from(["bacteria", "virus"]))
def test_pictures_of_one_person_have_one_patient(person, picture, kind):
    ids = patients_of([f"person{person}_{kind}_{picture}.jpeg", f"person{person}_{kind}_{picture} (1).jpeg"], None)
    assert ids == [f"person{person}"] * 2


# What `python -m xraykit.init` is told.


def test_kaggles_pneumonia_set_is_recognised(collection, tmp_path):
    collection(*KAGGLE)
    found = recognise_folder(tmp_path / "set")
    assert found.found == "class folders NORMAL (5), PNEUMONIA (5)"
    assert found.data == {"labels": ["PNEUMONIA"], "split": {"method": "official"}}
    assert found.missing == ()
    collection("test/PNEUMONIA/person1_virus_9.jpeg")
    assert recognise_folder(tmp_path / "set").data["split"] == {"method": "patient"}


def test_a_very_small_validation_folder_is_proposed_to_become_training(collection, tmp_path):
    collection(*(f"train/{name}/{n}.png" for name in ("NORMAL", "PNEUMONIA") for n in range(60)))
    collection("val/NORMAL/v.png", "test/NORMAL/t.png")
    data = recognise_folder(tmp_path / "set").data
    assert data["folder"] == {"validation_into_training": True}


def test_what_is_proposed_can_be_read(collection, tmp_path):
    collection(*COVID, "COVID.metadata.xlsx")
    found = recognise_folder(tmp_path / "set")
    data = {"format": "folder", "root": str(tmp_path / "set"), **found.data}
    assert len(read_catalog(load_experiment({"data": data}).data)) == 4


def test_montgomery_is_recognised_by_its_names(collection, tmp_path):
    collection("CXR_png/MCUCXR_0001_0.png", "CXR_png/MCUCXR_0104_1.png")
    found = recognise_folder(tmp_path / "set")
    data = {"format": "folder", "root": str(tmp_path / "set"), **found.data}
    assert read_catalog(load_experiment({"data": data}).data).targets().tolist() == [[0], [1]]


@pytest.mark.parametrize(
    "paths",
    [
        ["images/1.png"],
        ["images_001/images/1.png", "images_002/images/2.png", "Data_Entry_2017.csv"],
        ["train/patient00001/study1/view1_frontal.png", "train/patient00002/study1/view1_frontal.png"],
        ["stage_2_train_images/1.png", "stage_2_test_images/2.png", "labels.csv"],
        ["0/1.png", "1/2.png"],
        ["A/1.png", "B/2.png", "labels.xlsx"],
        ["NORMAL/notes.txt"],
    ],
)
def test_folders_of_other_collections_are_not_taken_for_classes(collection, tmp_path, paths):
    collection(*paths)
    assert recognise_folder(tmp_path / "set") is None


@needs_nih
def test_real_radiographs_in_class_folders(tmp_path):
    """Of NIH's radiographs those with one finding or none, linked into folders, have the labels of the label file."""
    (tmp_path / "nih").mkdir()
    for name in ("Data_Entry_2017_v2020.csv", "test_list.txt"):
        (tmp_path / "nih" / name).symlink_to(NIH / name)
    (tmp_path / "nih" / "images").symlink_to(NIH / "images-128")
    nih = read_nih(load_experiment({"data": {"root": str(tmp_path / "nih"), "labels": [*FINDINGS, "No Finding"]}}).data)
    tests = set((NIH / "test_list.txt").read_text().split())
    single = nih.take(nih.targets().sum(1) == 1)
    for image, path, row in zip(single.table["image"], single.table["path"], single.targets(), strict=True):
        label = single.labels[int(row.argmax())]
        link = tmp_path / "set" / ("test" if image in tests else "train") / label / image
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    values = {"format": "folder", "root": str(tmp_path / "set"), "labels": list(FINDINGS)}
    data = load_experiment({"data": values}).data
    parts = load_parts(data, 7, sealed_test=False)
    assert sum(parts.sizes.values()) == len(single) > 5_000
    assert parts.division["patient"].nunique() == single.table["patient"].nunique()
    expected = dict(zip(single.table["image"], single.targets()[:, :-1].tolist(), strict=True))
    test = parts.catalog_of("test")
    for image, row in zip(test.table["image"], test.targets().tolist(), strict=True):
        assert row == expected[image.rpartition("/")[2]]


def test_dicom_files_without_a_suffix_are_found_and_other_files_are_not(collection, tmp_path):
    data = collection("PNEUMONIA/2.png", "NORMAL/1.png", "NORMAL/README")
    patient, *_ = draw_visits(draw_patient(1, 7), 1, 0.5)
    (tmp_path / "set" / "NORMAL" / "IM000001").write_bytes(encode_dicom(grey(), patient, bits=8))
    assert [image for image in read_catalog(data).table["image"] if "IM0" in image] == ["NORMAL/IM000001"]
    assert len(read_catalog(data)) == 3
