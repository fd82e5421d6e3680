"""Processes that are requested to stop, in Python code and in a call that does not return."""

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.process

COMMAND = """
import signal, sqlite3, sys, time
from xraykit.system.command_line import run_command
from xraykit.system.processes import stopping

def sleep():
    time.sleep(60)

def deaf():
    # One call into C without end, during which Python runs no handler.
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    sqlite3.connect(":memory:").execute(endless).fetchall()

def collected():
    # A callback of the garbage collector, as JAX has one, in which exceptions are ignored.
    import gc
    deadline = time.monotonic() + 1
    def callback(phase, info):
        while time.monotonic() < deadline:
            pass
    gc.callbacks.append(callback)
    gc.collect()
    time.sleep(60)

def work():
    with stopping.last_words("To go on: do this"):
        print("begun", flush=True)
        globals()[sys.argv[1]]()
    return 0

for name in sys.argv[3:]:
    signal.signal(getattr(signal, name), signal.SIG_IGN)
# Whoever runs the tests may ignore these signals, as nohup and a shell's & do.
if "SIGINT" not in sys.argv[3:]:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "SIGHUP" not in sys.argv[3:]:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.exit(run_command(work, stop_seconds=float(sys.argv[2])))
"""


@pytest.fixture
def command():
    started = []

    def start(what, *ignored, seconds=20.0):
        arguments = [sys.executable, "-c", COMMAND, what, str(seconds), *ignored]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "begun\n"
        # From the line to the call itself.
        time.sleep(0.3)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_each_request_to_stop_ends_a_command_at_once_with_a_status_of_its_own(command, number, status):
    process, began = command("sleep"), time.monotonic()
    process.send_signal(getattr(signal, number))
    _, message = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert (process.returncode, message) == (status, f"xraykit: stopped by {number}.\n")


def test_a_call_that_does_not_return_is_ended_at_the_deadline_with_the_hint(command):
    process, began = command("deaf", seconds=0.5), time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate(timeout=10)
    assert 0.4 < time.monotonic() - began < 5
    assert process.returncode == 143
    assert "did not end within" in message
    assert message.endswith("To go on: do this\n")


def test_a_second_ctrl_c_ends_a_call_that_does_not_return(command):
    process = command("deaf")
    process.send_signal(signal.SIGINT)
    time.sleep(1.2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "a second time" in message
    assert "To go on: do this" in message


def test_a_request_that_comes_while_python_ignores_exceptions_is_made_again(command):
    process, began = command("collected"), time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert (process.returncode, message) == (143, "xraykit: stopped by SIGTERM.\n")


def test_a_closed_terminal_that_hangs_up_twice_is_one_request(command):
    process = command("deaf")
    for _ in range(3):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
    assert process.poll() is None


@pytest.mark.parametrize("number", ["SIGHUP", "SIGINT"])
def test_what_nohup_and_a_background_shell_ignore_stays_ignored(command, number):
    process = command("sleep", number)
    process.send_signal(getattr(signal, number))
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 143


def test_handlers_of_before_are_there_again_afterwards():
    from xraykit.system.command_line import run_command

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert run_command(lambda: 7) == 7
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert signal.set_wakeup_fd(-1) == -1
