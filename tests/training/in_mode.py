"""One training of the tiny network in one mode of its step, as a program: a process can use one backend only.

python -m tests.training.in_mode EXPERIMENT.json WEIGHTS.npz MODE
"""

import json
import sys
from pathlib import Path

import numpy as np

MODES = ("one_call", "pieces", "keras_step", "xla", "jax")


def losses_in(mode: str, values: dict, weights: Path) -> list[float]:
    """Losses of training and validation, epoch after epoch, from the weights in a file; the first mode writes it."""
    import keras

    from xraykit.config import load_experiment
    from xraykit.model import backend
    from xraykit.training import trainer_for

    experiment = load_experiment({**values, "training": {**values["training"], "xla": mode == "xla"}})
    trainer = trainer_for(experiment)
    data, model = trainer.load(), trainer.build()
    if weights.is_file():
        with np.load(weights) as saved:
            model.set_weights([saved[name] for name in sorted(saved.files)])
    else:
        np.savez(weights, **{f"{number:03}": value for number, value in enumerate(model.get_weights())})
    with _as(mode, keras, backend):
        fit = trainer.fit(model, data, None, lambda row: None)
    return [row[name] for row in fit.history for name in ("loss", "val_loss")]


def _as(mode: str, keras, backend):
    """The mode, where no setting of the experiment chooses it."""
    from unittest import mock

    if mode == "pieces":
        from xraykit.model.tensorflow import steps

        whole = steps.in_pieces
        return mock.patch.object(steps, "in_pieces", lambda model: whole(model, one_call=False))
    if mode == "keras_step":
        return mock.patch.object(backend, "runs_in_pieces", return_value=False)
    import contextlib

    return contextlib.nullcontext()


if __name__ == "__main__":
    values, weights, mode = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), sys.argv[3]
    sys.stdout.write(json.dumps(losses_in(mode, values, weights)) + "\n")
