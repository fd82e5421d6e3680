"""An ensemble that is stopped, or whose disk becomes full: what is reported, that no process stays, and --resume."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.ensemble.conftest import values
from tests.search.commands import Command, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _workers(process):
    """Process numbers of the members' processes."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = {int(child): Path(f"/proc/{child}/cmdline") for child in children}
    return [child for child, line in lines.items() if line.exists() and b"xraykit.ensemble.worker" in line.read_bytes()]


@pytest.mark.parametrize(("number", "workers", "status"), [(signal.SIGINT, 2, 130), (signal.SIGTERM, 1, 143)])
def test_a_stopped_ensemble_leaves_no_process_and_continues(phantoms, tmp_path, number, workers, status):
    given = values(phantoms, tmp_path / "runs")
    given["training"] |= {"epochs": 40, "early_stopping": None, "workers": workers}
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(given))
    command, started = Command(tmp_path, "first", [], {}), []
    try:
        # All members that are trained at this moment have a checkpoint.
        pattern = "runs/tiny/2*/members/*/checkpoints/epoch-000*-*.npz"
        wait_until(lambda: len({path.parent for path in tmp_path.glob(pattern)}) == workers, command.output)
        started = _workers(command.process)
        assert len(started) == (workers if workers > 1 else 0)
        command.process.send_signal(number)
        assert command.wait(60) == status
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "a process lives", 20)
    finally:
        for pid in (command.process.pid, *started):
            if command.process.returncode is None or Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
    run = next(tmp_path.glob("runs/tiny/2*"))
    out = command.output()
    assert f"To continue: xraykit run --resume {run}" in out
    assert "Traceback" not in out
    # The members' own folders are not what is continued.
    assert out.count("--resume") == 1
    second = subprocess.run(
        [sys.executable, "-m", "xraykit.run", "--resume", str(run)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 0, second.stderr
    logs = second.stderr + "".join(path.read_text() for path in run.glob("members/*/train.log"))
    assert "Continuing after epoch" in logs
    assert (run / "report.html").is_file()
