"""Muon on kernels of convolutions, and Adam on the rest."""

import keras
import numpy as np

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.model import build_model
from xraykit.model.optimizers import OptimizerRecipe, build_optimizer
from xraykit.model.optimizers.muon import kernels_of_muon


def test_the_first_convolution_the_last_layer_and_what_is_no_kernel_are_left_to_adam():
    values = {"model.backbone": "tiny", "model.dense_neurons": 64, "data.image_size": 32, "data.labels": ["Mass"]}
    model = build_model(load_experiment({}).with_values(values))
    kernels = kernels_of_muon(model)
    assert kernels == {"tiny_convolution_1/kernel", "tiny_convolution_2/kernel", "dense_1/kernel"}
    optimizer = build_optimizer(OptimizerRecipe("muon", 0.01), model)
    optimizer.build(model.trainable_variables)
    velocities = [variable.name for variable in optimizer.variables if variable.name.endswith("velocity")]
    assert len(velocities) == len(model.trainable_variables) - len(kernels)


def test_depthwise_and_grouped_convolutions_are_many_small_matrices_and_left_to_adam():
    pixels = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(4, 3, name="first")(pixels)
    x = keras.layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = keras.layers.Conv2D(4, 1, groups=2, name="grouped")(x)
    x = keras.layers.Conv2D(4, 1, name="whole")(x)
    model = keras.Model(pixels, keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(x)))
    assert kernels_of_muon(model) == {"whole/kernel"}


def test_the_update_of_a_kernel_is_nearly_orthogonal_at_the_scale_of_adam():
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, name="first")(pixels)
    x = keras.layers.Conv2D(5, 3, name="second")(x)
    model = keras.Model(pixels, keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(x)))
    optimizer = build_optimizer(OptimizerRecipe("muon", 1.0, weight_decay=0.0), model)
    optimizer.build(model.trainable_variables)
    before = model.get_layer("second").get_weights()[0]
    random = np.random.default_rng(0)
    gradients = [random.normal(size=each.shape).astype(np.float32) for each in model.trainable_variables]
    optimizer.apply([keras.ops.convert_to_tensor(each) for each in gradients])
    update = (before - model.get_layer("second").get_weights()[0]).reshape(-1, 5) / (0.2 * np.sqrt(54))
    # Newton and Schulz' five steps bring singular values near 1 only (Jordan et al.: 0.7 to 1.2).
    singular = np.linalg.svd(update, compute_uv=False)
    assert (singular > 0.6).all()
    assert (singular < 1.3).all()
    gradient = gradients[2].reshape(-1, 5)
    assert np.sum(update * gradient) > 0.9 * np.linalg.svd(gradient, compute_uv=False).sum()
