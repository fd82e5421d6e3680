"""Integrated gradients against what is known exactly: linear networks, and the sum over all pixels."""

import keras
import numpy as np
import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.explain import IntegratedGradients
from xraykit.model import backend
from xraykit.model.build import build_model

pytestmark = pytest.mark.slow


def _pictures(count=3, size=32):
    return np.random.default_rng(1).integers(0, 256, (count, size, size)).astype(np.uint8)


def _linear(weights):
    """Logits that are weighted sums of the pixels, a column of weights for each label."""
    size = int(len(weights) ** 0.5)
    pixels = keras.Input((size, size, 1), name="pixels")
    logits = keras.layers.Dense(weights.shape[1], name="logits")
    model = keras.Model(pixels, logits(keras.layers.Flatten()(pixels)))
    logits.set_weights([weights, np.array([5.0, -5.0])])
    return model


def test_in_a_linear_network_each_pixel_gets_its_weight_times_its_distance_from_mid_grey():
    weights = np.random.default_rng(0).normal(size=(16 * 16, 2)).astype(np.float32)
    pictures = _pictures(5, 16)
    given = IntegratedGradients(_linear(weights)).attributions(pictures, [0, 1, 1, 0, 1], batch_size=9)
    for picture, label, added in zip(pictures, [0, 1, 1, 0, 1], given):
        assert np.allclose(added, weights[:, label].reshape(16, 16) * (picture - 127.5), rtol=1e-4, atol=1e-3)


def test_where_the_slope_changes_evenly_on_the_way_few_points_are_exact():
    """Logits that are weighted sums of the squared pixels: a pixel adds its weight times x² less that of a baseline."""
    weights = np.random.default_rng(3).normal(size=(16 * 16, 1)).astype(np.float32)
    pixels = keras.Input((16, 16, 1), name="pixels")
    logits = keras.layers.Dense(1, use_bias=False)
    model = keras.Model(pixels, logits(keras.layers.Flatten()(keras.layers.Multiply()([pixels, pixels]))))
    logits.set_weights([weights])
    picture = _pictures(1, 16)
    added = IntegratedGradients(model, points=2).attributions(picture, [0])[0]
    assert np.allclose(added, weights.reshape(16, 16) * (picture[0].astype(float) ** 2 - 255**2 / 2), rtol=1e-3, atol=1)


def test_the_pixels_add_up_to_what_the_radiograph_changes_in_the_logit():
    experiment = load_experiment({"plugins": []}).with_values(
        {"model.backbone": "tiny", "data.image_size": 32, "data.labels": ["Mass", "Nodule", "Edema"]}
    )
    backend.prepare(experiment.training, 3)
    model, pictures = build_model(experiment), _pictures()
    black_white = np.stack([np.zeros((32, 32, 1)), np.full((32, 32, 1), 255.0)]).astype(np.float32)
    start = np.asarray(model(black_white, training=False)).mean(axis=0)
    end = np.asarray(model(pictures[..., None].astype(np.float32), training=False))
    many = IntegratedGradients(model, points=200)
    for label in range(3):
        added = many.attributions(pictures, [label] * 3).sum(axis=(1, 2))
        assert np.allclose(added, end[:, label] - start[label], atol=2e-3)


@pytest.mark.parametrize(("sign", "finding", "background"), [(1.0, 255, 60), (-1.0, 0, 200)])
def test_bright_and_black_findings_are_both_seen(sign, finding, background):
    """Black alone as a baseline would be blind to air."""
    model = _linear(np.full((32 * 32, 2), sign, np.float32))
    picture = np.full((32, 32), background, np.uint8)
    picture[20:28, 4:12] = finding
    heat = IntegratedGradients(model).heat_maps(picture[None], [0])[0]
    assert heat[20:28, 4:12].mean() > 0.7
    assert heat[:16].max() < 0.05
    assert heat.max() == 1


def test_each_radiograph_has_the_map_of_its_own_label_whatever_the_batch():
    weights = np.random.default_rng(2).normal(size=(16 * 16, 2)).astype(np.float32)
    method, pictures = IntegratedGradients(_linear(weights)), _pictures(5, 16)
    together = method.heat_maps(pictures, [0, 1, 1, 0, 1], batch_size=24)
    assert together.shape == (5, 16, 16)
    for index, label in enumerate([0, 1, 1, 0, 1]):
        assert np.allclose(together[index], method.heat_maps(pictures[[index]], [label], batch_size=1)[0], atol=1e-5)
