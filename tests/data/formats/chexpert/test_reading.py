"""CheXpert's lists: labels, views, studies, the official parts, and each form in which it is distributed."""

import shutil

import numpy as np
import pytest

from tests.data.formats.chexpert.collection import HEADER, LABELS, SMALL, TRAIN, VALID, picture, row, section, write
from xraykit.config import load_experiment
from xraykit.data import load_parts, read_catalog
from xraykit.data.formats.chexpert import FINDINGS
from xraykit.data.formats.chexpert.folders import recognise
from xraykit.data.formats.chexpert.reading import read_chexpert
from xraykit.data.reading.remarks import reading_facts, remarks
from xraykit.errors import DataError
from xraykit.testing import check_format

FIRST = "train/patient00001/study1/view1_frontal.jpg"


@pytest.fixture
def root(tmp_path):
    return write(tmp_path / SMALL, TRAIN, VALID)


def test_it_keeps_the_contract_of_a_format(root):
    catalog = check_format("chexpert", {"root": str(root)})
    assert catalog.labels == FINDINGS
    assert load_experiment({"data": {"format": "chexpert"}}).data.labels == FINDINGS


def test_labels_are_present_absent_or_unknown(root):
    catalog = read_chexpert(section(root, labels=("Edema", "Pleural Effusion", "No Finding")))
    np.testing.assert_array_equal(
        catalog.targets()[:4], [[np.nan, 1, 0], [0, 1, 0], [0, 0, 1], [np.nan, 0, 0]], "blank is absent, -1 unknown"
    )
    unknown = read_chexpert(section(root, chexpert={"blank": "unknown"}))
    np.testing.assert_array_equal(unknown.targets()[:2], [[np.nan, 1], [np.nan, 1]])


def test_age_sex_view_patient_and_study(root):
    table = read_chexpert(section(root)).table
    assert table["image"][0] == FIRST
    assert table["patient"][:4].tolist() == ["patient00001"] * 3 + ["patient00002"]
    assert table["age"][:4].tolist() == [58, 58, 59, 61]
    assert table["sex"].fillna("?")[:6].tolist() == ["F", "F", "F", "M", "?", "M"]
    assert table["view"].tolist() == ["AP", "lateral", "PA", "PA", "lateral", "AP", "AP", "AP"], "LL is from the side"
    studies = read_chexpert(section(root)).studies
    assert studies[:4].tolist() == ["patient00001/study1"] * 2 + ["patient00001/study2", "patient00002/study1"]


def test_frontal_radiographs_are_used_unless_another_view_is_chosen(root):
    frontal = read_catalog(section(root))
    assert (len(frontal), frontal.laterals) == (6, 2)
    assert len(read_catalog(section(root, views="lateral"))) == 2
    assert len(read_catalog(section(root, one_per="study", views="all"))) == 7


@pytest.mark.parametrize("where", ["itself", "above", "parent", "two above", "full size", "without prefix", "batches"])
def test_each_form_of_the_collection_is_read_alike(tmp_path, where):
    root = write(tmp_path / "data" / SMALL, TRAIN, VALID)
    expected = read_chexpert(section(root))
    if where == "above":
        root = root.parent
    if where == "parent":
        shutil.move(root, tmp_path / "data" / "another name")
        root = tmp_path / "data"
    if where == "two above":
        root = root.parent.parent
    if where in ("full size", "without prefix"):
        prefix = "CheXpert-v1.0/" if where == "full size" else ""
        for name in ("train.csv", "valid.csv"):
            (root / name).write_text((root / name).read_text().replace(f"{SMALL}/", prefix))
    if where == "batches":
        first = root.parent / "CheXpert-v1.0 batch 1 (validate & csv)"
        first.mkdir()
        for name in ("train.csv", "valid.csv", "valid"):
            shutil.move(root / name, first)
        shutil.move(root / "train", root.parent / "CheXpert-v1.0 batch 2 (train 1)")
        third = root.parent / "CheXpert-v1.0 batch 3 (train 2)"
        third.mkdir()
        shutil.move(root.parent / "CheXpert-v1.0 batch 2 (train 1)" / "patient00004", third)
        root = root.parent
    catalog = read_chexpert(section(root))
    assert catalog.table.drop(columns="path").equals(expected.table.drop(columns="path"))
    assert catalog.missing_images == 0


def test_pictures_of_the_same_name_are_those_of_their_own_folder(root):
    paths = read_chexpert(section(root)).table.set_index("image")["path"]
    assert paths[FIRST].endswith(FIRST)
    assert all(path.endswith(image) for image, path in paths.items())
    assert paths.nunique() == len(paths)


def test_a_picture_that_was_converted_is_found_and_counted(root):
    (root / FIRST).rename(root / FIRST.replace(".jpg", ".PNG"))
    (root / TRAIN[3].split(",")[0].removeprefix(f"{SMALL}/")).unlink()
    catalog = read_chexpert(section(root))
    assert catalog.normalised["image"] == 1
    assert catalog.missing_images == 1


def test_without_a_test_set_valid_csv_is_the_test_part(root):
    data = section(root, labels=("Edema",), split={"train": 0.4, "validation": 0.4, "test": 0.2})
    parts = load_parts(data, 1, sealed_test=False)
    test = parts.catalog_of("test").table["image"]
    assert set(test) == {line.split(",")[0].removeprefix(f"{SMALL}/") for line in VALID}
    assert parts.sizes["train"] + parts.sizes["validation"] == 4
    assert (
        str(parts.split)
        == "official lists of chexpert with the test part valid.csv, validation 50 % by patient, seed 1"
    )
    assert parts.split.read(parts.split.as_values()) == parts.split


TEST_LABELS = "Path,Edema,Pleural Effusion\ntest/patient64741/study1/view1_frontal.jpg,1,0\n"
GROUND_TRUTH = f"Study,{','.join(LABELS)}\nCheXpert-v1.0/test/patient64741/study1,{','.join('0' * 5 + '1' + '0' * 8)}\n"


@pytest.mark.parametrize(("name", "content"), [("test_labels.csv", TEST_LABELS), ("groundtruth.csv", GROUND_TRUTH)])
@pytest.mark.parametrize("beside", [True, False])
def test_the_test_set_is_the_test_part_and_valid_csv_the_validation_part(root, name, content, beside):
    picture(root, "test/patient64741/study1/view1_frontal.jpg")
    (root / name if beside else root / "test" / name).write_text(content)
    parts = load_parts(section(root), 1, sealed_test=False)
    assert parts.sizes == {"train": 4, "validation": 2, "test": 1}
    np.testing.assert_array_equal(parts.catalog_of("test").targets(), [[1, 0]])
    assert str(parts.split) == f"official lists of chexpert with the test part {name}, seed 1"
    valid = load_parts(section(root, chexpert={"test_set": "valid"}), 1, sealed_test=False)
    assert valid.sizes["test"] == 2


def test_a_label_that_the_test_set_lacks_is_unknown_there_and_not_absent(root):
    picture(root, "test/patient64741/study1/view1_frontal.jpg")
    (root / "test_labels.csv").write_text(TEST_LABELS)
    catalog = read_chexpert(section(root, labels=("Fracture", "Edema")))
    np.testing.assert_array_equal(catalog.targets()[-1], [np.nan, 1])


def test_each_picture_of_a_study_has_the_labels_of_the_test_set(root):
    picture(root, "test/patient64741/study1/view1_frontal.jpg", "test/patient64741/study1/view2_lateral.jpg")
    (root / "groundtruth.csv").write_text(GROUND_TRUTH)
    table = read_chexpert(section(root)).table.set_index("image")
    assert table.loc["test/patient64741/study1/view2_lateral.jpg", ["view", "Edema"]].tolist() == ["lateral", 1.0]


def test_labels_of_a_test_set_without_its_pictures_are_not_used(root):
    (root / "groundtruth.csv").write_text(GROUND_TRUTH)
    assert read_chexpert(section(root)).test_list == "valid.csv"
    with pytest.raises(DataError, match=r"`data\.chexpert\.test_set` is test, but .* or none of its pictures"):
        read_chexpert(section(root, chexpert={"test_set": "test"}))


def test_a_collection_of_the_test_set_alone_can_be_evaluated(tmp_path):
    picture(tmp_path, "test/patient64741/study1/view1_frontal.jpg")
    (tmp_path / "test_labels.csv").write_text(TEST_LABELS)
    assert len(read_chexpert(section(tmp_path))) == 1
    with pytest.raises(DataError, match="without their official split"):
        load_parts(section(tmp_path), 1, sealed_test=False)


def test_another_training_list_can_be_chosen(root):
    (root / "train_visualCheXbert.csv").write_text("\n".join([HEADER, TRAIN[0].replace("-1.0", "1.0")]))
    catalog = read_chexpert(section(root, labels_file="train_visualCheXbert.csv"))
    assert catalog.source == "train_visualCheXbert.csv"
    assert catalog.targets()[0, 0] == 1
    assert catalog.test_list == "valid.csv"
    again = read_chexpert(section(root.parent, labels_file=f"{SMALL}/train_visualCheXbert.csv"))
    assert again.table.equals(catalog.table)
    with pytest.raises(DataError, match=r"no file .*train_cheXbert\.csv\. Expected: a training list"):
        read_chexpert(section(root, labels_file="train_cheXbert.csv"))


def test_what_is_blank_or_uncertain_is_counted_and_reported(root):
    catalog = read_chexpert(section(root, chexpert={"uncertain_of": {"Edema": {"smooth": [0.55, 0.85]}}}))
    facts = reading_facts(catalog)
    assert facts["unclear_labels"]["uncertain"] == {"Edema": 2}
    assert not facts["not_understood"], "Unknown is a spelling of an unknown sex"
    text = " ".join(remarks(facts))
    assert "7 blank cells of labels: not mentioned in the report, and counted as absent" in text
    assert (
        "2 uncertain labels: unknown in all metrics. What the training learns from them: smooth 0.55-0.85 (2)" in text
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            row("train/patient00001/study1/view1_frontal.jpg", Edema="2"),
            r"line 2, column Edema: '2'\. Expected in a cell",
        ),
        (
            row("../train/patient00001/study1/view1_frontal.jpg"),
            r"line 2, column Path: '\.\./train.*Expected: a path such",
        ),
        (row("train/a.jpg"), r"line 2, column Path: 'train/a\.jpg'"),
        (row("train/patient00001"), r"line 2, column Path"),
    ],
)
def test_a_wrong_row_is_named(root, line, reason):
    (root / "train.csv").write_text(f"{HEADER}\n{line}\n")
    with pytest.raises(DataError, match=reason):
        read_chexpert(section(root))


def test_a_row_that_is_listed_twice_is_refused(root):
    (root / "train.csv").write_text("\n".join([HEADER, TRAIN[0], TRAIN[0].replace(SMALL, "CheXpert-v1.0")]))
    with pytest.raises(DataError, match=r"line 3: train/patient00001/study1/view1_frontal\.jpg is in line 2 already"):
        read_chexpert(section(root))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"labels": ("Effusion",)}, r"`data\.labels`: Unknown finding 'Effusion'\. Did you mean 'Pleural Effusion'"),
        ({"columns": ("Sexx",)}, r"`data\.columns`: Unknown column 'Sexx'\. Did you mean 'Sex'"),
        ({"chexpert": {"uncertain_of": {"Oedema": "ones"}}}, r"`data\.chexpert\.uncertain_of`: Unknown label 'Oedema'"),
    ],
)
def test_unknown_names_are_refused(root, more, reason):
    with pytest.raises(DataError, match=reason):
        read_chexpert(section(root, **more))


def test_two_collections_in_one_folder_are_refused(tmp_path):
    for name in ("CheXpert-v1.0", SMALL):
        write(tmp_path / name, TRAIN, VALID)
    with pytest.raises(DataError, match=r"several collections: CheXpert-v1\.0, CheXpert-v1\.0-small"):
        read_chexpert(section(tmp_path))


def test_a_missing_collection_prints_where_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"no label file.*train\.csv.*Stanford"):
        read_chexpert(section(tmp_path))
    with pytest.raises(DataError, match=r"no folder.*Stanford"):
        read_chexpert(section(tmp_path / "nowhere"))


def test_without_pictures_the_message_says_where_it_looked(root):
    for part in ("train", "valid"):
        shutil.rmtree(root / part)
    with pytest.raises(DataError, match=r"None of the 8 pictures .* Looked in: .*CheXpert-v1\.0-small"):
        read_chexpert(section(root))


def test_it_is_recognised_by_the_columns_of_its_lists(root, tmp_path):
    assert recognise(root.parent).found == "train.csv with the columns of CheXpert"
    (root / "valid.csv").unlink()
    assert recognise(root).data == {"split": {"method": "patient"}}
    assert len(read_chexpert(section(root))) == 6
    (root / "train.csv").rename(root / "valid.csv")
    assert recognise(root).missing == ("train.csv, the training list",)
    other = tmp_path.parent / f"{tmp_path.name} other"
    other.mkdir()
    (other / "train.csv").write_text("image,label\n")
    assert recognise(other) is None
    assert recognise(tmp_path / "nowhere") is None
