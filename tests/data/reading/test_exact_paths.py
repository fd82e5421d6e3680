"""Pictures by their exact path, and those of the same folder that are spelled otherwise."""

import os

import pytest

from xraykit.data.reading.exact_paths import pictures_at
from xraykit.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("p1/view1.jpg", "p1/View2.PNG", "p2/view1.jpg", "p3/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def _found(folder, *names):
    parts = [name.rpartition("/") for name in names]
    matches = pictures_at(
        [str(folder / each) if each else None for each, _, _ in parts], [name for _, _, name in parts]
    )
    paths = [None if path is None else os.path.relpath(path, folder) for path in matches.paths]
    return paths, list(matches.respelled)


def test_a_picture_is_the_one_of_its_own_folder(folder):
    assert _found(folder, "p1/view1.jpg", "p2/view1.jpg", "p4/view1.jpg", "view1.jpg") == (
        ["p1/view1.jpg", "p2/view1.jpg", None, None],
        [False] * 4,
    )


def test_one_that_is_spelled_otherwise_is_looked_for_in_that_folder_alone(folder):
    assert _found(folder, "p1/view2.jpg", "p2/view2.jpg", "p3/notes.jpg") == (
        ["p1/View2.PNG", None, None],
        [True, False, False],
    )


def test_a_picture_that_a_row_names_is_not_that_of_another_row(folder):
    assert _found(folder, "p1/view1.jpg", "p1/view1.png")[0] == ["p1/view1.jpg", None]
    assert _found(folder, "p1/view1.png") == (["p1/view1.jpg"], [True])


def test_two_that_fit_one_name_are_refused(folder):
    (folder / "p1" / "view1.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"Several pictures may be .*view1\.bmp"):
        _found(folder, "p1/view1.bmp")


def test_a_folder_is_not_a_picture(folder):
    (folder / "p1" / "view9.jpg").mkdir()
    assert _found(folder, "p1/view9.jpg")[0] == [None]
