"""Several devices train what one device trains: the same weights and metrics, within rounding."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.process]

ROOT = Path(__file__).resolve().parents[2]

# Sums in another order. Adam divides each gradient by its own size, so that rounding of one near zero becomes a part of
# the learning rate, here 1e-3: SGD shows that gradients are equal.
METRICS, WEIGHTS_OF_SGD, WEIGHTS_OF_ADAM = 1e-4, 1e-5, 1e-3

both_frameworks = pytest.mark.parametrize("framework", ["jax", "tensorflow"])

CASES = {
    "adam with dropout, augmentation and unknown labels": {"model.dropout_rate": 0.4},
    "sgd in both stages of fine-tuning": {
        "training.trainer": "fine_tune",
        "training.optimizer": "sgd",
        "training.fine_tune.frozen_epochs": 1,
    },
}


def _run(framework, devices, command, **arguments):
    if framework == "jax":
        pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.device_runs", str(devices), command, json.dumps(arguments)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": framework, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@both_frameworks
def test_four_devices_train_what_one_device_trains(tiny_values, framework, tmp_path):
    """Of 97 radiographs in batches of 32, the last batch is a single one, which three of the devices must not count."""
    found = _run(framework, 4, "equal", values=tiny_values, cases=CASES, folder=str(tmp_path))
    assert list(found) == list(CASES)
    for name, difference in found.items():
        assert difference["epochs"] == 2
        assert difference["weights"] < (WEIGHTS_OF_SGD if name.startswith("sgd") else WEIGHTS_OF_ADAM), name
        assert difference["logits"] < METRICS, name
        assert difference["history"] < METRICS, name


@both_frameworks
def test_a_training_continues_on_another_number_of_devices(tiny_values, framework, tmp_path):
    changes = {"training.epochs": 3}
    begun = _run(framework, 4, "begin", values=tiny_values, changes=changes, folder=str(tmp_path))
    assert [name[:11] for name in begun["checkpoints"]] == ["epoch-00002"]
    difference = _run(framework, 2, "end", values=tiny_values, changes=changes, folder=str(tmp_path))
    assert difference["epochs"] == 3
    assert difference["weights"] < WEIGHTS_OF_ADAM
    assert difference["logits"] < METRICS
