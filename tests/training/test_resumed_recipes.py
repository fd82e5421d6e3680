"""Every recipe, killed in the middle of an epoch and continued in another process, ends with the same bits."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xraykit.config import load_experiment
from xraykit.training import trainer_for

pytestmark = [pytest.mark.slow, pytest.mark.process]

SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from xraykit.config import load_experiment
from xraykit.training import trainer_for

values, folders = json.loads(sys.argv[1])
for folder in folders:
    trainer = trainer_for(load_experiment(values))
    data, model = trainer.load(), trainer.build()
    fit = trainer.fit(model, data, Path(folder), lambda row: None)
    bits = hashlib.sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest()
    print(json.dumps([[{**row, "seconds": 0} for row in fit.history], fit.best_epoch, bits]), flush=True)
"""

COMMON = {"sampling": "balanced", "mixup": 0.4, "label_smoothing": 0.05, "learning_rate": 0.005}
# 8 or so batches in an epoch: groups of 3 are always cut by its end.
RECIPES = {
    "adamw": COMMON
    | {"optimizer": "adamw", "weight_average": 0.9, "gradient_accumulation": 3, "clip_norm": 0.5, "schedule": "cosine"},
    "lion": COMMON | {"optimizer": "lion", "weight_average": 0.8, "schedule": "one_cycle", "weight_decay": 0.1},
    "muon": COMMON | {"optimizer": "muon", "gradient_accumulation": 2, "plateau": {"patience": 1}},
    "sgd": {"optimizer": "sgd", "weight_average": 0.9, "clip_norm": 0.1, "schedule": "cosine"},
    "rmsprop": {"optimizer": "rmsprop", "weight_decay": 0.01, "gradient_accumulation": 3},
    "fine_tune": {
        "optimizer": "adam",
        "trainer": "fine_tune",
        "fine_tune": {"frozen_epochs": 1, "layer_decay": 0.5, "learning_rate": 0.003},
        "gradient_accumulation": 3,
        "weight_average": 0.9,
        "weight_decay": 0.1,
        "schedule": "one_cycle",
    },
}
# The recipes that are shipped, with all that they augment.
SHIPPED = sorted((Path(__file__).resolve().parents[2] / "experiments" / "recipes").glob("*.yaml"))
RECIPES |= {path.name: load_experiment(path).values()["training"] for path in SHIPPED}


def _start(values, *folders):
    """On one core, as bit-for-bit equality asks for."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, json.dumps([values, [str(folder) for folder in folders]])]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _kill_after_epoch(process, folder, epoch):
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if list(folder.glob(f"epoch-{epoch:05d}-*.npz")):
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            return
        time.sleep(0.002)
    raise AssertionError(f"no checkpoint of epoch {epoch}: {process.communicate()}")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_killed_training_ends_with_the_same_bits(tiny_values, tmp_path, recipe):
    if RECIPES[recipe].get("trainer") == "fine_tune":
        trainer_for(load_experiment(tiny_values)).build().save(tmp_path / "start.keras")
        tiny_values["model"]["weights"] = str(tmp_path / "start.keras")
    tiny_values["training"] |= {**RECIPES[recipe], "epochs": 5}
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    _kill_after_epoch(_start(tiny_values, killed), killed, 2)
    assert not list(killed.glob("epoch-00005-*.npz"))
    out, output = _start(tiny_values, killed, whole).communicate(timeout=300)
    resumed, unbroken = map(json.loads, out.strip().splitlines()[-2:]) if out.strip() else (None, output)
    assert resumed == unbroken
    assert len(resumed[0]) == 5
