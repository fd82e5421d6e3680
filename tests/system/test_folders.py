"""A folder is there whole or not at all, whenever its writer dies."""

import os
import subprocess
import sys

import pytest

from xraykit.system.folders import folder_written_whole

KILLED = """
import os, signal, sys
from pathlib import Path
from xraykit.system.folders import folder_written_whole
with folder_written_whole(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_nothing_under_the_name_and_the_next_one_cleans_up(tmp_path):
    target = tmp_path / "reviewed" / "first"
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode < 0
    assert [path.name for path in target.parent.iterdir() if path.name != target.name] != []
    assert not target.exists()
    with folder_written_whole(target) as folder:
        (folder / "whole").write_text("whole")
    assert os.listdir(target.parent) == ["first"]
    assert os.listdir(target) == ["whole"]


def test_after_an_error_the_folder_before_is_untouched(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError), folder_written_whole(target) as folder:
        (folder / "nowhere" / "new").touch()
    assert (os.listdir(tmp_path), os.listdir(target)) == (["bundle"], ["old"])
    with folder_written_whole(target) as folder:
        (folder / "new").touch()
    assert (os.listdir(tmp_path), os.listdir(target)) == (["bundle"], ["new"])


def test_the_folder_before_comes_back_if_the_new_one_cannot_take_its_place(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError), folder_written_whole(target) as folder:
        folder.rmdir()
    assert (os.listdir(tmp_path), os.listdir(target)) == (["bundle"], ["old"])
