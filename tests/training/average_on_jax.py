"""The average of weights on JAX, as a program: python -m tests.training.average_on_jax EXPERIMENT.json"""

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np


def average_facts(values: dict) -> dict:
    """Of a training that averages its weights: by how much it differs from what it should be."""
    import keras

    from xraykit.config import load_experiment
    from xraykit.training import trainer_for

    momentum = 0.8
    changes = {"training.weight_average": momentum, "training.learning_rate": 0.05, "training.optimizer": "sgd"}
    experiment = load_experiment(values).with_values(changes)

    class Definition(keras.callbacks.Callback):
        """The average by its definition, from the weights after each update."""

        def on_train_begin(self, logs=None):
            self.average = None

        def on_train_batch_end(self, batch, logs=None):
            if hasattr(self.model, "jax_state_sync"):
                self.model.jax_state_sync()
            now = [np.asarray(each, np.float64) for each in self.model.trainable_variables]
            if self.average is None:
                self.average = now
            else:
                pairs = zip(self.average, now, strict=True)
                self.average = [momentum * old + (1 - momentum) * new for old, new in pairs]

    def fit(epochs, checkpoints=None, callbacks=(), on_epoch=lambda row: None):
        changed = experiment.with_values({"training.epochs": epochs})
        trainer = trainer_for(changed)
        data, model = trainer.load(), trainer.build()
        return trainer.fit(model, data, checkpoints, on_epoch, callbacks), model, data

    definition = Definition()
    _, model, data = fit(1, None, [definition])
    differences = [
        float(np.abs(a - np.asarray(b)).max())
        for a, b in zip(definition.average, model.trainable_variables, strict=True)
    ]
    first = keras.Model(model.inputs, model.get_layer("tiny_convolution_0").output)
    batches = data.batches("train", 32, shuffle_seed=experiment.seed)
    pixels = [batches[number][0] for number in range(len(batches)) if len(batches[number][0]) == 32]
    maps = np.concatenate([np.asarray(first(each.astype(np.float32)), np.float64) for each in pixels])
    layer = model.get_layer("tiny_normalisation_0")
    found = {
        "average": max(differences),
        "mean": float(np.abs(np.asarray(layer.moving_mean) - maps.mean((0, 1, 2))).max()),
        "variance": float(np.abs(np.asarray(layer.moving_variance) / maps.var((0, 1, 2)) - 1).max()),
    }
    return found | _cause(fit)


def _cause(fit) -> dict:
    """The error that is raised where the scoring of the average fails."""
    from xraykit.training.callbacks import ValidationScore

    with mock.patch.object(ValidationScore, "on_epoch_end", side_effect=RuntimeError("the cause")):
        try:
            fit(1)
        except RuntimeError as error:
            return {"error": str(error)}
    return {"error": None}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(average_facts(json.loads(Path(sys.argv[1]).read_text()))) + "\n")
