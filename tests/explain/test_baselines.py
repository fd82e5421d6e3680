"""The baselines of heat maps, and that a model with evidence in the right region differs from them."""

import random

import keras
import numpy as np
import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.evaluation import localisation_metrics
from xraykit.explain import GradCam, centre_prior, map_state, random_twin, saliency_methods
from xraykit.model.build import FEATURE_MAP, backend, build_model

pytestmark = pytest.mark.slow


def test_the_centre_prior_is_the_same_from_all_sides_and_highest_in_the_middle():
    for size in (32, 33):
        prior = centre_prior(size)
        assert (prior.shape, prior.dtype) == ((size, size), np.float32)
        assert prior.max() == prior[size // 2, size // 2] == 1
        assert np.allclose(prior, prior.T)
        assert np.allclose(prior, prior[::-1])
        assert 0.24 < (prior >= 0.5).mean() < 0.3
    assert np.isclose(centre_prior(401)[200, 300], np.exp(-0.5 * (100 / 100.25) ** 2), atol=1e-6)


@pytest.fixture
def tiny_model():
    experiment = load_experiment({"plugins": []}).with_values(
        {
            "model.backbone": "tiny",
            "data.image_size": 32,
            "model.dropout_rate": 0.3,
            "training.augmentation.rotation": 5.0,
        }
    )
    backend.prepare(experiment.training, 3)
    return build_model(experiment)


def test_a_random_twin_has_the_layers_of_the_model_and_none_of_its_weights(tiny_model):
    twin = random_twin(tiny_model, seed=1)
    assert [layer.name for layer in twin.layers] == [layer.name for layer in tiny_model.layers]
    kernels = 0
    for mine, theirs in zip(tiny_model.layers, twin.layers):
        assert mine is not theirs
        for one, other in zip(mine.weights, theirs.weights):
            assert one is not other
            assert one.shape == other.shape
            if one.name == "kernel":
                kernels += 1
                assert not np.allclose(one, other)
    assert kernels >= 5


class _Drawing(keras.layers.Flatten):
    """Of a plug-in that draws what it is made with, as Keras' own layers without a seed do."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.drawn = keras.random.SeedGenerator(), np.random.uniform()


def test_making_a_twin_leaves_the_model_and_the_random_numbers_as_they_were(tiny_model):
    weights = [np.array(weight) for weight in tiny_model.get_weights()]
    pixels = keras.Input((8, 8, 1))
    unseeded = keras.Model(pixels, keras.layers.Dense(2)(_Drawing()(pixels)))
    states = random.getstate(), str(np.random.get_state())
    random_twin(tiny_model, seed=1)
    random_twin(unseeded, seed=1)
    assert (random.getstate(), str(np.random.get_state())) == states
    assert all(np.array_equal(one, other) for one, other in zip(weights, tiny_model.get_weights()))


def test_a_seed_decides_the_twin(tiny_model):
    first, again, other = (random_twin(tiny_model, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(*pair) for pair in zip(first, again))
    assert not all(np.array_equal(*pair) for pair in zip(first, other))


def test_a_compiled_model_has_a_twin_too(tiny_model):
    tiny_model.compile(keras.optimizers.Adam(), keras.losses.BinaryCrossentropy(from_logits=True))
    assert GradCam(random_twin(tiny_model, 0)).heat_maps(np.zeros((1, 32, 32)), [0]).shape == (1, 32, 32)


def _stripes(upright, size=8):
    return np.tile([255, 0], (size, size // 2)) if upright else np.tile([[255], [0]], (size // 2, size))


def _striped_radiographs(count):
    """Upright stripes, the finding, and level ones, which are none: each in a corner of its own, somewhere."""
    generator = np.random.default_rng(4)
    pictures, boxes = np.zeros((count, 32, 32), np.uint8), []
    for picture in pictures:
        corners = generator.permutation([(0, 0), (0, 20), (20, 0), (20, 20)])[:2]
        for upright, corner in zip([True, False], corners):
            row, column = corner + generator.integers(0, 3, 2) * 2
            picture[row : row + 8, column : column + 8] = _stripes(upright)
            if upright:
                boxes.append([(column / 32, row / 32, 8 / 32, 8 / 32)])
    return pictures, boxes


def _sees_upright_stripes():
    pixels = keras.Input((32, 32, 1), name="pixels")
    edges = keras.layers.Conv2D(2, 2, padding="same", activation="relu", name="edges")
    features = keras.layers.AveragePooling2D(4, name=FEATURE_MAP)(edges(pixels))
    logits = keras.layers.Dense(1, name="logits")
    model = keras.Model(pixels, logits(keras.layers.GlobalAveragePooling2D()(features)))
    upright = np.array([[1, -1], [1, -1]], np.float32)
    edges.set_weights([np.stack([upright, -upright], axis=-1)[:, :, None], np.full(2, -300, np.float32)])
    logits.set_weights([np.ones((2, 1), np.float32), np.zeros(1, np.float32)])
    return model


def test_a_model_that_looks_at_the_finding_is_reported_from_baselines_that_do_not():
    pictures, boxes = _striped_radiographs(30)
    model, labels = _sees_upright_stripes(), [0] * 30
    maps = {name: method.heat_maps(pictures, labels) for name, method in saliency_methods(model).items()}
    assert list(maps) == ["grad_cam", "integrated_gradients"]
    twins = [f"random_weights {seed}" for seed in range(4)]
    for seed, name in enumerate(twins):
        maps[name] = GradCam(random_twin(model, seed)).heat_maps(pictures, labels)
    maps["centre_prior"] = np.broadcast_to(centre_prior(32), (30, 32, 32))
    names = [f"{number}.png" for number in range(30)]
    figures = localisation_metrics(maps, boxes, ["Mass"] * 30, names, names)["methods"]
    scores = {name: figure["labels"]["Mass"] for name, figure in figures.items()}
    for method in ("grad_cam", "integrated_gradients"):
        assert scores[method]["pointing_game"] == 1
        assert scores[method]["iou"] > 0.5
        assert scores[method]["iou_interval"][0] > scores["centre_prior"]["iou_interval"][1]
        assert scores[method]["boxes_hit"] == 1
        assert scores[method]["pointing_game_interval"][0] > np.mean([scores[name]["pointing_game"] for name in twins])
        assert scores[method]["iou_interval"][0] > np.mean([scores[name]["iou"] for name in twins])
    assert scores["centre_prior"]["pointing_game"] == 0


def test_the_state_of_a_map_says_whether_it_shows_a_place():
    assert map_state(np.zeros((4, 4))) == "empty"
    assert map_state(np.full((4, 4), 0.3)) == "flat"
    almost = np.full((4, 4), 1, np.float32)
    almost[0, 0] = np.nextafter(np.float32(1), np.float32(0))
    assert map_state(almost) == "flat"
    assert map_state(centre_prior(4)) == "ok"
