"""The tracker and the check of the training pictures wait for the first step, and change nothing in a training."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import keras
import numpy as np
import pandas as pd
import pytest
import yaml

from xraykit.pipeline.beginning import at_first_step


class _Trainer:
    def __init__(self, *stages):
        self._stages = stages

    def stages(self):
        return self._stages


def test_actions_run_once_when_the_second_step_begins():
    done = []
    (callback,) = at_first_step(_Trainer("scratch"), lambda: done.append("a"), lambda: done.append("b"))
    callback.on_train_batch_begin(0)
    assert done == []
    callback.on_train_batch_begin(1)
    callback.on_train_batch_begin(2)
    callback.on_epoch_end(0)
    assert done == ["a", "b"]


def test_an_epoch_of_one_step_is_enough():
    done = []
    (callback,) = at_first_step(_Trainer("scratch"), lambda: done.append("a"))
    callback.on_train_batch_begin(0)
    callback.on_epoch_end(0)
    assert done == ["a"]


def test_a_trainer_without_epochs_does_not_wait():
    done = []
    assert at_first_step(_Trainer(), lambda: done.append("a")) == []
    assert done == ["a"]


def test_keras_need_not_wait_for_the_loss_of_a_step():
    (callback,) = at_first_step(_Trainer("scratch"))
    for hook in ("on_batch_end", "on_train_batch_end"):
        assert getattr(type(callback), hook) is getattr(keras.callbacks.Callback, hook)


# On one core, as bit-for-bit equality asks for.
_ONE_CORE = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def _start(folder, *overrides):
    command = [sys.executable, "-m", "xraykit.run", "experiment.yaml", *overrides]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **_ONE_CORE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(folder, *overrides):
    process = _start(folder, *overrides)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return folder / out.strip().splitlines()[-1]


def _weights(run):
    return keras.saving.load_model(run / "model" / "model.keras").get_weights()


def _runs(database):
    with sqlite3.connect(database) as store:
        return store.execute("select run_uuid, status from runs").fetchall()


@pytest.mark.slow
@pytest.mark.process
def test_a_tracked_run_is_the_same_bit_for_bit(tmp_path, tiny_values):
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(tiny_values))
    tracked = _finish(tmp_path, "output.root=tracked", "tracking.uri=auto")
    untracked = _finish(tmp_path, "output.root=untracked", "tracking.uri=null")
    for left, right in zip(_weights(tracked), _weights(untracked), strict=True):
        np.testing.assert_array_equal(left, right)
    histories = [pd.read_csv(run / "history.csv").drop(columns="seconds") for run in (tracked, untracked)]
    pd.testing.assert_frame_equal(*histories)
    facts = [json.loads((run / "data.json").read_text())["pictures"] for run in (tracked, untracked)]
    assert facts[0] == facts[1]
    record = json.loads((tracked / "run.json").read_text())
    assert _runs(tmp_path / "tracked" / "mlflow.db") == [(record["tracking_run"], "FINISHED")]
    assert json.loads((untracked / "run.json").read_text())["tracking_run"] is None


@pytest.mark.slow
@pytest.mark.process
def test_a_stop_before_the_first_step_leaves_a_run_that_can_continue(tmp_path, tiny_values):
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(tiny_values))
    process = _start(tmp_path, "output.root=stopped", "tracking.uri=auto")
    deadline = time.monotonic() + 240
    while not (found := list(tmp_path.glob("stopped/*/*/run.json"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in err
    run = found[0].parent
    resumed = subprocess.run(
        [sys.executable, "-m", "xraykit.run", "--resume", str(run), "tracking.uri=auto"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stderr
    record = json.loads((run / "run.json").read_text())
    assert (record["tracking_run"], "FINISHED") in _runs(tmp_path / "stopped" / "mlflow.db")
