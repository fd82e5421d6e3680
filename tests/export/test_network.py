"""One network of Keras that computes what a bundle does: views and members are inside."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.bundle.runs import LABELS, decision_rule_of, network_of, without, write_ensemble_run, write_run
from xraykit.bundle import load_model
from xraykit.evaluation import combined_logits
from xraykit.export.ensemble_layer import CalibratedMean
from xraykit.export.network import network_to_export
from xraykit.export.verification import tolerance_of
from xraykit.export.views_layer import AllViews
from xraykit.model import views_of
from xraykit.model.augmentation import RadiographAugmentation


@pytest.mark.parametrize("name", ["shifts", "shifts_and_zooms", "flips", "shifts_zooms_and_flips"])
@pytest.mark.parametrize("size", [32, 37])
def test_views_inside_the_network_are_those_of_a_prediction(name, size):
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 1)).astype(np.float32)
    expected = np.concatenate([view(pictures) for view in views_of(name)])
    np.testing.assert_allclose(np.asarray(AllViews(name, size)(pictures)), expected, atol=1e-3)


@pytest.mark.parametrize("method", ["platt", "temperature", "isotonic", "none"])
def test_the_mean_inside_the_network_is_that_of_a_prediction(method):
    rules = [decision_rule_of(LABELS, seed, method) for seed in range(3)]
    rules[0] = without(rules[0], LABELS[0])
    logits = np.random.default_rng(1).normal(0, 3, (3, 40, len(LABELS))).astype(np.float32)
    received = np.asarray(CalibratedMean(rules)(logits.transpose(1, 0, 2)))
    np.testing.assert_allclose(received, combined_logits(rules, logits), atol=1e-3)


def test_members_with_different_methods_are_combined():
    rules = [decision_rule_of(LABELS, 0, "platt"), decision_rule_of(LABELS, 1, "isotonic")]
    logits = np.random.default_rng(1).normal(0, 3, (2, 40, len(LABELS))).astype(np.float32)
    received = np.asarray(CalibratedMean(rules)(logits.transpose(1, 0, 2)))
    np.testing.assert_allclose(received, combined_logits(rules, logits), atol=1e-3)


def test_layers_that_act_in_training_only_are_left_out(classifier):
    network = network_to_export(classifier)
    inside = [layer for each in network.layers for layer in getattr(each, "layers", [each])]
    assert not [layer for layer in inside if isinstance(layer, RadiographAugmentation | keras.layers.Dropout)]


@pytest.mark.slow
def test_an_ensemble_with_several_views_becomes_one_network(tmp_path):
    run = write_ensemble_run(tmp_path, evaluation={"test_time_augmentation": "shifts_and_zooms"})
    classifier = load_model(run.path)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32), np.uint8)
    received = np.asarray(network_to_export(classifier)(pictures[..., None].astype(np.float32)))
    np.testing.assert_allclose(received, classifier.logits(pictures), atol=1e-4)


@pytest.mark.slow
def test_a_network_in_half_precision_is_exported_in_float32_with_its_own_tolerance(tmp_path):
    classifier = load_model(write_run(tmp_path, training={"precision": "mixed_bfloat16"}).path)
    assert tolerance_of(classifier, "float32") == 0.5
    network = network_to_export(classifier)
    inside = [layer for each in network.layers for layer in getattr(each, "layers", [each])]
    computing = [layer for layer in inside if not isinstance(layer, keras.layers.InputLayer)]
    assert {layer.compute_dtype for layer in computing} == {"float32"}
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32), np.uint8)
    received, expected = np.asarray(network(pictures[..., None].astype(np.float32))), classifier.logits(pictures)
    assert np.all(np.abs(received - expected) <= 0.5 * (1 + np.abs(expected)))


def test_operations_that_are_no_layers_are_copied(classifier):
    """As in MobileNetV3."""
    # A test before this one may have left another policy.
    keras.config.set_dtype_policy("float32")
    pixels = keras.Input((32, 32, 1), name="pixels")
    x = keras.layers.GlobalAveragePooling2D()(keras.ops.relu6(keras.layers.Conv2D(4, 3)(pixels) * 0.1) + 1.0)
    model = keras.Model(pixels, keras.layers.Dense(3, name="logits")(x))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32), np.uint8)
    received = np.asarray(network_to_export(replace(classifier, models=(model,)))(pictures[..., None]))
    np.testing.assert_allclose(received, np.asarray(model(pictures[..., None])), atol=1e-5)


def test_another_network_gives_other_logits(classifier, bundled):
    """The comparisons above can fail."""
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32), np.uint8)
    from tests.bundle.runs import experiment_of

    other = network_of(experiment_of(bundled.path.parents[1]), seed=5)
    received = np.asarray(other(pictures[..., None].astype(np.float32)))
    assert np.abs(received - classifier.logits(pictures)).max() > 0.1
