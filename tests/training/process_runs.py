"""Trainings of several processes: ``process_runs.py COMMAND JSON`` in each; JAX's variables say which one it is."""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from xraykit.config import load_experiment
from xraykit.training import trainer_for


def train(values, devices, checkpoints, on_epoch=lambda row: None):
    experiment = load_experiment(values).with_values({"training.devices": devices})
    trainer = trainer_for(experiment)
    model = trainer.build()
    data = trainer.load()
    fit = trainer.fit(model, data, None if checkpoints is None else Path(checkpoints), on_epoch)
    logits = trainer.predict(model, data, "validation").filter(like="logit").to_numpy()
    rows = [[row["loss"], row["val_loss"], row["val_roc_auc"], row["learning_rate"]] for row in fit.history]
    return {"history": np.array(rows), "logits": logits, "best": fit.best_epoch} | {
        f"w{number:04d}": np.asarray(each) for number, each in enumerate(model.weights)
    }


def whole(values, folder):
    """All epochs in one process, and the first one of a training that others continue."""
    np.savez(Path(folder) / "whole.npz", **train(values, "one", None))

    def until_second(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    try:
        train(values, "one", Path(folder) / "begun", until_second)
    except KeyboardInterrupt:
        return sorted(path.name[:11] for path in (Path(folder) / "begun").iterdir())


def lost(values, folder):
    """The process with number ``LOST`` is killed in its second epoch."""

    def end(row):
        if row["epoch"] == 2 and os.environ["JAX_PROCESS_ID"] == os.environ["LOST"]:
            os.kill(os.getpid(), signal.SIGKILL)

    leads = os.environ["JAX_PROCESS_ID"] == "0"
    train(values, "all", Path(folder) / "lost" if leads else None, end)


def end(values, folder, begun):
    """Continue to the end, and compare; every process compares its own network."""
    leads = os.environ.get("JAX_PROCESS_ID", "0") == "0"
    found = train(values, "all", Path(folder) / begun if leads else None)
    with np.load(Path(folder) / "whole.npz") as file:
        expected = dict(file)
    far = {name: float(np.abs(found[name] - expected[name]).max()) for name in expected}
    weights = max(value for name, value in far.items() if name.startswith("w"))
    return {"weights": weights, **{name: far[name] for name in ("logits", "history", "best")}}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))  # noqa: T201
