"""A killed run continues from its last whole epoch and ends as if it had never been killed."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from xraykit.errors import CheckpointError

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _start(arguments, folder):
    """A real process, on one core, as bit-for-bit equality asks for."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "xraykit.run", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(arguments, folder):
    process = _start(arguments, folder)
    out, output = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return folder / out.strip().splitlines()[-1], output


def _kill_after_epoch(process, runs, epoch):
    """Kill -9 as soon as the checkpoint of ``epoch`` is there, in the middle of the next."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        found = list(runs.glob(f"*/*/checkpoints/epoch-{epoch:05d}-*.npz"))
        if found:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return found[0].parents[1]
        time.sleep(0.005)
    raise AssertionError(f"no checkpoint of epoch {epoch}: {process.communicate()[1]}")


def _weights(run):
    import keras

    import xraykit  # noqa: F401

    return keras.saving.load_model(run / "model" / "model.keras").get_weights()


def _figures(run):
    return pd.read_csv(run / "history.csv").drop(columns="seconds")


def _write(tmp_path, values):
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(values))


def test_a_killed_run_ends_with_the_same_weights_bit_for_bit(tmp_path, tiny_values):
    """Dropout, augmentation, shuffling, and the state of best epoch and plateau are all in play."""
    tiny_values["training"] |= {"epochs": 4, "plateau": {"patience": 1, "factor": 0.5}, "learning_rate": 0.01}
    _write(tmp_path, tiny_values)
    whole, _ = _finish(["experiment.yaml", "output.root=whole"], tmp_path)
    process = _start(["experiment.yaml", "output.root=killed"], tmp_path)
    killed = _kill_after_epoch(process, tmp_path / "killed", 2)
    assert not (killed / "metrics.json").exists()
    _check_damage_is_reported(killed, tmp_path / "damaged")
    resumed, output = _finish(["--resume", str(killed)], tmp_path)
    assert "Continuing after epoch 2" in output
    assert resumed == killed
    pd.testing.assert_frame_equal(_figures(whole), _figures(killed), check_exact=True)
    for left, right in zip(_weights(whole), _weights(killed), strict=True):
        assert np.array_equal(left, right)
    assert (whole / "metrics.json").read_text() == (killed / "metrics.json").read_text()


def _check_damage_is_reported(killed, copy):
    """A copy of the run with one flipped bit in its checkpoint is refused with an error message."""
    shutil.copytree(killed, copy)
    # Killed at the right moment, a run has two: the newest is read.
    path = max((copy / "checkpoints").glob("*.npz"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    process = _start(["--resume", str(copy)], copy.parent)
    _, output = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "is damaged" in output
    assert "Traceback" not in output


def test_a_run_killed_in_the_second_stage_of_fine_tuning_goes_on_there(tmp_path, tiny_values):
    from xraykit.config import load_experiment
    from xraykit.training import trainer_for

    trainer_for(load_experiment(tiny_values)).build().save(tmp_path / "source.keras")
    tiny_values["model"]["weights"] = str(tmp_path / "source.keras")
    tiny_values["training"] |= {"trainer": "fine_tune", "epochs": 4, "fine_tune": {"frozen_epochs": 2}}
    _write(tmp_path, tiny_values)
    whole, _ = _finish(["experiment.yaml", "output.root=whole"], tmp_path)
    process = _start(["experiment.yaml", "output.root=killed"], tmp_path)
    killed = _kill_after_epoch(process, tmp_path / "killed", 3)
    _finish(["--resume", str(killed)], tmp_path)
    pd.testing.assert_frame_equal(_figures(whole), _figures(killed), check_exact=True)
    for left, right in zip(_weights(whole), _weights(killed), strict=True):
        assert np.array_equal(left, right)


def test_a_finished_run_has_nothing_left_to_do(tmp_path, tiny_values):
    from xraykit.config import load_experiment
    from xraykit.pipeline import resume, run_experiment

    tiny_values["training"]["epochs"] = 1
    run = run_experiment(load_experiment(tiny_values))
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}
    again = resume(run.folder)
    assert again.metrics == run.metrics
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()} == before


def test_only_tracking_can_be_given_anew(tmp_path):
    from xraykit.pipeline import resume

    with pytest.raises(CheckpointError, match="only tracking"):
        resume(tmp_path, ["training.epochs=9"])
    with pytest.raises(CheckpointError, match="is not a run folder"):
        resume(tmp_path, ["tracking.uri=null"])
