"""The key ``training.loss``."""

import pytest

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError
from xraykit.registry import LOSSES, register_loss


def test_an_unknown_loss_is_refused_with_the_nearest():
    with pytest.raises(ExperimentError, match="Did you mean 'weighted_binary_crossentropy'"):
        load_experiment({"training": {"loss": "weighted_binary_crossentropi"}})


def test_an_experiment_with_the_default_loss_is_written_as_by_earlier_versions():
    assert "loss" not in load_experiment({}).values()["training"]


def test_another_loss_is_written_and_read_back():
    register_loss("of_a_test")(lambda pos_weights, neg_weights: None)
    try:
        experiment = load_experiment({"training": {"loss": "of_a_test"}})
        assert load_experiment(experiment.values()) == experiment
        assert experiment.values()["training"]["loss"] == "of_a_test"
    finally:
        del LOSSES._entries["of_a_test"]
