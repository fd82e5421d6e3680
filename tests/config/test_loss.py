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


def test_the_earlier_name_of_the_default_means_the_same():
    experiment = load_experiment({"training": {"loss": "weighted_binary_crossentropy"}})
    assert experiment == load_experiment({})
    assert "loss" not in experiment.values()["training"]
    assert experiment.with_values({"training.loss": "bce"}).training.loss == "bce"


@pytest.mark.parametrize(
    ("loss", "weighted_loss", "expected"),
    [
        ("weighted", True, True),
        ("weighted", False, False),
        ("focal", True, True),
        ("bce", True, False),
        ("asymmetric", True, False),
        ("asymmetric", False, False),
    ],
)
def test_which_losses_have_class_weights(loss, weighted_loss, expected):
    training = load_experiment({"training": {"loss": loss, "weighted_loss": weighted_loss}}).training
    assert training.has_class_weights is expected
