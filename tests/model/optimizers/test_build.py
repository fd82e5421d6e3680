"""Optimizers do what their recipe describes, in Keras' own terms."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from xraykit.model.optimizers import KINDS, OptimizerRecipe, build_optimizer

KERAS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": lambda rate, **settings: keras.optimizers.SGD(rate, momentum=0.9, **settings),
    "lion": keras.optimizers.Lion,
}


def _network():
    """Without normalisation, in which a large batch is the same as the mean of small ones."""
    pixels = keras.Input((4,))
    x = keras.layers.Dense(3, activation="tanh", name="first", kernel_initializer="ones")(pixels)
    return keras.Model(pixels, keras.layers.Dense(2, name="logits", kernel_initializer="ones")(x))


def _gradients(model, count):
    random = np.random.default_rng(0)
    return [
        [random.normal(size=variable.shape).astype(np.float32) for variable in model.trainable_variables]
        for _ in range(count)
    ]


def _after(model, optimizer, steps):
    optimizer.build(model.trainable_variables)
    for gradients in steps:
        optimizer.apply([keras.ops.convert_to_tensor(each) for each in gradients])
    return [np.asarray(variable) for variable in model.trainable_variables]


def _check_close(left, right):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", KERAS)
def test_a_plain_recipe_is_the_optimizer_of_keras(name):
    steps = _gradients(_network(), 3)
    mine, theirs = _network(), _network()
    found = _after(mine, build_optimizer(OptimizerRecipe(name, 0.01), mine), steps)
    expected = KERAS[name](0.01)
    expected.exclude_from_weight_decay(var_names=["bias"])
    _check_close(found, _after(theirs, expected, steps))


@pytest.mark.parametrize("name", KINDS)
def test_weight_decay_shrinks_kernels_by_the_rate(name):
    """A gradient of zero moves nothing by itself (SGD's momentum, Adam's moments and Lion's sign are zero too)."""
    model = _network()
    zeros = [[np.zeros(variable.shape, np.float32) for variable in model.trainable_variables]]
    for variable in model.trainable_variables:
        variable.assign(keras.ops.ones_like(variable))
    found = _after(model, build_optimizer(OptimizerRecipe(name, 0.5, weight_decay=0.1), model), zeros)
    for variable, values in zip(model.trainable_variables, found, strict=True):
        np.testing.assert_allclose(values, 1.0 if variable.name == "bias" else 0.95, rtol=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_accumulated_batches_count_as_one(name):
    steps = _gradients(_network(), 6)
    means = [[np.mean(each, axis=0) for each in zip(*steps[start : start + 3])] for start in (0, 3)]
    recipe = OptimizerRecipe(name, 0.01, weight_decay=0.1, clip_norm=0.5, average=0.9)
    whole, parts = _network(), _network()
    one, several = build_optimizer(recipe, whole), build_optimizer(replace(recipe, accumulation=3), parts)
    _check_close(_after(parts, several, steps), _after(whole, one, means))
    assert int(one.iterations) == int(several.iterations) == 2
    for model, optimizer in ((whole, one), (parts, several)):
        optimizer.finalize_variable_values(model.trainable_variables)
    _check_close(*([np.asarray(each) for each in model.trainable_variables] for model in (whole, parts)))


def test_weights_and_their_average_wait_for_the_whole_group():
    model = _network()
    before = [np.asarray(variable) for variable in model.trainable_variables]
    optimizer = build_optimizer(OptimizerRecipe("sgd", 0.5, accumulation=4, average=0.5), model)
    steps = _gradients(model, 4)
    _check_close(_after(model, optimizer, steps[:3]), before)
    optimizer.apply([keras.ops.convert_to_tensor(each) for each in steps[3]])
    assert not np.allclose(np.asarray(model.trainable_variables[0]), before[0])


def test_the_norm_is_that_of_all_gradients_together():
    steps = _gradients(_network(), 1)
    norm = np.sqrt(sum(np.sum(np.square(each)) for each in steps[0]))
    clipped = [[each * (0.25 / norm) for each in steps[0]]]
    mine, theirs = _network(), _network()
    found = _after(mine, build_optimizer(OptimizerRecipe("sgd", 1.0, clip_norm=0.25), mine), steps)
    _check_close(found, _after(theirs, build_optimizer(OptimizerRecipe("sgd", 1.0), theirs), clipped))


@pytest.mark.parametrize("name", KINDS)
def test_each_array_learns_and_decays_at_its_share_of_the_rate(name):
    steps = _gradients(_network(), 2)
    recipe = OptimizerRecipe(name, 0.1, weight_decay=0.2)
    mixed, full, half = _network(), _network(), _network()
    shares = (0.5, 0.5, 1.0, 1.0)
    found = _after(mixed, build_optimizer(replace(recipe, shares=shares), mixed), steps)
    at_full = _after(full, build_optimizer(recipe, full), steps)
    at_half = _after(half, build_optimizer(replace(recipe, rate=0.05), half), steps)
    _check_close(found, [*at_half[:2], *at_full[2:]])
    assert not np.allclose(at_half[0], at_full[0])


def test_the_average_starts_at_the_first_weights_and_follows_them():
    model = _network()
    steps = _gradients(model, 3)
    optimizer = build_optimizer(OptimizerRecipe("sgd", 0.1, average=0.75), model)
    seen = [_after(model, optimizer, steps[:1])]
    for gradients in steps[1:]:
        optimizer.apply([keras.ops.convert_to_tensor(each) for each in gradients])
        seen.append([np.asarray(variable) for variable in model.trainable_variables])
    optimizer.finalize_variable_values(model.trainable_variables)
    expected = [0.75 * (0.75 * a + 0.25 * b) + 0.25 * c for a, b, c in zip(*seen)]
    _check_close([np.asarray(variable) for variable in model.trainable_variables], expected)
