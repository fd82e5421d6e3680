"""Work in a child process: results, errors and what cannot be passed come out as if it had been done here."""

import os
import signal
import subprocess
import sys
import time

import pytest

from xraykit.errors import DataError
from xraykit.system.processes.children import run_beside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")


def nothing():
    """Nothing to be done meanwhile."""


def test_the_result_comes_from_another_process():
    pid, values = run_beside(lambda: (os.getpid(), [1, 2.5, "x"]), nothing)
    assert pid != os.getpid()
    assert values == [1, 2.5, "x"]


def test_an_error_has_its_type_and_message():
    def fails():
        raise DataError("Row 7 is wrong. Expected: 1.")

    with pytest.raises(DataError, match=r"^Row 7 is wrong\. Expected: 1\.$"):
        run_beside(fails, nothing)


def test_what_cannot_be_passed_is_computed_here():
    found = run_beside(lambda: (os.getpid(), lambda: 3), nothing)
    assert found[0] == os.getpid()
    assert found[1]() == 3


def test_a_child_that_is_killed_is_replaced():
    here = os.getpid()

    def work():
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    assert run_beside(work, nothing) == "done"


def test_the_thread_is_waited_for_and_its_errors_are_not_raised():
    done = []

    def meanwhile():
        time.sleep(0.05)
        done.append(True)
        raise ImportError("no such package")

    assert run_beside(lambda: 1, meanwhile) == 1
    assert done


def test_an_error_does_not_wait_for_the_thread():
    def fails():
        raise DataError("wrong")

    started = time.monotonic()
    with pytest.raises(DataError):
        run_beside(fails, lambda: time.sleep(2))
    assert time.monotonic() - started < 1.5


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_reaches_the_child_which_cleans_up(number, tmp_path):
    program = """
import signal, sys, time
from pathlib import Path
from xraykit.system import run_command
from xraykit.system.processes.children import run_beside
# Whoever starts the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])
def work():
    try:
        (folder / "begun").touch()
        time.sleep(30)
    finally:
        (folder / "cleaned").touch()
def command():
    run_beside(work, lambda: None)
    return 0
sys.exit(run_command(command))
"""
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, words = process.communicate(timeout=30)
    assert process.returncode == 128 + number, words
    assert (tmp_path / "cleaned").exists()
    assert "stopped by" in words
