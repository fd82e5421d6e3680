"""Searches in processes of their own, to be killed, interrupted and joined."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.training.conftest import tiny_values  # noqa: F401  (a fixture)


def _command_line(pid: str) -> bytes:
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_bytes() if path.exists() else b""


# A process in the background of a shell ignores Ctrl-C, and so would all that it starts.
STARTED = """
import signal, sys
from xraykit.run import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


class Command:
    """``python -m xraykit.run`` in a process of its own; its output is in ``log``."""

    def __init__(self, folder: Path, name: str, arguments, environment) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", STARTED, "experiment.yaml", *arguments],
                cwd=folder,
                env={**os.environ, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self.log.read_text()

    def wait(self, seconds=240) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.output()) from None

    def workers(self):
        """Process numbers of the workers that it started."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if b"xraykit.search.workers.worker" in _command_line(child)]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)


def wait_until(true, what, seconds=180):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError(what() if callable(what) else what)


@pytest.fixture
def command(tmp_path, tiny_values):  # noqa: F811
    """Start an experiment; all that still runs at the end is killed."""
    started = []

    def start(name="first", arguments=(), values=tiny_values, **environment):
        (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(values))
        started.append(Command(tmp_path, name, arguments, environment))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
