"""Locks between processes."""

import logging
import os
import subprocess
import sys
import threading

import pytest

from xraykit.errors import DataError
from xraykit.system.processes import locks
from xraykit.system.processes.locks import held_lock, try_lock

pytestmark = pytest.mark.process

KILLED = """
import os, signal, sys
from pathlib import Path
from xraykit.system.processes.locks import held_lock
with held_lock(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_contains_the_lock_and_a_second_does_not(tmp_path):
    with try_lock(tmp_path / "lock") as first:
        assert first.held
        with try_lock(tmp_path / "lock") as second:
            assert not second.held
    with try_lock(tmp_path / "lock") as third:
        assert third.held


def test_a_shared_lock_is_not_free(tmp_path):
    with try_lock(tmp_path / "lock") as first:
        first.share()
        assert not first.held
        with try_lock(tmp_path / "lock") as second:
            assert not second.held
            second.share()


def test_only_one_contains_a_lock_at_a_time(tmp_path):
    inside, most = [], []

    def enter():
        for _ in range(20):
            with held_lock(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 60


@pytest.mark.parametrize(("purpose", "messages"), [("a cache", 1), (None, 0)])
def test_a_wait_is_logged_with_its_purpose(tmp_path, caplog, purpose, messages):
    caplog.set_level(logging.INFO)
    holding, release = threading.Event(), threading.Event()

    def hold():
        with held_lock(tmp_path / "lock"):
            holding.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(10)
    threading.Timer(0.1, release.set).start()
    with held_lock(tmp_path / "lock", purpose):
        assert release.is_set()
    holder.join()
    assert caplog.text.count("Waiting for another process that writes") == messages


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "lock")], check=False).returncode < 0
    assert os.listdir(tmp_path) == ["lock"]
    with try_lock(tmp_path / "lock") as lock:
        assert lock.held


def test_a_system_without_locks_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with pytest.raises(DataError, match="no file locks"), try_lock(tmp_path / "lock"):
        pass
