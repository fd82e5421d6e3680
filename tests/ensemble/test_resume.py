"""A killed ensemble continues: finished members stay as they are, the stopped one from its last whole epoch."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml

from tests.ensemble.conftest import values

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _start(folder, *arguments):
    with (folder / "log.txt").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "xraykit.run", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        )


def _wait_for(folder, pattern, process):
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline and process.poll() is None:
        if found := list(folder.glob(pattern)):
            return found[0]
        time.sleep(0.01)
    raise AssertionError((folder / "log.txt").read_text())


@pytest.mark.parametrize("workers", [1, 2])
def test_after_a_kill_only_what_is_unfinished_is_trained(phantoms, tmp_path, workers):
    given = values(phantoms, tmp_path / "runs")
    given["training"] |= {"epochs": 30, "early_stopping": None, "workers": workers}
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(given))
    process = _start(tmp_path, "experiment.yaml")
    name = "fold-1" if workers == 1 else "fold-0"
    checkpoint = _wait_for(tmp_path, f"runs/tiny/2*/members/{name}/checkpoints/epoch-0000[2-9]-*.npz", process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run = checkpoint.parents[3]
    if workers > 1:
        # The processes of a killed command end by themselves.
        deadline = time.monotonic() + 60
        logs = list(run.glob("members/*/train.log"))
        while time.monotonic() < deadline and not all("Stopped." in path.read_text() for path in logs):
            time.sleep(0.2)
    before = {path: path.stat().st_mtime_ns for path in run.glob("members/*/model/model.keras")}
    assert len(before) == (1 if workers == 1 else 0)
    assert not (run / "metrics.json").exists()
    out, _ = _start(tmp_path, "--resume", str(run)).communicate(timeout=500)
    log = (tmp_path / "log.txt").read_text() + "".join(path.read_text() for path in run.glob("members/*/train.log"))
    assert "Gain over" in out, log
    assert "Continuing after epoch" in log
    assert {path: path.stat().st_mtime_ns for path in before} == before
    if workers == 1:
        assert "Members: 1 of 2 are finished." in log
    shutil.rmtree(run)
