"""Files that are written whole or not at all."""

import errno

import pytest

from xraykit.errors import DataError
from xraykit.system.files import write_whole, written_whole


def _stopped(path, by):
    with written_whole(path) as unfinished:
        unfinished.write_bytes(b"half of the n")
        raise by


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_and_its_folder_made(tmp_path, durable):
    path = tmp_path / "new" / "file.json"
    write_whole(path, b"old", durable=durable)
    write_whole(path, b"new", durable=durable)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_whatever_stops_the_writing_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "file.json"
    write_whole(path, b"old")
    with pytest.raises(KeyboardInterrupt):
        _stopped(path, KeyboardInterrupt())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_the_file_and_what_to_do(tmp_path):
    path = tmp_path / "file.json"
    with pytest.raises(DataError) as caught:
        _stopped(path, OSError(errno.ENOSPC, "No space left on device"))
    assert str(caught.value) == f"{path} cannot be written: No space left on device. Make room, or check its rights."
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_whole(tmp_path / "taken" / "file.json", b"new")
