"""Keys that are set and have no effect are named."""

import pytest

from xraykit.config import load_experiment


def _unused(**sections):
    return load_experiment(sections).without_effect


def test_an_experiment_of_defaults_has_none():
    assert _unused() == {}


def test_sections_of_other_losses_and_schedules():
    assert _unused(training={"loss": "focal", "focal": {"gamma": 3.0}}) == {}
    assert _unused(training={"cosine": {"warmup_epochs": 3.0}, "asymmetric": {"shift": 0.1}}) == {
        "training.asymmetric": "training.loss: weighted",
        "training.cosine": "training.schedule: plateau",
    }
    assert _unused(training={"schedule": "cosine", "plateau": {"patience": 2}}) == {
        "training.plateau": "training.schedule: cosine"
    }


def test_layer_rates_without_fine_tuning():
    assert _unused(training={"fine_tune": {"layer_decay": 0.5}}) == {"training.fine_tune": "training.trainer: scratch"}
    fine_tuned = {"trainer": "fine_tune", "fine_tune": {"layer_decay": 0.5}}
    assert _unused(model={"weights": "imagenet"}, training=fine_tuned) == {}


def test_what_a_linear_probe_does_not_have():
    found = _unused(
        model={"weights": "imagenet", "dropout_rate": 0.1},
        training={"trainer": "linear_probe", "epochs": 3, "optimizer": "lion", "batch_size": 8, "sampling": "balanced"},
    )
    assert set(found) == {"training.epochs", "training.optimizer", "model.dropout_rate"}
    assert set(found.values()) == {"training.trainer: linear_probe"}


@pytest.mark.parametrize(("key", "value"), [("folds", 3), ("held_out", "none")])
def test_folds_with_another_split(key, value):
    assert _unused(data={"split": {key: value}}) == {f"data.split.{key}": "data.split.method: official"}
    assert _unused(data={"split": {key: value, "method": "folds"}}) == {}


def test_workers_of_one_network():
    assert _unused(training={"workers": 2}) == {"training.workers": "training.seeds: 1"}
    assert _unused(training={"workers": 2, "seeds": 2}) == {}


def test_what_a_search_tries_may_have_an_effect():
    training = {"cosine": {"warmup_epochs": 3.0}, "focal": {"gamma": 3.0}}
    space = {"training.schedule": {"choices": ["plateau", "cosine"]}}
    assert _unused(training=training, search={"space": space}) == {"training.focal": "training.loss: weighted"}
