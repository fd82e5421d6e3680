"""The same picture under two names."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import line, nih_root, png, section, textured
from xraykit.data.leakage.duplicates import (
    check_duplicates,
    describe_duplicates,
    find_duplicates,
    same_files,
    same_pictures,
    without_duplicates,
)
from xraykit.data.parts import Parts, load_parts
from xraykit.errors import DuplicatePictureError

LABELS = ("Mass", "Edema")


def data_root(tmp_path: Path, count: int = 30) -> Path:
    """Thirty patients with one radiograph each, all different, two out of three of them with a finding."""
    findings = ["No Finding", "Mass", "Edema"]
    lines = [line(f"{n:02d}.png", findings[n % 3], patient=str(n)) for n in range(count)]
    root = nih_root(tmp_path / "nih", lines)
    for number in range(count):
        (root / "images" / f"{number:02d}.png").write_bytes(png(textured(24, seed=number)))
    return root


def parts_of(root: Path, *, sealed: bool = False) -> Parts:
    data = section(root, labels=list(LABELS), split={"method": "patient", "train": 0.6, "validation": 0.2, "test": 0.2})
    return load_parts(data, 7, sealed_test=sealed)


def images_of(parts: Parts, part: str) -> list[str]:
    return parts.division["image"][parts.division["part"] == part].tolist()


def copy(root: Path, source: str, *targets: str) -> None:
    for target in targets:
        (root / "images" / target).write_bytes((root / "images" / source).read_bytes())


@given(st.lists(st.integers(0, 5), max_size=30))
def test_rows_of_one_digest_are_found_together(digests):
    of_each = [tuple(row for row, other in enumerate(digests) if other == digest) for digest in set(digests)]
    assert sorted(same_pictures(digests)) == sorted(rows for rows in of_each if len(rows) > 1)


def test_files_with_the_same_bytes_are_found_and_others_of_one_size_are_not(tmp_path):
    middle = bytearray(20_000)
    middle[10_000] = 1
    contents = [bytes(20_000), b"a" + bytes(19_999), bytes(20_000), bytes(middle), b"", b"", b"b"]
    paths = [str(tmp_path / str(number)) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        Path(path).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "another pipe")
    more = [str(tmp_path / name) for name in ("absent", "also absent", "pipe", "another pipe")]
    assert same_files([*paths, *more]) == [(0, 2), (4, 5)]


def test_only_files_that_may_be_copies_are_read(tmp_path, monkeypatch):
    opened = []
    for number in range(20):
        (tmp_path / f"{number}").write_bytes(bytes(100 + number))
    real = open
    monkeypatch.setattr("builtins.open", lambda path, *rest, **more: opened.append(path) or real(path, *rest, **more))
    assert same_files([str(tmp_path / str(number)) for number in range(20)]) == []
    assert opened == []


def test_a_picture_in_two_parts_is_counted_and_refused_by_name_with_what_to_do(tmp_path):
    root = data_root(tmp_path)
    parts = parts_of(root)
    one, other = images_of(parts, "train")[0], images_of(parts, "test")[0]
    copy(root, one, other)
    found = find_duplicates(parts, same_files(parts.paths), "files")
    assert (found.pictures, found.radiographs, found.across_parts, found.across_patients) == (1, 2, 1, 0)
    with pytest.raises(DuplicatePictureError, match="1 picture in common, under different names") as error:
        check_duplicates(found, "refuse")
    assert f"{one} (train)" in str(error.value)
    assert f"{other} (test)" in str(error.value)
    assert "data.duplicates: leave_out" in str(error.value)
    check_duplicates(found, "allow")
    check_duplicates(found, "leave_out")


def test_a_picture_twice_in_one_part_is_no_reason_to_refuse_but_contradicting_labels_are_counted(tmp_path):
    root = data_root(tmp_path)
    parts = parts_of(root)
    train = images_of(parts, "train")
    same = [image for image in train if int(image[:2]) % 3 == 1][:2]
    contradicting = [next(image for image in train if int(image[:2]) % 3 == remainder) for remainder in (0, 2)]
    copy(root, *same)
    copy(root, *contradicting)
    found = find_duplicates(parts, same_files(parts.paths), "files")
    check_duplicates(found, "refuse")
    assert (found.pictures, found.across_parts, found.across_patients, found.contradicting) == (2, 0, 2, 1)
    assert "(0 of them in more than one part, 2 of several patients, 1 with contradicting" in describe_duplicates(found)
    json.dumps(found.as_values())


def test_nothing_is_reported_where_all_pictures_differ(tmp_path):
    parts = parts_of(data_root(tmp_path))
    found = find_duplicates(parts, same_files(parts.paths), "files")
    assert found.pictures == 0
    assert describe_duplicates(found) == ""


def test_labels_of_a_sealed_part_are_not_covered(tmp_path):
    root = data_root(tmp_path)
    test = images_of(parts_of(root), "test")
    copy(root, *[next(image for image in test if int(image[:2]) % 3 == remainder) for remainder in (0, 1)])
    for sealed, contradicting in ((True, 0), (False, 1)):
        parts = parts_of(root, sealed=sealed)
        assert find_duplicates(parts, same_files(parts.paths), "files").contradicting == contradicting


@pytest.mark.parametrize("sealed", [True, False])
def test_copies_are_left_out_of_all_parts_but_the_last(tmp_path, sealed):
    root = data_root(tmp_path)
    parts = parts_of(root, sealed=sealed)
    train, validation, test = (images_of(parts, part) for part in ("train", "validation", "test"))
    copy(root, train[0], validation[0], test[0])
    copy(root, train[1], validation[1], train[2])
    copy(root, train[3], train[4])
    reduced, left_out = without_duplicates(parts, same_files(parts.paths))
    gone = {train[0], validation[0], train[1], train[2]}
    assert left_out == 4
    assert set(parts.division["image"]) - set(reduced.division["image"]) == gone
    assert reduced.sizes == {part: len(images_of(reduced, part)) for part in ("train", "validation", "test")}
    assert reduced.catalog_of("train").table["image"].tolist() == [image for image in train if image not in gone]
    assert [os.path.basename(path) for path in reduced.paths] == reduced.division["image"].tolist()
    assert reduced.fingerprint != parts.fingerprint
    assert not find_duplicates(reduced, same_files(reduced.paths), "files").across_parts
    targets = reduced.catalog_of("train").targets()
    assert targets.shape == (len(reduced.catalog_of("train")), 2)
    assert not np.isnan(targets).any()


def test_without_copies_across_parts_the_parts_stay_as_they_are(tmp_path):
    root = data_root(tmp_path)
    parts = parts_of(root)
    copy(root, *images_of(parts, "train")[:2])
    assert without_duplicates(parts, same_files(parts.paths)) == (parts, 0)
