"""What a process leaves that is killed while it writes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from xraykit.runs.folder import RunFolder
from xraykit.system import leftovers
from xraykit.system.atomic import write_atomically
from xraykit.system.leftovers import is_temporary, temporary_beside

KILLED = """
import os, signal, sys
from pathlib import Path
from xraykit.system.atomic import atomic_file
with atomic_file(Path(sys.argv[1])) as unfinished:
    unfinished.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def new_process(monkeypatch):
    monkeypatch.setattr(leftovers, "_swept", set())


@pytest.fixture
def left(tmp_path):
    """A file that a killed process has half written."""
    path = tmp_path / "figures" / "roc.png"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -signal.SIGKILL
    [left] = path.parent.iterdir()
    assert is_temporary(left)
    return left


def test_a_killed_process_leaves_no_result_and_the_next_one_clears_up(left):
    write_atomically(left.parent / "other.png", b"whole")
    assert [path.name for path in left.parent.iterdir()] == ["other.png"]


def test_nothing_half_written_goes_to_the_tracker(left, tmp_path):
    write_atomically(tmp_path / "metrics.json", b"{}")
    (left.parent / "roc.png").write_bytes(b"whole")
    assert [path.name for path, _ in RunFolder(tmp_path).artifacts()] == ["metrics.json", "roc.png"]


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    own = temporary_beside(tmp_path / "a.json")
    other = own.with_name(own.name.replace(f".{os.getpid()}.", f".{os.getppid()}."))
    for path in (own, other):
        path.write_text("half")
    write_atomically(tmp_path / "b.json", b"{}")
    assert own.exists()
    assert other.exists()


@pytest.mark.parametrize("name", [".a.json.0badcafe.4194305.part", ".a.json.4194305.part"])
def test_what_another_machine_or_an_older_version_wrote_is_left_for_a_day(tmp_path, name, monkeypatch):
    path = tmp_path / name
    path.write_text("half")
    write_atomically(tmp_path / "b.json", b"{}")
    assert path.exists()
    yesterday = time.time() - 90_000
    os.utime(path, (yesterday, yesterday))
    monkeypatch.setattr(leftovers, "_swept", set())
    write_atomically(tmp_path / "b.json", b"{}")
    assert not path.exists()


@pytest.mark.parametrize("name", ["a.part", ".a.part", ".12.part", "roc.0badcafe.12.part", ".a.json.12.partial"])
def test_files_of_the_users_own_are_never_taken_for_leftovers(tmp_path, name):
    (tmp_path / name).write_text("own")
    write_atomically(tmp_path / "b.json", b"{}")
    assert (tmp_path / name).exists()
    assert not is_temporary(tmp_path / name)


def test_a_folder_that_was_being_written_is_removed_with_all_in_it(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    own = temporary_beside(tmp_path / "model")
    folder = own.with_name(own.name.replace(f".{os.getpid()}.", f".{gone.pid}."))
    folder.mkdir()
    (folder / "model.keras").write_bytes(b"half")
    write_atomically(tmp_path / "b.json", b"{}")
    assert not folder.exists()
