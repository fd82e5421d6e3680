"""From the data section to the three parts."""

import errno
import os

import pytest

from tests.data.files import line, nih_root, section
from xraykit.config.data.section import Split
from xraykit.data import parts as parts_module
from xraykit.data.parts import load_parts, read_catalog
from xraykit.errors import DataError, PatientOverlapError, RegistryError, SealedPartError
from xraykit.registry import FORMATS, DataFormat

BY_PATIENT = Split(method="patient", train=0.5, validation=0.25, test=0.25)


@pytest.fixture
def data(tmp_path):
    lines = [line(f"{number}.png", "Mass" if number % 3 else "Hernia", str(number // 2)) for number in range(40)]
    return section(nih_root(tmp_path, lines), split=BY_PATIENT, labels=("Hernia", "Mass"))


def test_every_radiograph_is_in_exactly_one_part(data):
    parts = load_parts(data, 7, sealed_test=False)
    images = [parts.catalog_of(name).table["image"] for name in ("train", "validation", "test")]
    assert sorted(name for column in images for name in column) == sorted(f"{number}.png" for number in range(40))
    assert parts.sizes == {"train": 20, "validation": 10, "test": 10}
    assert [len(column) for column in images] == [20, 10, 10]
    assert parts.labels == ("Hernia", "Mass")
    assert str(parts.split) == "by patient 50/25/25, seed 7"


def test_assignments_name_the_part_of_each_radiograph(data):
    parts = load_parts(data, 7, sealed_test=False)
    assignments = parts.assignments()
    assert list(assignments.columns) == ["image", "patient", "part"]
    for name in ("train", "validation", "test"):
        named = assignments.loc[assignments["part"] == name, "image"]
        assert named.tolist() == parts.catalog_of(name).table["image"].tolist()


def test_a_sealed_test_part_cannot_be_had(data):
    sealed, opened = (load_parts(data, 7, sealed_test=flag) for flag in (True, False))
    with pytest.raises(SealedPartError, match="test part is sealed"):
        sealed.catalog_of("test")
    assert set(sealed.catalogs) == {"train", "validation"}
    for name in ("train", "validation"):
        assert sealed.catalog_of(name).table.equals(opened.catalog_of(name).table)
    assert sealed.fingerprint == opened.fingerprint
    assert sealed.sizes == opened.sizes
    assert sealed.paths == opened.paths
    assert len(sealed.paths) == 40


def test_the_fingerprint_knows_the_division(data):
    fingerprints = {load_parts(data, seed, sealed_test=False).fingerprint for seed in (1, 1, 2)}
    assert len(fingerprints) == 2


def test_an_unknown_part_is_reported(data):
    with pytest.raises(DataError, match=r"no part 'val'\. Expected: train, validation, test"):
        load_parts(data, 7, sealed_test=False).catalog_of("val")


def test_an_overlap_is_found_at_every_load_whatever_made_it(data, monkeypatch):
    split = parts_module.split_patients

    def leaky(*arguments):
        parts = split(*arguments)
        parts[0] = "test" if parts[1] != "test" else "train"
        return parts

    monkeypatch.setattr(parts_module, "split_patients", leaky)
    for sealed in (True, False):
        with pytest.raises(PatientOverlapError, match=r"In more than one part: .*: 0 in"):
            load_parts(data, 7, sealed_test=sealed)


def test_an_unknown_format_is_reported(data):
    with pytest.raises(RegistryError, match="Did you mean 'nih'"):
        read_catalog(data.model_copy(update={"format": "nihh"}))


def test_a_reader_that_returns_no_catalog_is_reported(data, monkeypatch):
    monkeypatch.setitem(FORMATS._entries, "broken", DataFormat("broken", lambda data: []))
    with pytest.raises(DataError, match=r"'broken' must return.*Received: list"):
        read_catalog(data.model_copy(update={"format": "broken"}))


@pytest.mark.parametrize("call", ["scandir", "stat"])
def test_a_folder_that_may_not_be_read_is_named_in_one_sentence(data, monkeypatch, call):
    folder = os.path.join(data.root, "images")
    real = getattr(os, call)

    def refuse(path=".", *rest, **more):
        if str(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(DataError, match=rf"{folder} cannot be read: Permission denied.*Check their permissions"):
        read_catalog(data)
