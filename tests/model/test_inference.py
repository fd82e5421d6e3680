"""Predictions of a network whose weights no longer change."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.bundle.runs import experiment_of, network_of
from xraykit.bundle.golden import TOLERANCES
from xraykit.model.backend import Inference, inference

pytestmark = pytest.mark.slow
SIZE = 32


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return network_of(experiment_of(tmp_path_factory.mktemp("inference")))


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (13, SIZE, SIZE, 1), dtype=np.uint8)


def test_outputs_are_those_of_keras_before_and_after_the_network_is_traced(network, pictures):
    expected = network.predict(pictures.astype(np.float32), verbose=0)
    predicts = Inference(network)
    for _ in range(3):  # of four batches each: traced from the second call on
        found = predicts(pictures, 4)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert predicts._graph is not None


def test_one_picture_does_not_wait_for_a_trace_and_a_server_has_it_later(network, pictures):
    predicts = Inference(network)
    for call in range(inference._CALLS_BEFORE_TRACE + 1):
        assert predicts._graph is None, call
        predicts(pictures[:1], 32)
    assert predicts._graph is not None


def test_no_pictures_have_no_outputs(network, pictures):
    assert Inference(network)(pictures[:0], 4).shape == (0, 3)


def test_bfloat16_is_coarser_and_within_its_tolerance_and_leaves_the_options_as_they_were(network, pictures):
    before = tf.config.optimizer.get_experimental_options()
    expected = Inference(network)(pictures, 4)
    coarse = Inference(network, "bfloat16")(pictures, 4)
    difference = np.abs(coarse - expected) / (1 + np.abs(expected))
    assert 1e-4 < difference.max() < TOLERANCES["bfloat16"] / 4
    after = tf.config.optimizer.get_experimental_options()
    assert not after.get("auto_mixed_precision_onednn_bfloat16", False)
    assert after.get("disable_meta_optimizer", False) == before.get("disable_meta_optimizer", False)


def test_a_network_too_large_to_be_frozen_and_one_on_a_gpu_are_copied_for_bfloat16(network, pictures, monkeypatch):
    monkeypatch.setattr(inference, "_LARGEST_FROZEN", 0)
    expected = network.predict(pictures.astype(np.float32), verbose=0)
    np.testing.assert_allclose(Inference(network)(pictures, 4), expected, atol=1e-5)
    coarse = Inference(network, "bfloat16")
    assert {layer.compute_dtype for layer in coarse._model.layers if isinstance(layer, keras.layers.Conv2D)} == {
        "bfloat16"
    }
    assert coarse._model.layers[-1].compute_dtype == "float32"
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    difference = np.abs(coarse(pictures, 4) - expected) / (1 + np.abs(expected))
    assert 1e-4 < difference.max() < TOLERANCES["bfloat16"] / 4


@pytest.mark.process
def test_under_jax_both_precisions_agree_with_keras():
    code = """
import numpy as np
from tests.bundle.runs import experiment_of, network_of
from xraykit.model.backend import Inference
import pathlib, tempfile
network = network_of(experiment_of(pathlib.Path(tempfile.mkdtemp())))
pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1), dtype=np.uint8)
expected = network.predict(pictures.astype(np.float32), verbose=0)
np.testing.assert_allclose(Inference(network)(pictures, 4), expected, atol=1e-4)
off = np.abs(Inference(network, "bfloat16")(pictures, 4) - expected) / (1 + np.abs(expected))
assert 1e-4 < off.max() < 0.125, off.max()
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
