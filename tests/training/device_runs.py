"""Trainings on several virtual devices, in a process of their own: ``device_runs.py DEVICES COMMAND JSON``.

The framework divides the processor into DEVICES devices when it starts, so that no other test can share the process.
"""

import json
import os
import sys
from pathlib import Path

COUNT = int(sys.argv[1])
if os.environ.get("KERAS_BACKEND") == "jax":
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={COUNT}"
else:
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * COUNT
    )

import numpy as np  # noqa: E402

from xraykit.config import load_experiment  # noqa: E402
from xraykit.data import Catalog  # noqa: E402
from xraykit.training import trainer_for  # noqa: E402

_known = Catalog.training_targets


def _some_unknown(self):
    """The labels with a third of them unknown, so that the share of known ones differs between devices."""
    targets = _known(self).copy()
    targets[np.random.default_rng(3).random(targets.shape) < 0.3] = np.nan
    return targets


class Stop(Exception):
    pass


def train(values, devices, changes, checkpoints=None, until=None):
    """Weights, history and logits of the validation part; None if it was stopped after ``until`` epochs."""
    experiment = load_experiment(values).with_values({**changes, "training.devices": devices})
    trainer = trainer_for(experiment)
    data, model = trainer.load(), trainer.build()

    def on_epoch(row):
        if until is not None and row["epoch"] > until:
            raise Stop

    try:
        fit = trainer.fit(model, data, checkpoints, on_epoch)
    except Stop:
        return None
    table = trainer.predict(model, data, "validation")
    logits = table.filter(like="logit").to_numpy()
    return {
        "weights": [np.asarray(each) for each in model.weights],
        "trainable": [layer.trainable for layer in model.layers],
        "history": [[row["loss"], row["val_loss"], row["val_roc_auc"], row["learning_rate"]] for row in fit.history],
        "logits": logits,
    }


def differences(one, other):
    assert one["trainable"] == other["trainable"]
    weights = max(float(np.abs(a - b).max()) for a, b in zip(one["weights"], other["weights"], strict=True))
    return {
        "weights": weights,
        "logits": float(np.abs(one["logits"] - other["logits"]).max()),
        "history": float(np.abs(np.array(one["history"]) - np.array(other["history"])).max()),
        "epochs": len(one["history"]),
    }


def equal(values, cases, folder):
    """How far training on all devices is from training on one, for each case."""
    source = Path(folder) / "source.keras"
    trainer_for(load_experiment(values)).build().save(source)
    found = {}
    for name, changes in cases.items():
        if changes.get("training.trainer") == "fine_tune":
            changes = {**changes, "model.weights": str(source)}
        found[name] = differences(train(values, "one", changes), train(values, "all", changes))
    return found


def begin(values, changes, folder):
    """Train whole on one device; begin again on all, and continue on one."""
    whole = train(values, "one", changes)
    weights = {f"w{number:04d}": each for number, each in enumerate(whole["weights"])}
    np.savez(Path(folder) / "whole.npz", history=whole["history"], logits=whole["logits"], **weights)
    assert train(values, "all", changes, Path(folder) / "checkpoints", until=1) is None
    assert train(values, "one", changes, Path(folder) / "checkpoints", until=2) is None
    return {"checkpoints": sorted(path.name for path in (Path(folder) / "checkpoints").iterdir())}


def end(values, changes, folder):
    """Continue on this number of devices to the end, and compare."""
    with np.load(Path(folder) / "whole.npz") as file:
        whole = {"history": file["history"], "logits": file["logits"]}
        whole["weights"] = [file[name] for name in sorted(file.files) if name.startswith("w")]
    ended = train(values, "all", changes, Path(folder) / "checkpoints")
    return differences({**whole, "trainable": ended["trainable"]}, ended)


if __name__ == "__main__":
    Catalog.training_targets = _some_unknown
    print(json.dumps(globals()[sys.argv[2]](**json.loads(sys.argv[3]))))  # noqa: T201
