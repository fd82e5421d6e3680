"""Grad-CAM against finite differences, and where it looks on a picture with a known answer."""

import keras
import numpy as np
import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.errors import ModelError
from xraykit.explain import GradCam, grad_cam
from xraykit.model.build import FEATURE_MAP, backend, build_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    experiment = load_experiment({"plugins": []}).with_values(
        {"model.backbone": "tiny", "data.image_size": 32, "data.labels": ["Mass", "Nodule", "Edema"]}
    )
    backend.prepare(experiment.training, 3)
    return build_model(experiment)


def _pictures(count=3):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32)).astype(np.uint8)


def test_it_is_what_the_paper_says(model):
    """Against the chain rule written out in float64 for pooling, one dense layer with ReLU, and the logits."""
    pictures = _pictures()
    body = keras.Model(model.input, model.get_layer(FEATURE_MAP).output)
    features = np.asarray(body(pictures[..., None].astype(np.float32), training=False)).astype(np.float64)
    first, bias = (weight.astype(np.float64) for weight in model.get_layer("dense_1").get_weights())
    last = model.get_layer("logits").get_weights()[0].astype(np.float64)
    active = features.mean(axis=(1, 2)) @ first + bias > 0
    for label in range(3):
        maps = GradCam(model, FEATURE_MAP).heat_maps(pictures, [label] * 3)
        for case in range(3):
            weights = first @ (active[case] * last[:, label])
            expected = np.maximum((features[case] * weights).sum(axis=-1), 0)
            resized = np.asarray(keras.ops.image.resize(expected[..., None].astype(np.float32), (32, 32)))[..., 0]
            assert np.allclose(maps[case], resized / max(resized.max(), 1e-12), atol=1e-3)


def test_each_radiograph_has_the_map_of_its_own_label_whatever_the_batch(model):
    pictures = _pictures(5)
    labels = [0, 2, 1, 1, 0]
    together = GradCam(model).heat_maps(pictures, labels, batch_size=2)
    for index, label in enumerate(labels):
        assert np.allclose(together[index], grad_cam(model, pictures[index], label), atol=1e-4)


def test_a_radiograph_with_several_labels_goes_through_the_backbone_once(model, monkeypatch):
    pictures, method, seen = _pictures(3), GradCam(model), []
    features = method._features
    monkeypatch.setattr(method, "_features", lambda batch: seen.append(len(batch)) or features(batch))
    together = method.heat_maps(pictures[[0, 0, 0, 1, 2, 2, 0]], [0, 1, 2, 1, 0, 2, 1])
    assert seen == [4]
    alone = [grad_cam(model, pictures[at], label) for at, label in zip([0, 0, 0, 1, 2, 2, 0], [0, 1, 2, 1, 0, 2, 1])]
    assert np.allclose(together, alone, atol=1e-4)


def test_maps_stay_the_same_when_the_network_is_traced_after_some_calls(model):
    pictures, labels, method = _pictures(7), [0, 1, 2, 0, 1, 2, 0], GradCam(model)
    maps = [method.heat_maps(pictures, labels, batch_size=1) for _ in range(2)]
    assert np.allclose(maps[0], maps[1], atol=1e-4)
    assert np.allclose(maps[0], method.heat_maps(pictures, labels, batch_size=3), atol=1e-4)


def test_it_follows_the_weights_that_the_model_has_now(model):
    method, picture = GradCam(model), _pictures(1)
    before = [method.heat_maps(picture, [0]) for _ in range(6)][-1]
    logits = model.get_layer("logits")
    kernel, bias = logits.get_weights()
    logits.set_weights([-kernel, bias])
    after = method.heat_maps(picture, [0])
    logits.set_weights([kernel, bias])
    assert not np.allclose(before, after, atol=1e-2)


def test_it_looks_where_the_evidence_is():
    """A network whose logit is the brightness of a place must look at the bright place."""
    pixels = keras.Input((32, 32, 1), name="pixels")
    features = keras.layers.AveragePooling2D(4, name=FEATURE_MAP)(pixels)
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    model = keras.Model(pixels, keras.layers.Dense(1, kernel_initializer="ones")(pooled))
    picture = np.zeros((32, 32), np.uint8)
    picture[20:28, 4:12] = 255
    heat = grad_cam(model, picture, 0)
    assert heat[20:28, 4:12].mean() > 0.7
    assert heat[:16].max() < 0.05
    assert heat.max() == 1


def test_a_map_with_nothing_for_the_label_is_zero_not_noise():
    pixels = keras.Input((16, 16, 1), name="pixels")
    features = keras.layers.AveragePooling2D(4, name=FEATURE_MAP)(pixels)
    against = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(-1.0))
    model = keras.Model(pixels, against(keras.layers.GlobalAveragePooling2D()(features)))
    heat = grad_cam(model, np.full((16, 16), 90, np.uint8), 0)
    assert (heat == 0).all()


def test_what_does_not_fit_is_reported(model):
    with pytest.raises(ModelError, match="from 0 to 2"):
        grad_cam(model, _pictures(1)[0], 3)
    with pytest.raises(ModelError, match=r"from 0 to 2. Received: \[0.5\]"):
        GradCam(model).heat_maps(_pictures(2), [1, 0.5])
    with pytest.raises(ModelError, match=r"Expected pictures \(1, 32, 32\)"):
        grad_cam(model, np.zeros((16, 16)), 0)
    with pytest.raises(ModelError, match="feature_map"):
        GradCam(keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()]))
    assert GradCam(model).heat_maps(np.zeros((0, 32, 32)), []).shape == (0, 32, 32)


@pytest.mark.parametrize(
    ("backbone", "size", "layer", "cells"),
    [
        ("densenet121", 224, FEATURE_MAP, 7),
        ("densenet121", 64, "pool3_conv", 8),
        ("mobilenet_v3_small", 224, FEATURE_MAP, 7),
        ("tiny", 64, FEATURE_MAP, 8),
    ],
)
def test_the_map_is_taken_where_it_still_has_detail(backbone, size, layer, cells):
    experiment = load_experiment({}).with_values({"model.backbone": backbone, "data.image_size": size})
    backend.prepare(experiment.training, 3)
    cam = GradCam(build_model(experiment))
    assert (cam.layer, cam.cells) == (layer, cells)


def test_a_padded_map_is_not_taken_as_its_cells_lie_elsewhere():
    pixels = keras.Input((32, 32, 1), name="pixels")
    first = keras.layers.Conv2D(4, 4, strides=4, name="first")(pixels)
    padded = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name="padded")(first)
    small = keras.layers.Conv2D(4, 3, strides=2, name=FEATURE_MAP)(padded)
    cam = GradCam(keras.Model(pixels, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(small))))
    assert (cam.layer, cam.cells) == ("first", 8)


def test_a_network_that_has_diverged_gives_no_map():
    pixels = keras.Input((16, 16, 1), name="pixels")
    features = keras.layers.AveragePooling2D(4, name=FEATURE_MAP)(pixels)
    broken = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(np.nan))
    model = keras.Model(pixels, broken(keras.layers.GlobalAveragePooling2D()(features)))
    with pytest.raises(ModelError, match="diverged"):
        grad_cam(model, np.full((16, 16), 90, np.uint8), 0)


def test_a_layer_that_something_leads_around_is_not_taken():
    """A residual connection: what passes through the convolutions alone is not all there is."""
    pixels = keras.Input((32, 32, 1), name="pixels")
    first = keras.layers.Conv2D(4, 3, padding="same", strides=2, name="first")(pixels)
    around = keras.layers.Conv2D(4, 3, padding="same", name="around")(first)
    summed = keras.layers.Add(name="sum")([first, around])
    small = keras.layers.Conv2D(4, 3, strides=4, name=FEATURE_MAP)(summed)
    model = keras.Model(pixels, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(small)))
    assert GradCam(model).layer == "sum"
