"""Which files are taken for pictures."""

import pytest

from xraykit.data.reading.picture_files import is_picture_file


@pytest.mark.parametrize("name", ["IM0001", "1.2.276.0.7230010.3.1.4", "a.dcm"])
def test_a_file_without_a_suffix_is_known_by_its_content(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(128) + b"DICM" + bytes(200))
    assert is_picture_file(tmp_path, name)


@pytest.mark.parametrize("name", ["IM0001", "1.2", "notes.txt", ".hidden", "LICENSE"])
def test_other_files_are_no_pictures(tmp_path, name):
    (tmp_path / name).write_bytes(b"Study 1\n" * 40 if name != "notes.txt" else bytes(128) + b"DICM")
    assert not is_picture_file(tmp_path, name)
    assert not is_picture_file(tmp_path, "IM0002")
