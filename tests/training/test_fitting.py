"""Stages, best epoch, patience, plateau, and a stop with a clear message."""

import itertools
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.errors import NonFiniteLossError, SealedPartError
from xraykit.evaluation import macro_roc_auc
from xraykit.training import trainer_for
from xraykit.training.callbacks import BestEpoch, OrderOfEpoch
from xraykit.training.training_data import load_training_data

pytestmark = pytest.mark.slow


def _fit(experiment, rows=None):
    trainer = trainer_for(experiment)
    data = trainer.load()
    model = trainer.build()
    seen = [] if rows is None else rows
    return trainer.fit(model, data, None, seen.append), model, data


def test_the_model_ends_with_the_weights_of_its_best_epoch_on_validation(tiny_experiment):
    experiment = tiny_experiment.with_values({"training.epochs": 4, "training.learning_rate": 0.05})
    fit, model, data = _fit(experiment)
    scores = [row["val_roc_auc"] for row in fit.history]
    assert fit.score == max(scores)
    assert fit.best_epoch == scores.index(max(scores)) + 1
    logits = model.predict(data.batches("validation", 64), verbose=0)
    assert macro_roc_auc(data.parts.catalog_of("validation").targets(), logits) == pytest.approx(fit.score, abs=1e-9)


def test_the_history_has_a_row_for_each_epoch(tiny_experiment):
    rows = []
    fit, _, _ = _fit(tiny_experiment, rows)
    assert rows == fit.history
    assert [row["epoch"] for row in rows] == [1, 2]
    figures = {"loss", "val_loss", "val_roc_auc", "val_worst_label_roc_auc", "learning_rate", "seconds"}
    assert set(rows[0]) == {"epoch", "stage"} | figures
    assert all(row["val_worst_label_roc_auc"] <= row["val_roc_auc"] for row in rows)
    assert all(type(row["loss"]) is float for row in rows)


def test_training_ends_when_the_score_does_not_improve(tiny_experiment):
    values = {"training.epochs": 40, "training.learning_rate": 1e-9, "training.early_stopping.patience": 2}
    fit, _, _ = _fit(tiny_experiment.with_values(values))
    assert len(fit.history) <= fit.best_epoch + 2 < 40


def test_the_learning_rate_falls_on_a_plateau(tiny_experiment):
    values = {
        "training.epochs": 6,
        "training.learning_rate": 1e-9,
        "training.plateau.patience": 1,
        "training.plateau.factor": 0.5,
        "training.plateau.min_learning_rate": 0.0,
    }
    fit, _, _ = _fit(tiny_experiment.with_values(values))
    rates = [row["learning_rate"] for row in fit.history]
    assert rates[-1] < rates[0]
    assert all(later in (pytest.approx(rate), pytest.approx(rate / 2)) for rate, later in itertools.pairwise(rates))


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_two_runs_of_one_seed_have_the_same_history(tiny_experiment, optimizer):
    experiment = tiny_experiment.with_values({"training.optimizer": optimizer})
    histories = []
    for _ in range(2):
        fit, _, _ = _fit(experiment)
        histories.append([{**row, "seconds": None} for row in fit.history])
    assert histories[0] == histories[1]


def test_a_loss_that_is_not_finite_stops_with_a_clear_message(tiny_experiment):
    experiment = tiny_experiment.with_values({"training.learning_rate": 1.0, "training.optimizer": "sgd"})
    trainer = trainer_for(experiment)
    data = trainer.load()
    model = trainer.build()
    kernel = model.get_layer("dense_1").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(NonFiniteLossError, match=r"became nan in batch 1.*training\.learning_rate"):
        trainer.fit(model, data, None, lambda row: None)


def test_fine_tuning_freezes_the_backbone_first(tiny_experiment, tmp_path):
    source = trainer_for(tiny_experiment).build()
    source.save(tmp_path / "model.keras")
    experiment = tiny_experiment.with_values(
        {
            "model.weights": str(tmp_path / "model.keras"),
            "training.trainer": "fine_tune",
            "training.epochs": 3,
            "training.fine_tune.frozen_epochs": 2,
        }
    )
    trainer = trainer_for(experiment)
    data = trainer.load()
    model = trainer.build()
    before = model.get_layer("tiny_convolution_0").get_weights()[0].copy()
    kernels = []

    def watch(row):
        kernels.append(model.get_layer("tiny_convolution_0").get_weights()[0].copy())

    fit = trainer.fit(model, data, None, watch)
    assert [row["stage"] for row in fit.history] == ["frozen", "frozen", "unfrozen"]
    assert np.array_equal(kernels[0], before)
    assert np.array_equal(kernels[1], before)
    assert not np.array_equal(kernels[2], before)
    assert fit.history[2]["learning_rate"] == pytest.approx(1e-5)


def test_the_best_epoch_is_the_best_of_all_stages():
    best = BestEpoch(patience=2)
    best.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    best.model.stop_training = False
    for epoch, score in enumerate((0.7, 0.6)):
        best.on_epoch_end(epoch, {"val_roc_auc": score})
    best.start_stage()
    best.on_epoch_end(2, {"val_roc_auc": 0.65})
    assert (best.score, best.epoch, best.waited) == (0.7, 0, 1)
    assert not best.model.stop_training
    best.on_epoch_end(3, {"val_roc_auc": 0.65})
    assert best.model.stop_training


def test_each_epoch_has_its_own_order_and_every_radiograph_once(tiny_experiment):
    data = load_training_data(tiny_experiment)
    batches = data.batches("train", 32, shuffle_seed=5)

    def seen():
        return np.concatenate([batches[index][0].sum(axis=(1, 2, 3)) for index in range(len(batches))])

    first = seen()
    batches.start_epoch(1)
    second = seen()
    batches.start_epoch(0)
    assert np.array_equal(seen(), first)
    assert not np.array_equal(first, second)
    assert np.array_equal(np.sort(first), np.sort(second))
    assert len(first) == len(data.parts.catalog_of("train"))


def test_what_is_trained_on_is_the_order_of_the_epoch(tiny_experiment, monkeypatch):
    """Keras reads ahead before the first epoch; each epoch must still be what seed and epoch say."""
    data = load_training_data(tiny_experiment)
    batches = data.batches("train", 64, shuffle_seed=5)
    expected = []
    for epoch in (3, 4, 5):
        batches.start_epoch(epoch)
        expected.append([float(batches[index][0].sum()) for index in range(len(batches))])
    fed = []

    def train_step(self, data):
        fed.append(float(keras.ops.sum(data[0])))
        return {"loss": 0.0}

    model = trainer_for(tiny_experiment).build()
    monkeypatch.setattr(type(model), "train_step", train_step)
    model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    batches.start_epoch(0)
    model.fit(batches, initial_epoch=3, epochs=6, shuffle=False, verbose=0, callbacks=[OrderOfEpoch(batches)])
    assert fed == pytest.approx([total for epoch in expected for total in epoch], rel=1e-6)


def test_training_does_not_see_the_test_part(tiny_experiment):
    data = load_training_data(tiny_experiment)
    with pytest.raises(SealedPartError):
        data.batches("test", 8)


def test_an_experiment_without_weighted_loss_weighs_all_alike(tiny_values):
    tiny_values["training"]["weighted_loss"] = False
    trainer = trainer_for(load_experiment(tiny_values))
    loss = trainer._loss(np.array([[1, 0], [0, 0], [0, 0]], np.float32))
    assert loss.pos_weights == loss.neg_weights == [0.5, 0.5]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_with_float32_weights_and_finite_losses(tiny_experiment, precision):
    try:
        values = {"training.precision": precision, "training.epochs": 3, "training.plateau.patience": 1}
        fit, model, _ = _fit(tiny_experiment.with_values(values))
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("tiny_convolution_0").compute_dtype == precision.removeprefix("mixed_")
    assert {weight.dtype.name for weight in map(np.asarray, model.get_weights())} == {"float32"}
    assert all(np.isfinite([row["loss"], row["val_loss"]]).all() for row in fit.history)
    assert fit.history[-1]["loss"] < fit.history[0]["loss"]


def test_xla_can_be_chosen(tiny_values):
    """In a process of its own: determinism, once chosen, holds for a whole process and excludes XLA."""
    tiny_values["training"] |= {"xla": True, "deterministic": False, "epochs": 1}
    script = (
        "import json, sys\n"
        "from xraykit.config import load_experiment\n"
        "import keras\n"
        "from xraykit.training import trainer_for\n"
        "compiled, compile = [], keras.Model.compile\n"
        "keras.Model.compile = lambda self, **given: (compile(self, **given), compiled.append(self))\n"
        "trainer = trainer_for(load_experiment(json.loads(sys.argv[1])))\n"
        "data, model = trainer.load(), trainer.build()\n"
        "fit = trainer.fit(model, data, None, lambda row: None)\n"
        "print(compiled[0].jit_compile, compiled[0].run_eagerly, len(fit.history))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(tiny_values)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "True False 1", done.stderr
