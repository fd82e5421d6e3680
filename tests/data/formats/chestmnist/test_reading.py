"""ChestMNIST: one file of arrays, whose pictures are written once as PNG files."""

import hashlib
import io
import json
import os
import zipfile

import cv2
import numpy as np
import pytest

from xraykit.config import SplitRecord, load_experiment
from xraykit.data import load_parts, read_catalog, reading_facts
from xraykit.data.formats.chestmnist.facts import FILES, LABELS, PUBLISHED
from xraykit.data.formats.chestmnist.recognising import recognise_chestmnist
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.reading.remarks import remarks
from xraykit.errors import DataError
from xraykit.evaluation.published import published_figures
from xraykit.registry import FORMATS
from xraykit.testing import check_format

COUNTS = {"train": 9, "val": 3, "test": 4}


def arrays(side=28, seed=0):
    rng = np.random.default_rng(seed)
    found = {}
    for part, count in COUNTS.items():
        found[f"{part}_images"] = rng.integers(0, 256, (count, side, side), dtype=np.uint8)
        found[f"{part}_labels"] = rng.integers(0, 2, (count, 14), dtype=np.uint8)
    return found


@pytest.fixture
def chestmnist(tmp_path):
    """Writes files of arrays, and gives the section that reads them."""

    def written(*sides, change=None, save=np.savez_compressed, **data):
        for side in sides:
            found = arrays(side)
            if change:
                found.update(change)
            save(tmp_path / FILES[side], **{name: each for name, each in found.items() if each is not None})
        return load_experiment({"data": {"format": "chestmnist", "root": str(tmp_path), **data}}).data

    return written


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_pictures_labels_and_parts_are_those_of_the_arrays(chestmnist, tmp_path, save):
    data = chestmnist(28, save=save)
    parts = load_parts(data, 7, sealed_test=False)
    assert parts.sizes == {"train": 9, "validation": 3, "test": 4}
    assert str(parts.split) == "official lists of chestmnist, seed 7"
    found = arrays()
    for name, part in (("train", "train"), ("validation", "val"), ("test", "test")):
        catalog = parts.catalog_of(name)
        np.testing.assert_array_equal(catalog.targets(), found[f"{part}_labels"])
        assert catalog.table["image"][0] == f"chestmnist_28/{part}/000000.png"
        for path, picture in zip(catalog.table["path"], found[f"{part}_images"], strict=True):
            np.testing.assert_array_equal(cv2.imread(path, cv2.IMREAD_UNCHANGED), picture)
    assert LABELS == FINDINGS == parts.labels


def test_it_says_that_nobody_can_check_the_split(chestmnist):
    facts = reading_facts(read_catalog(chestmnist(28)))
    assert any("whether a patient is in more than one part cannot be checked" in each for each in remarks(facts))


def test_the_largest_file_is_read_unless_another_size_is_chosen(chestmnist, tmp_path):
    assert read_catalog(chestmnist(28, 64)).source == "chestmnist_64.npz"
    assert read_catalog(chestmnist(chestmnist={"size": 28})).source == "chestmnist.npz"
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_dir()) == ["chestmnist_28", "chestmnist_64"]


def test_pictures_are_written_once(chestmnist, tmp_path):
    data = chestmnist(28)
    first = read_catalog(data)
    before = os.stat(first.table["path"][0]).st_mtime_ns
    again = read_catalog(data)
    assert first.table.equals(again.table)
    assert os.stat(first.table["path"][0]).st_mtime_ns == before
    assert first.label_file_sha256 == again.label_file_sha256


def test_another_version_of_the_file_is_noticed(chestmnist):
    first = read_catalog(chestmnist(28)).label_file_sha256
    labels = arrays()["train_labels"] ^ 1
    assert read_catalog(chestmnist(28, change={"train_labels": labels})).label_file_sha256 != first
    with pytest.raises(DataError, match=r"contains the pictures of another version of chestmnist\.npz"):
        read_catalog(chestmnist(28, change=arrays(seed=1)))


def test_a_folder_of_something_else_is_never_changed(chestmnist, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"contains other files .*nothing in it was changed"):
        read_catalog(chestmnist(28, chestmnist={"unpacked": "mine"}))
    catalog = read_catalog(chestmnist(28, chestmnist={"unpacked": str(tmp_path / "elsewhere")}))
    assert catalog.table["path"][0] == str(tmp_path / "elsewhere" / "train" / "000000.png")


def test_after_an_error_there_is_no_folder(chestmnist, tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "imencode", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DataError, match=r"cannot be written to .*No space left.*`data\.chestmnist\.unpacked`"):
        read_catalog(chestmnist(28))
    assert not (tmp_path / "chestmnist_28").exists()


class Harmful:
    def __reduce__(self):
        return os.system, ("false",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"val_labels": None}, r"has no array val_labels"),
        ({"val_labels": np.array([[Harmful()] * 14] * 3, object)}, r"val_labels|array of object"),
        ({"val_images": np.array([[Harmful()] * 14] * 3, object)}, r"array of object"),
        (
            {"val_labels": np.zeros((3, 13), np.uint8)},
            r"val_labels is \(3, 13\) uint8\. Expected: whole numbers \(n, 14\)",
        ),
        ({"val_labels": np.full((3, 14), 2, np.uint8)}, r"has other values than 0 and 1"),
        ({"val_labels": np.zeros((2, 14), np.uint8)}, r"3 pictures in val_images, 2 rows in val_labels"),
        ({"val_images": np.zeros((3, 28, 28, 3), np.uint8)}, r"Expected: grey pictures"),
        ({"val_images": np.zeros((3, 28, 28), np.float32)}, r"Expected: grey pictures"),
        ({"val_images": np.zeros((3, 32, 32), np.uint8)}, r"pictures of \[28, 32\] pixels"),
        ({"val_images": np.asfortranarray(np.zeros((3, 28, 28), np.uint8))}, r"not plain numbers row by row"),
    ],
)
def test_arrays_of_another_kind_are_refused_and_no_code_in_them_is_run(chestmnist, change, reason):
    with pytest.raises(DataError, match=reason):
        read_catalog(chestmnist(28, change=change))


def test_a_damaged_file_is_refused(chestmnist, tmp_path):
    data = chestmnist(28, save=np.savez)
    content = bytearray((tmp_path / FILES[28]).read_bytes())
    middle = content.index(arrays()["val_images"].tobytes()[:50])
    content[middle] ^= 1
    (tmp_path / FILES[28]).write_bytes(content)
    with pytest.raises(DataError, match=r"Bad CRC-32 for file 'val_images"):
        read_catalog(data)
    assert not (tmp_path / "chestmnist_28").exists()
    (tmp_path / FILES[28]).write_bytes(content[:-100])
    with pytest.raises(DataError, match=r"is no complete file of arrays"):
        read_catalog(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"labels": ["pleural"]}, r"Unknown finding 'pleural'"),
        ({"images": "a"}, r"`data\.images` has no meaning for ChestMNIST"),
        ({"columns": ["a"]}, r"`data\.columns` has no meaning for ChestMNIST"),
        ({"chestmnist": {"size": 224}}, r"There is no file chestmnist_224\.npz in .*zenodo"),
        ({"labels_file": "x.npz"}, r"There is no file x\.npz"),
        ({"root": "no/folder"}, r"There is no folder .*zenodo"),
    ],
)
def test_what_cannot_be_read_is_named(chestmnist, data, reason):
    with pytest.raises(DataError, match=reason):
        read_catalog(chestmnist(28, **data))


def test_it_keeps_the_contract_of_formats(chestmnist, tmp_path):
    chestmnist(28)
    check_format("chestmnist", {"root": str(tmp_path)})


def test_published_results_are_those_of_the_test_pictures_of_28_pixels():
    names = [f"chestmnist_28/test/{number:06d}.png" for number in range(22_433)]
    assert hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest() == PUBLISHED[0].images_sha256
    split = SplitRecord(method="official", owner="chestmnist", seed=7)
    shown, why = published_figures(FORMATS.get("chestmnist").published, split, LABELS, names)
    assert why is None
    assert [each["macro"] for each in shown] == [0.768, 0.769, 0.742]
    assert published_figures(PUBLISHED, split, LABELS[:3], names)[0][0]["macro"] is None
    larger = [name.replace("28", "64") for name in names]
    assert published_figures(PUBLISHED, split, LABELS, larger)[0] == []


def test_it_is_recognised_by_its_file(chestmnist, tmp_path):
    assert recognise_chestmnist(tmp_path) is None
    chestmnist(28, 64)
    found = recognise_chestmnist(tmp_path)
    assert (found.found, found.data) == ("chestmnist.npz and chestmnist_64.npz", {"chestmnist": {"size": 64}})
    assert found.missing == ()
    with zipfile.ZipFile(tmp_path / FILES[128], "w") as file:
        file.writestr("a.npy", json.dumps({}))
    assert "has no array train_images" in recognise_chestmnist(tmp_path).missing[0]


def _header(shape):
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(written, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("train_labels", _header((10**12, 14)), r"train_labels is \(1000000000000, 14\) uint8"),
        ("train_labels", _header((-2, 14)), r"train_labels is \(-2, 14\)"),
        ("train_images", _header((1, 65000, 65000)), "at most 1024 pixels"),
        ("train_images", _header((9, 28, 28)) + bytes(9 * 28 * 28 + 5000), "goes on after its last value"),
        ("val_labels", b"\x93NUMPY\1\0v\0" + b"{'descr': ('|u1', (".ljust(117) + b"\n", "cannot be read"),
    ],
)
def test_an_array_that_would_unpack_to_any_size_is_refused(chestmnist, tmp_path, name, content, reason):
    data = chestmnist(28)
    with zipfile.ZipFile(tmp_path / FILES[28]) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(tmp_path / FILES[28], "w", zipfile.ZIP_DEFLATED) as archive:
        for each, array in {**parts, f"{name}.npy": content}.items():
            archive.writestr(each, array)
    with pytest.raises(DataError, match=reason):
        read_catalog(data)


@pytest.mark.parametrize(("at", "value"), [(8, 1), (10, 97)])
def test_an_archive_that_is_encrypted_or_compressed_in_another_way_is_refused(chestmnist, tmp_path, at, value):
    data = chestmnist(28)
    path = tmp_path / FILES[28]
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\1\2", at), (b"PK\3\4", at - 2)):
        start = content.find(signature)
        while start >= 0:
            content[start + place] = value
            start = content.find(signature, start + 4)
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_catalog(data)
