"""Files and folders that appear complete or not at all, whenever their writer dies."""

import errno
import os
import subprocess
import sys

import pytest

from xraykit.errors import DataError
from xraykit.system.atomic import atomic_file, atomic_folder, write_atomically

pytestmark = pytest.mark.process

KILLED = """
import os, signal, sys
from pathlib import Path
from xraykit.system.atomic import atomic_folder
with atomic_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _stopped(path, by):
    with atomic_file(path) as unfinished:
        unfinished.write_bytes(b"half of the n")
        raise by


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_and_its_folder_made(tmp_path, durable):
    path = tmp_path / "new" / "file.json"
    write_atomically(path, b"old", durable=durable)
    write_atomically(path, b"new", durable=durable)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_whatever_stops_the_writing_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "file.json"
    write_atomically(path, b"old")
    with pytest.raises(KeyboardInterrupt):
        _stopped(path, KeyboardInterrupt())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_reported_with_the_file_and_what_to_do(tmp_path):
    path = tmp_path / "file.json"
    with pytest.raises(DataError) as caught:
        _stopped(path, OSError(errno.ENOSPC, "No space left on device"))
    assert (
        str(caught.value)
        == f"{path} cannot be written: No space left on device. Free some space, or check the permissions."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_reported(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_atomically(tmp_path / "taken" / "file.json", b"new")


def test_a_killed_process_leaves_nothing_under_the_name_and_the_next_one_cleans_up(tmp_path):
    target = tmp_path / "reviewed" / "first"
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode < 0
    assert [path.name for path in target.parent.iterdir() if path.name != target.name] != []
    assert not target.exists()
    with atomic_folder(target) as folder:
        (folder / "whole").write_text("whole")
    assert os.listdir(target.parent) == ["first"]
    assert os.listdir(target) == ["whole"]


def test_after_an_error_the_folder_before_is_untouched(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError), atomic_folder(target) as folder:
        (folder / "nowhere" / "new").touch()
    assert (os.listdir(tmp_path), os.listdir(target)) == (["bundle"], ["old"])
    with atomic_folder(target) as folder:
        (folder / "new").touch()
    assert (os.listdir(tmp_path), os.listdir(target)) == (["bundle"], ["new"])


def test_the_folder_before_stays_until_the_disk_has_the_new_one(tmp_path, monkeypatch):
    target, synced = tmp_path / "bundle", []
    target.mkdir()
    (target / "old").touch()

    def fsync(descriptor):
        synced.append(os.listdir(target))

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_folder(target) as folder:
        (folder / "new").touch()
    # The new file and its folder are waited for beside the old folder; then the name.
    assert synced == [["old"], ["old"], ["new"]]


def test_the_folder_before_comes_back_if_the_new_one_cannot_take_its_place(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError), atomic_folder(target) as folder:
        folder.rmdir()
    assert (os.listdir(tmp_path), os.listdir(target)) == (["bundle"], ["old"])


def test_the_holder_of_a_lock_removes_what_others_began_to_write_under_the_name(tmp_path):
    names = [".cache.0badcafe.12.part", ".cache.replaced.0badcafe.12.part"]
    others = [".cache.new.0badcafe.12.part", "cache.part"]
    for name in (*names, *others):
        (tmp_path / name).mkdir()
    with atomic_folder(tmp_path / "cache", locked=True) as folder:
        assert sorted(os.listdir(tmp_path)) == sorted([*others, folder.name])
