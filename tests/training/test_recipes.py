"""Recipes in a whole training: averages, schedules, layer-wise rates, and the user's callbacks."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from xraykit.ensemble import run_experiment
from xraykit.errors import CallbackError
from xraykit.evaluation import macro_roc_auc
from xraykit.training import trainer_for

pytestmark = pytest.mark.slow


def _fit(experiment, callbacks=(), checkpoints=None):
    trainer = trainer_for(experiment)
    data = trainer.load()
    model = trainer.build()
    fit = trainer.fit(model, data, checkpoints, lambda row: None, callbacks)
    return fit, model, data


@pytest.fixture
def fine_tuned(tiny_experiment, tmp_path):
    """Fine-tuning from a network with weights."""
    trainer_for(tiny_experiment).build().save(tmp_path / "start.keras")
    return tiny_experiment.with_values(
        {"model.weights": str(tmp_path / "start.keras"), "training.trainer": "fine_tune", "training.epochs": 4}
    )


def _score(model, data):
    logits = model.predict(data.batches("validation", 64), verbose=0)
    return macro_roc_auc(data.parts.catalog_of("validation").targets(), logits)


class _Watch(keras.callbacks.Callback):
    """What a user's callback sees."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.rows, self.weights, self.stop_after = [], [], stop_after

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(dict(logs))
        self.weights.append([each.copy() for each in self.model.get_weights()])
        if self.stop_after == epoch + 1:
            self.model.stop_training = True


def test_what_is_scored_and_kept_is_the_average_of_the_weights(tiny_experiment):
    values = {"training.epochs": 3, "training.learning_rate": 0.02, "training.weight_average": 0.9}
    watch = _Watch()
    fit, model, data = _fit(tiny_experiment.with_values(values), [watch])
    assert _score(model, data) == pytest.approx(fit.score, abs=1e-6)
    trained = watch.weights[fit.best_epoch - 1]
    assert not all(np.array_equal(*each) for each in zip(model.get_weights(), trained, strict=True))


def test_an_average_does_not_change_what_is_trained(tiny_experiment):
    """Statistics, seeds of augmentation and dropout, and weights continue as if nothing had been scored."""
    plain, averaged = _Watch(), _Watch()
    _fit(tiny_experiment, [plain])
    _fit(tiny_experiment.with_values({"training.weight_average": 0.9}), [averaged])
    assert [row["loss"] for row in plain.rows] == [row["loss"] for row in averaged.rows]
    for left, right in zip(plain.weights[-1], averaged.weights[-1], strict=True):
        assert np.array_equal(left, right)


def test_the_statistics_of_an_average_are_those_of_its_own_feature_maps(tiny_experiment):
    still = {f"training.augmentation.{key}": 0.0 for key in ("shift", "rotation", "zoom", "contrast")}
    values = {**still, "training.epochs": 1, "training.learning_rate": 0.05, "training.weight_average": 0.8}
    _, model, data = _fit(tiny_experiment.with_values(values))
    first = keras.Model(model.inputs, model.get_layer("tiny_convolution_0").output)
    maps = []
    batches = data.batches("train", 32, shuffle_seed=tiny_experiment.seed)
    for number in range(len(batches)):
        if len(batches[number][0]) == 32:
            maps.append(np.asarray(first(batches[number][0].astype(np.float32)), np.float64))
    maps = np.concatenate(maps)
    layer = model.get_layer("tiny_normalisation_0")
    assert np.asarray(layer.moving_mean) == pytest.approx(maps.mean(axis=(0, 1, 2)), rel=1e-3, abs=1e-5)
    assert np.asarray(layer.moving_variance) == pytest.approx(maps.var(axis=(0, 1, 2)), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_the_rate_of_an_epoch_is_that_of_its_last_batch(tiny_experiment, schedule):
    values = {
        "training.schedule": schedule,
        "training.epochs": 3,
        "training.learning_rate": 0.01,
        "training.cosine.final_share": 0.1,
        "training.one_cycle.final_share": 0.1,
    }
    fit, _, _ = _fit(tiny_experiment.with_values(values))
    rates = [row["learning_rate"] for row in fit.history]
    assert rates[-1] == pytest.approx(0.001, rel=1e-3)
    assert max(rates) <= 0.01
    assert rates[1] > rates[2]


def test_each_stage_of_fine_tuning_has_a_schedule_of_its_own(fine_tuned):
    values = {
        "training.schedule": "cosine",
        "training.cosine.final_share": 0.5,
        "training.cosine.warmup_epochs": 0.0,
        "training.fine_tune.frozen_epochs": 2,
        "training.fine_tune.layer_decay": 0.5,
    }
    fit, _, _ = _fit(fine_tuned.with_values(values))
    rates = [row["learning_rate"] for row in fit.history]
    assert [rates[1], rates[3]] == pytest.approx([5e-4, 5e-6], rel=1e-3)
    assert rates[2] > rates[3]


def test_a_callback_sees_the_scores_and_can_end_the_training_with_all_its_stages(fine_tuned):
    watch = _Watch(stop_after=2)
    fit, _, _ = _fit(fine_tuned.with_values({"training.fine_tune.frozen_epochs": 3}), [watch])
    assert [row["epoch"] for row in fit.history] == [1, 2]
    assert [row["val_roc_auc"] for row in watch.rows] == [row["val_roc_auc"] for row in fit.history]


def test_a_training_that_a_callback_ended_stays_ended(tiny_experiment, tmp_path):
    experiment = tiny_experiment.with_values({"training.epochs": 3})
    first, _, _ = _fit(experiment, [_Watch(stop_after=1)], tmp_path)
    again, _, _ = _fit(experiment, [], tmp_path)
    assert again.history == first.history
    assert len(again.history) == 1


def test_an_error_in_a_callback_names_it(tiny_experiment):
    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError("auc")

    with pytest.raises(CallbackError, match=r"The callback Broken failed in on_epoch_end: KeyError: 'auc'"):
        _fit(tiny_experiment, [Broken()])
    with pytest.raises(CallbackError, match=r"keras\.callbacks\.Callback\. Received: 3"):
        _fit(tiny_experiment, [3])


@pytest.mark.parametrize("given", [keras.callbacks.Callback(), [3], None])
def test_wrong_callbacks_are_refused_before_anything_is_written(given, tiny_experiment, tmp_path):
    experiment = tiny_experiment.with_values({"output.root": str(tmp_path / "runs")})
    with pytest.raises(CallbackError, match="callbacks takes"):
        run_experiment(experiment, callbacks=given)
    assert not (tmp_path / "runs").exists()


def test_a_callback_can_follow_batches(tiny_experiment):
    class Batches(keras.callbacks.Callback):
        losses = ()

        def on_train_batch_end(self, batch, logs=None):
            self.losses = (*self.losses, logs["loss"])

    seen = Batches()
    fit, _, data = _fit(tiny_experiment.with_values({"training.epochs": 1}), [seen])
    assert len(seen.losses) == -(-len(data.parts.catalog_of("train")) // 32)
    assert seen.losses[-1] == pytest.approx(fit.history[0]["loss"], rel=1e-6)


JAX = """
import json, sys
from xraykit.config import load_experiment
from xraykit.evaluation import macro_roc_auc
from xraykit.training import trainer_for

trainer = trainer_for(load_experiment(json.loads(sys.argv[1])))
data, model = trainer.load(), trainer.build()
fit = trainer.fit(model, data, None, lambda row: None)
logits = model.predict(data.batches("validation", 64), verbose=0)
targets = data.parts.catalog_of("validation").targets()
print(json.dumps([fit.score, macro_roc_auc(targets, logits), [row["learning_rate"] for row in fit.history]]))
"""


@pytest.mark.process
def test_under_jax_too_the_average_is_what_is_scored_and_kept(tiny_values):
    pytest.importorskip("jax")
    tiny_values["training"] |= {
        "optimizer": "adamw",
        "weight_average": 0.9,
        "gradient_accumulation": 3,
        "clip_norm": 1.0,
        "schedule": "cosine",
        "cosine": {"final_share": 0.1},
        "learning_rate": 0.01,
    }
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", JAX, json.dumps(tiny_values)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    score, again, rates = json.loads(done.stdout.strip().splitlines()[-1])
    assert again == pytest.approx(score, abs=1e-6)
    assert rates[-1] == pytest.approx(0.001, rel=0.2)
