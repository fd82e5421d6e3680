"""A search in the background of a shell: stopped, hung up or killed, it leaves no process behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.search.commands import Command, wait_until
from tests.training.conftest import tiny_values  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, pytest.mark.process]

# Also where the tests themselves run under nohup, so that SIGHUP is ignored.
_HEEDS_SIGHUP = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class InBackground(Command):
    """Started by a shell without job control, with ``&``: it ignores Ctrl-C, and so would all that it starts."""

    def __init__(self, folder) -> None:
        self.log = folder / "search.log"
        command = ["bash", "-c", 'trap "" INT; exec "$@"', "bash", sys.executable, "-c", _HEEDS_SIGHUP]
        command += ["-m", "xraykit.run", "experiment.yaml"]
        with self.log.open("w") as file:
            self.process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)


@pytest.fixture
def search(tmp_path, tiny_values):  # noqa: F811
    """A search with two workers that train."""
    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}
    tiny_values["search"] = {"n_trials": 100, "workers": 2, "space": space, "optuna": {"pruner": "none"}}
    tiny_values["training"] |= {"epochs": 500, "early_stopping": None}
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(tiny_values))
    started = InBackground(tmp_path)
    logs = [f"runs/tiny/2*/search/logs/worker-{number}.log" for number in (1, 2)]
    wait_until(
        lambda: all(any("epoch 2/" in each.read_text() for each in tmp_path.glob(log)) for log in logs), started.output
    )
    yield started
    for pid in (started.process.pid, *started.workers_then):
        if started.process.returncode is None or Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


def _ends(search, number):
    """Seconds until the search has ended, and until all of its workers have."""
    search.workers_then = search.workers()
    assert len(search.workers_then) == 2
    began = time.monotonic()
    search.process.send_signal(number)
    search.wait(60)
    took = time.monotonic() - began
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in search.workers_then), "a worker lives", 60)
    return took, time.monotonic() - began


def test_a_closed_terminal_stops_the_search_with_its_workers(search):
    took, _ = _ends(search, signal.SIGHUP)
    # A scheduler kills 30 s after its SIGTERM, which is handled in the same way.
    assert took < 25
    assert search.process.returncode == 129
    assert "xraykit: stopped by SIGHUP." in search.output()
    assert re.search(r"To continue: .*xraykit.run --resume", search.output())
    assert "Traceback" not in search.output()


def test_the_workers_of_a_killed_search_end_too(search):
    _, workers_took = _ends(search, signal.SIGKILL)
    assert workers_took < 25
