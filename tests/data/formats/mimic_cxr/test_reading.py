"""MIMIC-CXR-JPG: labels of studies for their pictures, views, the official split, a radiologist's labels."""

import gzip
import shutil

import numpy as np
import pytest

from tests.data.files import jpeg, textured
from xraykit.config import Data
from xraykit.data import load_parts, read_catalog
from xraykit.data.formats.mimic_cxr import FINDINGS
from xraykit.data.formats.mimic_cxr.files import recognise
from xraykit.data.formats.mimic_cxr.reading import read_mimic_cxr
from xraykit.data.reading.remarks import reading_facts, remarks
from xraykit.errors import DataError
from xraykit.phantoms import Phantom, write_phantoms
from xraykit.testing import check_format

METADATA = (
    "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows\n"
    "aa,10000032,50000001,CHEST (PA AND LAT),PA,3000\n"
    "bb,10000032,50000001,CHEST (PA AND LAT),LATERAL,3000\n"
    "cc,10000032,50000002,CHEST (PORTABLE AP),AP,3000\n"
    "dd,11000033,50000003,,,3000\n"
    "ee,11000033,50000003,,AP LLD,3000\n"
    "ff,12000034,50000004,,PA,3000\n"
    "gg,13000035,50000005,,AP,3000\n"
    "hh,14000036,50000006,,PA,3000\n"
)
CHEXPERT = (
    "subject_id,study_id,Edema,Lung Opacity,No Finding\n"
    "10000032,50000001,1.0,,\n"
    "10000032,50000002,-1.0,0.0,\n"
    "11000033,50000003,,,1.0\n"
    "12000034,50000004,1.0,1.0,\n"
    "13000035,50000005,,1.0,\n"
    "19999999,59999999,,,1.0\n"
)
NEGBIO = CHEXPERT.replace("50000001,1.0", "50000001,0.0")
BY_HAND = "study_id,Edema,Airspace Opacity\n50000004,0,1\n"


def _names(metadata=METADATA):
    """Paths of the pictures, from the ids."""
    paths = []
    for line in metadata.splitlines()[1:]:
        name, subject, study, *_ = line.split(",")
        paths.append(f"files/p{subject[:2]}/p{subject}/s{study}/{name}.jpg")
    return paths


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "mimic-cxr-jpg" / "2.1.0"
    for number, name in enumerate(_names()):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(jpeg(textured(48, number)))
    for kind, text in (("metadata", METADATA), ("chexpert", CHEXPERT), ("negbio", NEGBIO), ("split", _split())):
        (root / f"mimic-cxr-2.0.0-{kind}.csv.gz").write_bytes(gzip.compress(text.encode()))
    (root / "mimic-cxr-2.1.0-test-set-labeled.csv").write_text(BY_HAND)
    return root


def _split():
    parts = dict.fromkeys(("aa", "bb", "cc", "dd", "ee"), "train") | {"ff": "test", "gg": "validate", "hh": "test"}
    return "dicom_id,study_id,subject_id,split\n" + "".join(f"{name},0,0,{part}\n" for name, part in parts.items())


def _rewrite(root, kind, text):
    (root / f"mimic-cxr-2.0.0-{kind}.csv.gz").write_bytes(gzip.compress(text.encode()))


def _data(root, **more):
    return Data(format="mimic_cxr", root=str(root), labels=more.pop("labels", ("Edema", "Lung Opacity")), **more)


def test_labels_of_a_study_are_those_of_each_of_its_pictures(root):
    catalog = read_mimic_cxr(_data(root, labels=("Edema", "Lung Opacity", "No Finding")))
    assert catalog.table["image"].tolist() == _names()[:7]
    np.testing.assert_array_equal(
        catalog.targets(),
        [[1, 0, 0], [1, 0, 0], [np.nan, 0, 0], [0, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]],
    )
    assert catalog.table["patient"].tolist()[:4] == ["10000032"] * 3 + ["11000033"]
    assert catalog.studies.tolist()[:3] == ["50000001", "50000001", "50000002"]
    assert catalog.table[["sex", "age"]].isna().all(axis=None)


def test_only_pa_and_ap_are_used_unless_other_views_are_chosen(root):
    views = read_mimic_cxr(_data(root)).table["view"].fillna("").tolist()
    assert views == ["PA", "lateral", "AP", "", "AP LLD", "PA", "AP"]
    used = read_catalog(_data(root))
    assert used.table["view"].tolist() == ["PA", "AP", "PA", "AP"]
    assert (used.laterals, used.other_views) == (1, 2)
    assert len(read_catalog(_data(root, views="frontal"))) == 5, "with blank views"
    assert len(read_catalog(_data(root, views=["AP LLD"]))) == 1


def test_radiographs_of_a_study_without_labels_are_left_out_and_counted(root):
    catalog = read_mimic_cxr(_data(root))
    assert dict(catalog.left_out) == {"studies without labels": 1}
    assert catalog.missing_images == 0
    assert "studies without labels (1)" in " ".join(remarks(reading_facts(catalog)))


def test_a_missing_picture_is_counted(root):
    (root / _names()[0]).unlink()
    catalog = read_mimic_cxr(_data(root))
    assert (catalog.missing_images, len(catalog)) == (1, 6)


def test_the_labeller_is_a_setting(root):
    assert read_mimic_cxr(_data(root, mimic_cxr={"labeller": "negbio"})).targets()[0, 0] == 0
    (root / "mimic-cxr-2.0.0-negbio.csv.gz").unlink()
    with pytest.raises(DataError, match=r"no file mimic-cxr-\.\.\.-negbio\.csv\.gz.*labeller`.*PhysioNet"):
        read_mimic_cxr(_data(root, mimic_cxr={"labeller": "negbio"}))


def test_policies_are_those_of_chexpert(root):
    settings = {"uncertain": {"smooth": [0.55, 0.85]}, "blank": "unknown"}
    catalog = read_mimic_cxr(_data(root, mimic_cxr=settings))
    assert np.isnan(catalog.targets()[2, 0])
    assert 0.55 <= catalog.training_targets()[2, 0] <= 0.85
    assert np.isnan(catalog.targets()[0, 1])
    assert catalog.unclear_labels.uncertain == {"Edema": 1}


def test_the_official_parts_are_those_of_the_split_file(root):
    parts = load_parts(_data(root), 1, sealed_test=False)
    assert parts.sizes == {"train": 2, "validation": 1, "test": 1}
    assert parts.catalog_of("test").table["image"].tolist() == [_names()[5]]
    assert str(parts.split) == "official lists of mimic_cxr, seed 1"


def test_the_test_part_may_have_the_labels_of_a_radiologist(root):
    settings = {"test_labels": "radiologist"}
    parts = load_parts(_data(root, mimic_cxr=settings), 1, sealed_test=False)
    np.testing.assert_array_equal(parts.catalog_of("test").targets(), [[0, 1]], "Airspace Opacity is Lung Opacity")
    np.testing.assert_array_equal(parts.catalog_of("train").targets(), [[1, 0], [np.nan, 0]])
    assert "mimic-cxr-2.1.0-test-set-labeled.csv" in str(parts.split)
    catalog = read_mimic_cxr(_data(root, mimic_cxr=settings))
    assert dict(catalog.left_out) == {"test studies that no radiologist labelled": 1}
    (root / "mimic-cxr-2.1.0-test-set-labeled.csv").unlink()
    with pytest.raises(DataError, match="radiologist's labels"):
        read_mimic_cxr(_data(root, mimic_cxr=settings))


@pytest.mark.parametrize("where", ["plain files", "both", "as wget leaves it", "files below data.images", "no files/"])
def test_each_form_of_the_collection_is_read_alike(root, tmp_path, where):
    expected = read_mimic_cxr(_data(root)).table.drop(columns="path")
    more = {}
    if where in ("plain files", "both"):
        for file in root.glob("*.csv.gz"):
            (root / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
            if where == "plain files":
                file.unlink()
    if where == "as wget leaves it":
        deep = tmp_path / "physionet.org" / "files" / "mimic-cxr-jpg"
        deep.mkdir(parents=True)
        shutil.move(root, deep)
        root = tmp_path
    if where == "files below data.images":
        (root / "small").mkdir()
        shutil.move(root / "files", root / "small")
        more = {"images": "small"}
    if where == "no files/":
        for folder in (root / "files").iterdir():
            shutil.move(folder, root)
        (root / "files").rmdir()
    assert read_mimic_cxr(_data(root, **more)).table.drop(columns="path").equals(expected)


def test_without_a_split_file_the_official_split_is_refused(root):
    (root / "mimic-cxr-2.0.0-split.csv.gz").unlink()
    with pytest.raises(DataError, match=r"without their official split \(mimic-cxr-2\.0\.0-split\.csv\.gz\)"):
        load_parts(_data(root), 1, sealed_test=True)
    assert recognise(root).data == {"split": {"method": "patient"}}


@pytest.mark.parametrize(
    ("kind", "old", "new", "reason"),
    [
        ("metadata", "aa,10000032", "../aa,10000032", r"line 2, column dicom_id: .*Expected: the path"),
        ("metadata", "aa,10000032", "aa,1E+07", r"line 2, column subject_id: '1E\+07'\. Expected: the digits"),
        ("metadata", "50000002,CHEST", "x/../y,CHEST", r"line 4, column study_id"),
        ("metadata", "bb,", "aa,", r"line 3: files/p10/p10000032/s50000001/aa\.jpg is in line 2 already"),
        ("chexpert", "50000002,-1.0", "50000002,2", r"line 3, column Edema: '2'"),
        ("chexpert", "50000002", "50000001", r"line 3: 50000001 is in line 2 already"),
        ("chexpert", "study_id", "study", "no column study_id"),
        (
            "split",
            "gg,0,0,validate",
            "gg,0,0,other",
            r"line 8, column split: 'other'\. Expected: train, validate, test",
        ),
    ],
)
def test_a_wrong_row_is_named(root, kind, old, new, reason):
    text = {"metadata": METADATA, "chexpert": CHEXPERT, "split": _split()}[kind]
    assert old in text
    _rewrite(root, kind, text.replace(old, new, 1))
    with pytest.raises(DataError, match=reason):
        read_mimic_cxr(_data(root))


def test_unknown_names_and_missing_collections_are_refused(root, tmp_path):
    with pytest.raises(DataError, match=r"`data\.labels`: Unknown finding 'Oedema'\. Did you mean 'Edema'"):
        read_mimic_cxr(_data(root, labels=("Oedema",)))
    with pytest.raises(DataError, match=r"`data\.columns`: Unknown column 'Row'\. Did you mean 'Rows'"):
        read_mimic_cxr(_data(root, columns=("Row",)))
    assert read_mimic_cxr(_data(root, columns=("Rows",))).table["Rows"][0] == "3000"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no label files of MIMIC-CXR.*PhysioNet"):
        read_mimic_cxr(_data(tmp_path / "empty"))
    shutil.copytree(root, root.parent / "2.0.0")
    with pytest.raises(DataError, match="Several folders"):
        read_mimic_cxr(_data(root.parent))


def test_label_files_of_another_collection_are_refused(root):
    _rewrite(root, "chexpert", "subject_id,study_id,Edema,Lung Opacity\n1,1,1.0,\n")
    with pytest.raises(DataError, match=r"has no study_id of mimic-cxr-2\.0\.0-metadata\.csv\.gz"):
        read_mimic_cxr(_data(root))


def test_phantoms_in_its_layout_are_recognised_and_read(tmp_path):
    write_phantoms(tmp_path, Phantom(patients=30, images=40, size=32), layout="mimic_cxr")
    assert recognise(tmp_path).missing == ()
    catalog = check_format("mimic_cxr", {"root": str(tmp_path), "views": "all"})
    assert catalog.labels == FINDINGS
    assert catalog.missing_images == 0
    assert (catalog.targets() == 1).any()
    by_hand = {"test_labels": "radiologist"}
    test = load_parts(_data(tmp_path, mimic_cxr=by_hand), 1, sealed_test=False).catalog_of("test")
    assert not np.isnan(test.targets()).any()
    assert (test.targets()[:, 1] == 1).any(), "Lung Opacity"
