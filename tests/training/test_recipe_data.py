"""Losses, sampling, mixup, smoothing and augmentation in a training: what they touch, and that it resumes exactly."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.data import Sampling, smoothed
from xraykit.model import class_weights
from xraykit.training import template, trainer_for

pytestmark = pytest.mark.slow

EVERYTHING = {
    "training.loss": "focal",
    "training.label_smoothing": 0.1,
    "training.sampling": "balanced",
    "training.mixup": 0.3,
    **{
        f"training.augmentation.{name}": amount
        for name, amount in {"gamma": 0.3, "noise": 5.0, "blur": 1.0, "cutout": 0.3, "crop": 0.2, "flip": True}.items()
    },
}


@pytest.fixture
def everything(tiny_experiment):
    return tiny_experiment.with_values(EVERYTHING)


def _targets(batches):
    return np.concatenate([batches[at][1] for at in range(len(batches))])


def test_no_target_that_anything_is_measured_with_changes(everything):
    trainer = trainer_for(everything)
    data = trainer.load()
    for part in ("train", "validation"):
        expected = data.parts.catalog_of(part).targets()
        np.testing.assert_array_equal(_targets(data.batches(part, 16)), expected)
    model = trainer.build()
    fit = trainer.fit(model, data, None, lambda row: None)
    table = trainer.predict(model, data, "validation")
    truth = table[list(data.parts.labels)].to_numpy(np.float32)
    np.testing.assert_array_equal(truth, data.parts.catalog_of("validation").targets())
    assert all(np.isfinite(row["val_loss"]) for row in fit.history)


def test_the_validation_loss_is_that_of_the_labels_themselves(everything, monkeypatch):
    built = []
    build_loss = template.build_loss
    monkeypatch.setattr(template, "build_loss", lambda *args: built.append(build_loss(*args)) or built[-1])
    trainer = trainer_for(everything.with_values({"training.epochs": 1}))
    data = trainer.load()
    model = trainer.build()
    fit = trainer.fit(model, data, None, lambda row: None)
    validation = data.parts.catalog_of("validation").targets()
    logits = np.asarray(model.predict(data.batches("validation", 64), verbose=0))
    assert fit.history[0]["val_loss"] == pytest.approx(float(built[0](validation, logits)), rel=1e-4)


def test_class_weights_are_of_what_is_drawn_and_learnt(everything, monkeypatch):
    built = []

    def stop(*args):
        built.append(args)
        raise _Stopped

    monkeypatch.setattr(template, "build_loss", stop)
    trainer = trainer_for(everything)
    data = trainer.load()
    with pytest.raises(_Stopped):
        trainer.fit(trainer.build(), data, None, lambda row: None)
    train = data.parts.catalog_of("train")
    learnt = 0.1 + 0.8 * train.training_targets()
    expected = class_weights(learnt, Sampling.of(train, "balanced").times())
    np.testing.assert_allclose(built[0][1:3], expected)
    assert built[0][3] == {"gamma": 2.0}


def test_smoothing_does_not_outweigh_the_negatives_of_a_rare_finding():
    """With weights of the labels themselves, the negatives would pull a rare finding's probability up to 0.9."""
    targets = np.zeros((1000, 1), np.float32)
    targets[:4] = 1
    positive, negative = class_weights(smoothed(targets, 0.05))
    pull_up, pull_down = positive[0] * 0.05, negative[0] * 0.95
    assert pull_up / (pull_up + pull_down) < 0.5


class _Stopped(Exception):
    pass


def test_training_batches_are_smoothed_mixed_and_balanced(everything):
    data = trainer_for(everything).load()
    train = data.parts.catalog_of("train")
    targets = _targets(data.training_batches(everything.training, 3))
    assert targets.shape == train.targets().shape
    assert targets.min() == pytest.approx(0.1)
    assert targets.max() <= 0.9 + 1e-6
    assert ((targets > 0.11) & (targets < 0.89)).any()
    plain = everything.with_values({"training.label_smoothing": 0.0, "training.mixup": 0.0}).training
    balanced = _targets(data.training_batches(plain, 3))
    rarest = np.nanmean(train.targets(), axis=0).argmin()
    assert balanced[:, rarest].mean() > 1.3 * train.targets()[:, rarest].mean()


def test_a_training_with_everything_continues_exactly(everything, tmp_path):
    experiment = everything.with_values({"training.epochs": 3})

    def train(checkpoints, dies_after=None):
        trainer = trainer_for(experiment)
        model, rows = trainer.build(), []

        def on_epoch(row):
            rows.append({**row, "seconds": None})
            if row["epoch"] == dies_after:
                raise _Stopped

        fit = trainer.fit(model, trainer.load(), checkpoints, on_epoch)
        return [{**row, "seconds": None} for row in fit.history], model.get_weights()

    history, weights = train(tmp_path / "unbroken")
    with pytest.raises(_Stopped):
        train(tmp_path / "broken", dies_after=2)
    again, same_weights = train(tmp_path / "broken")
    assert again == history
    for left, right in zip(weights, same_weights, strict=True):
        np.testing.assert_array_equal(left, right)


_ELSEWHERE = """
import json, sys
from xraykit.config import load_experiment
from xraykit.training import trainer_for
experiment = load_experiment(json.loads(sys.argv[1])).with_values(json.loads(sys.argv[2]))
trainer = trainer_for(experiment)
fit = trainer.fit(trainer.build(), trainer.load(), None, lambda row: None)
print(json.dumps([row["loss"] for row in fit.history]))
"""


@pytest.mark.process
@pytest.mark.parametrize("loss", ["focal", "asymmetric"])
@pytest.mark.skipif(not find_spec("jax"), reason="the extra `jax` is not installed")
def test_everything_trains_on_jax(tiny_values, loss):
    command = [
        sys.executable,
        "-c",
        _ELSEWHERE,
        json.dumps(tiny_values),
        json.dumps(EVERYTHING | {"training.loss": loss}),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "jax"}, check=False
    )
    assert done.returncode == 0, done.stderr
    losses = json.loads(done.stdout.splitlines()[-1])
    assert np.isfinite(losses).all()
    assert len(losses) == 2


def test_everything_trains_under_xla(tiny_values):
    pytest.importorskip("tensorflow")
    xla = {"training.xla": True, "training.deterministic": False, "training.epochs": 1}
    trainer = trainer_for(load_experiment(tiny_values).with_values(EVERYTHING | xla))
    fit = trainer.fit(trainer.build(), trainer.load(), None, lambda row: None)
    assert np.isfinite(fit.history[0]["loss"])
