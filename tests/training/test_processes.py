"""Several processes train one network: connected by JAX, on loopback here."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.slow, pytest.mark.process]

ROOT = Path(__file__).resolve().parents[2]

# As in test_devices.py: sums in another order, and Adam's division of gradients near zero.
METRICS, WEIGHTS = 1e-4, 1e-3

LOST, BOUND = 8, 50
"""Seconds after which a process is lost, and in which that must end the others, also on a busy machine."""


def _begin(arguments, number=None, port=None, **more):
    env = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT), **more}
    if number is not None:
        env |= {
            "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}",
            "JAX_NUM_PROCESSES": "2",
            "JAX_PROCESS_ID": str(number),
        }
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _ended(process):
    try:
        output, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    return process.returncode, output, errors


def _pair(arguments, **more):
    """Two processes: status, output and errors of each, and how long the second to end took after the first."""
    port = _port()
    processes = [_begin(arguments, number, port, **more) for number in range(2)]
    while all(process.poll() is None for process in processes):
        time.sleep(0.1)
    first = time.monotonic()
    ended = [_ended(process) for process in processes]
    return ended, time.monotonic() - first


def _result(ended):
    status, output, errors = ended
    assert status == 0, errors[-3000:]
    return json.loads(output.strip().splitlines()[-1])


def _check(difference):
    assert difference["weights"] < WEIGHTS
    assert difference["logits"] < METRICS
    assert difference["history"] < METRICS
    assert difference["best"] == 0


@pytest.fixture
def values(tiny_values, tmp_path):
    pytest.importorskip("jax")
    return {
        **tiny_values,
        "training": {"epochs": 3, "batch_size": 32},
        "data": {**tiny_values["data"], "cache": str(tmp_path / "cache")},
    }


def _command(name, values, folder, **more):
    return "tests.training.process_runs", name, json.dumps({"values": values, "folder": str(folder), **more})


def test_two_processes_train_what_one_trains_and_continue_what_it_began_and_it_what_they_began(values, tmp_path):
    """Of 97 radiographs in batches of 32, the last batch is a single one. The killed pair began the last training."""
    assert _result(_ended(_begin(_command("whole", values, tmp_path)))) == ["epoch-00001"]

    ended, _ = _pair(_command("end", values, tmp_path, begun="begun"))
    for each in ended:
        _check(_result(each))

    ended, seconds = _pair(_command("lost", values, tmp_path), LOST="1", XRAYKIT_LOST_PROCESS_SECONDS=str(LOST))
    assert ended[1][0] == -9
    assert ended[0][0] not in (0, -9)
    assert "Another process of this training has ended" in ended[0][2] or "another task died" in ended[0][2]
    assert seconds < BOUND
    assert [path.name[:11] for path in (tmp_path / "lost").iterdir()] == ["epoch-00001"]
    _check(_result(_ended(_begin(_command("end", values, tmp_path, begun="lost")))))


def test_of_two_commands_only_the_first_writes(values, tmp_path):
    file, port = tmp_path / "experiment.yaml", _port()
    values["training"]["epochs"] = 1
    file.write_text(yaml.safe_dump(values))
    processes = [
        _begin(
            ["xraykit.run", str(file), "training.devices=all", f"output.root={tmp_path / f'runs-{number}'}"],
            number,
            port,
            TMPDIR=str(_made(tmp_path / f"temporary-{number}")),
        )
        for number in range(2)
    ]
    first, second = (_ended(process) for process in processes)
    assert (first[0], second[0]) == (0, 0), first[2][-3000:] + second[2][-3000:]
    (run,) = (tmp_path / "runs-0" / "tiny").iterdir()
    assert first[1].strip().splitlines()[-1] == str(run)
    assert json.loads((run / "run.json").read_text())["finished"]
    assert len((run / "history.csv").read_text().splitlines()) == 2
    # A library of JAX writes there that it is connected.
    assert [line for line in second[1].splitlines() if not line.startswith("[Gloo]")] == []
    assert "Building the training graph" not in second[2]
    assert not (tmp_path / "runs-1").exists()
    assert [path for path in (tmp_path / "temporary-1").rglob("*") if path.is_file()] == []


def _made(folder):
    folder.mkdir()
    return folder
