"""A search over recipes: optimizers, schedules, and keys that exist only with some of them."""

import keras
import numpy as np
import pandas as pd
import pytest

from tests.search.phantoms import phantom_experiment
from xraykit.errors import ExperimentError
from xraykit.pipeline import run_experiment

SPACE = {
    "training.optimizer": {"choices": ["adam", "adamw", "lion", "muon"]},
    "training.weight_decay": {"low": 1e-4, "high": 0.1, "log": True, "when": {"training.optimizer": ["adamw", "muon"]}},
    "training.schedule": {"choices": ["plateau", "cosine", "one_cycle"]},
    "training.cosine.warmup_epochs": {"low": 0.0, "high": 1.0, "when": {"training.schedule": "cosine"}},
    "training.one_cycle.rise": {"low": 0.2, "high": 0.5, "when": {"training.schedule": "one_cycle"}},
    "training.weight_average": {"low": 0.5, "high": 0.99},
    "training.gradient_accumulation": {"low": 1, "high": 3},
    "training.clip_norm": {"low": 0.1, "high": 10.0, "log": True},
    "training.label_smoothing": {"low": 0.0, "high": 0.1},
    "training.sampling": {"choices": ["uniform", "balanced"]},
    "training.fine_tune.layer_decay": {"low": 0.3, "high": 1.0},
}


class _Count(keras.callbacks.Callback):
    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1


@pytest.mark.slow
def test_recipes_can_be_searched_and_the_winner_has_the_callbacks(tmp_path):
    optuna = {"sampler": "random", "pruner": "none"}
    experiment = phantom_experiment(tmp_path, SPACE, training={"epochs": 2}, n_trials=5, epochs=1, optuna=optuna)
    values = {"evaluation.resamples": 50, "explain.per_kind": 0, "explain.scored": 0}
    count = _Count()
    run = run_experiment(experiment.with_values(values), callbacks=[count])
    trials = pd.read_csv(run.folder / "search" / "trials.csv")
    assert (trials["state"] == "complete").all()
    assert np.isfinite(trials["macro_roc_auc"]).all()
    decayed = trials["training.optimizer"].isin(["adamw", "muon"])
    assert (trials["training.weight_decay"].notna() == decayed).all()
    assert trials["training.optimizer"].nunique() > 1
    assert count.epochs == 2


@pytest.mark.parametrize(
    ("key", "bounds"),
    [
        ("training.weight_decay", {"low": 0.1, "high": 2.0}),
        ("training.weight_average", {"low": 0.5, "high": 1.0}),
        ("training.gradient_accumulation", {"low": 0, "high": 4}),
        ("training.fine_tune.layer_decay", {"low": 0.5, "high": 1.5}),
    ],
)
def test_a_range_beyond_the_limits_is_refused_before_the_search(tmp_path, key, bounds):
    with pytest.raises(ExperimentError, match=key.rpartition(".")[2]):
        phantom_experiment(tmp_path, {key: bounds})
