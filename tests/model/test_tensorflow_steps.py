"""Steps in pieces do what Keras' own step does, for every optimizer, precision and frozen layer."""

from dataclasses import replace

import keras
import numpy as np
import pytest

tensorflow = pytest.importorskip("tensorflow")

from tests import tiny_backbone  # noqa: F401, E402
from xraykit.config import load_experiment  # noqa: E402
from xraykit.model.build import (  # noqa: E402
    backend,
    build_model,
    freeze_backbone,
)
from xraykit.model.losses import WeightedBinaryCrossentropy  # noqa: E402
from xraykit.model.optimizers import KINDS, OptimizerRecipe, build_optimizer  # noqa: E402
from xraykit.model.tensorflow.fused import can_be_fused, normalise  # noqa: E402
from xraykit.model.tensorflow.steps import in_pieces  # noqa: E402
from xraykit.registry import register_backbone  # noqa: E402

pytestmark = pytest.mark.slow

STILL = {f"training.augmentation.{key}": 0.0 for key in ("shift", "rotation", "zoom", "contrast")}


@register_backbone("penalised", min_size=16)
def penalised(pixels, weights=None):
    """With all that a plug-in may bring: regularisation, normalisation without a scale or frozen, two inputs to add."""
    from keras import layers, regularizers

    penalty = regularizers.L2(0.05)
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(8, 3, strides=2, kernel_regularizer=penalty, activity_regularizer=regularizers.L2(1e-3))(x)
    y = layers.BatchNormalization(scale=False)(x)
    z = layers.BatchNormalization(center=False, trainable=False)(x)
    return layers.ReLU()(layers.Add()([y, z]))


def _experiment(**changes):
    values = {"model.backbone": "tiny", "data.image_size": 32, "data.labels": ["Mass", "Nodule"], **changes}
    return load_experiment({}).with_values(values)


def _build(**changes):
    experiment = _experiment(**{"model.dropout_rate": 0.0, **STILL, **changes})
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def _data(count=20):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, 32, 32, 1)).astype(np.float32)
    targets = (random.random((count, 2)) < 0.4).astype(np.float32)
    targets[3, 0] = np.nan
    targets[4:7, 1] = 0.7  # soft, as from readers who disagree
    return pixels, targets


def _loss():
    return WeightedBinaryCrossentropy([0.8, 0.7], [0.2, 0.3])


def _fit(model, optimizer, epochs=2, **settings):
    model.compile(optimizer=optimizer, loss=_loss(), jit_compile=False, **settings)
    return model.fit(*_data(), batch_size=8, epochs=epochs, shuffle=False, verbose=0).history["loss"]


def _both(recipe, frozen=None, epochs=2, **changes):
    """Losses and weights after Keras' own step, and after steps in pieces, from the same start."""
    recipe = recipe if isinstance(recipe, OptimizerRecipe) else OptimizerRecipe(recipe, 1e-3)
    plain, model = _build(**changes), _build(**changes)
    if frozen is not None:
        freeze_backbone(plain, frozen)
        freeze_backbone(model, frozen)
    losses = _fit(plain, build_optimizer(recipe, plain), epochs)
    pieces = in_pieces(model)
    return (losses, plain), (_fit(pieces, pieces.optimizer_for(recipe), epochs, run_eagerly=True), model)


def _check_equal(theirs, mine, atol=2e-4):
    assert mine[0] == pytest.approx(theirs[0], rel=1e-3)
    for left, right in zip(theirs[1].variables, mine[1].variables, strict=True):
        assert np.allclose(left.numpy(), right.numpy(), atol=atol), left.path


@pytest.mark.parametrize("name", KINDS)
def test_losses_and_weights_are_those_of_keras(name):
    _check_equal(*_both(name))


@pytest.mark.parametrize("name", KINDS)
def test_decay_clipping_accumulation_and_average_are_those_of_keras(name):
    """20 pictures in batches of 8 for 4 epochs are 12 batches: the third and fourth epoch begin inside a group."""
    recipe = OptimizerRecipe(name, 3e-3, weight_decay=0.1, clip_norm=0.05, accumulation=5, average=0.8)
    theirs, mine = _both(recipe, epochs=4)
    _check_equal(theirs, mine)


def test_regularisation_counts_and_what_is_frozen_stays():
    theirs, mine = _both("adam", **{"model.backbone": "penalised"})
    _check_equal(theirs, mine)
    assert mine[0][0] > _both("adam")[1][0][0]


@pytest.mark.parametrize("frozen", [True, False])
def test_freezing_is_heeded(frozen):
    theirs, mine = _both("adam", frozen)
    _check_equal(theirs, mine)
    start = _build().get_layer("tiny_convolution_0").get_weights()[0]
    assert np.array_equal(mine[1].get_layer("tiny_convolution_0").get_weights()[0], start) is frozen


def test_half_precision_scales_the_loss():
    try:
        theirs, mine = _both("sgd", **{"training.precision": "mixed_float16"})
        assert mine[0] == pytest.approx(theirs[0], rel=0.02)
    finally:
        keras.config.set_dtype_policy("float32")


def test_predictions_are_those_of_the_plain_model_in_batches_of_any_size():
    model = _build(**{"model.dropout_rate": 0.5, "training.augmentation.rotation": 10.0})
    pieces = in_pieces(model)
    _fit(pieces, pieces.optimizer_for(OptimizerRecipe("adam", 1e-2)), run_eagerly=True)
    pixels, _ = _data()
    expected = np.asarray(model(pixels, training=False))
    for size in (1, 7, 32):
        assert np.allclose(pieces.predict(pixels, batch_size=size, verbose=0), expected, atol=1e-5)


def test_the_model_itself_stays_plain_and_shares_the_weights(tmp_path):
    model = _build()
    pieces = in_pieces(model)
    _fit(pieces, pieces.optimizer_for(OptimizerRecipe("adam", 1e-2)), run_eagerly=True)
    assert not model.compiled
    assert [variable.path for variable in pieces.weights] == [variable.path for variable in model.weights]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded(_data()[0]), model(_data()[0]), atol=1e-6)
    again = in_pieces(loaded)
    assert np.isfinite(_fit(again, again.optimizer_for(OptimizerRecipe("adam", 1e-3)), run_eagerly=True)).all()


def test_nothing_of_the_body_is_traced_again_for_another_trial():
    calls = []

    @register_backbone("counted", min_size=16)
    def counted(pixels, weights=None):
        @keras.saving.register_keras_serializable(package="tests")
        class Counting(keras.layers.Conv2D):
            def call(self, inputs):
                if not isinstance(inputs, keras.KerasTensor):
                    calls.append(self.name)
                return super().call(inputs)

        return Counting(4, 3)(pixels)

    def trial(**changes):
        pieces = in_pieces(_build(**{"model.backbone": "counted", **changes}))
        _fit(pieces, pieces.optimizer_for(OptimizerRecipe("adam", 1e-3)), run_eagerly=True)
        pieces.predict(_data(9)[0], verbose=0)

    trial()
    first = len(calls)
    trial(**{"training.learning_rate": 0.5, "model.dropout_rate": 0.5})
    trial(**{"model.dense_neurons": 64, "training.augmentation.rotation": 5.0})
    assert len(calls) == first > 0


RECIPE = OptimizerRecipe("adam", 1e-2, weight_decay=0.1, clip_norm=0.5, accumulation=2, average=0.9)


@pytest.mark.parametrize("name", KINDS)
def test_an_optimizer_of_an_earlier_trial_is_equal_to_a_new_one(name):
    recipe = replace(RECIPE, name=name)

    def trial(model, optimizer=None):
        pieces = in_pieces(model)
        optimizer = pieces.optimizer_for(recipe) if optimizer is None else optimizer
        losses = _fit(pieces, optimizer, run_eagerly=True)
        return optimizer, losses, [np.asarray(each) for each in (*model.variables, *optimizer.variables)]

    first, *new = trial(_build())
    # 3 batches for 2 epochs, 2 for each update.
    assert int(first.iterations) == 3
    again, *reused = trial(_build())
    assert again is first
    assert reused[0] == new[0]
    for left, right in zip(reused[1], new[1], strict=True):
        assert np.array_equal(left, right)


def test_the_rate_of_an_earlier_optimizer_is_set():
    pieces = in_pieces(_build())
    first = pieces.optimizer_for(RECIPE)
    again = pieces.optimizer_for(replace(RECIPE, rate=0.25))
    assert again is first
    assert float(again.learning_rate) == 0.25


@pytest.mark.parametrize(
    "change",
    [
        {"weight_decay": 0.2},
        {"clip_norm": None},
        {"accumulation": 3},
        {"average": None},
        {"name": "lion"},
        {"shares": (0.5,) * 13},
    ],
)
def test_another_recipe_gets_another_optimizer(change):
    pieces = in_pieces(_build())
    assert len(pieces.trainable_variables) == 13
    assert pieces.optimizer_for(replace(RECIPE, **change)) is not pieces.optimizer_for(RECIPE)


def test_few_optimizers_are_kept():
    """Each has arrays as large as the network: a search over weight decay must not keep those of every trial."""
    import gc
    import weakref

    pieces = in_pieces(_build())
    optimizers = [weakref.ref(pieces.optimizer_for(replace(RECIPE, weight_decay=n / 100))) for n in range(5)]
    gc.collect()
    assert sum(optimizer() is not None for optimizer in optimizers) == 1


@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"center": False}, {"momentum": 0.5, "epsilon": 0.1}])
def test_fused_normalisation_is_that_of_keras(settings):
    features = np.random.default_rng(0).normal(3, 2, (5, 4, 3, 6)).astype(np.float32)
    plain, fused = (keras.layers.BatchNormalization(**settings) for _ in range(2))
    for layer in (plain, fused):
        layer.build((None, 4, 3, 6))
    assert can_be_fused(fused)
    assert np.allclose(normalise(fused, features), plain(features, training=True), atol=1e-5)
    for left, right in zip(plain.variables, fused.variables, strict=True):
        assert np.allclose(left.numpy(), right.numpy(), atol=1e-5)


def test_what_is_not_plain_normalisation_is_left_to_keras():
    class Own(keras.layers.BatchNormalization):
        pass

    others = [Own(), keras.layers.BatchNormalization(axis=1), keras.layers.BatchNormalization(trainable=False)]
    for layer in others:
        layer.build((None, 4, 4, 4))
        assert not can_be_fused(layer)
    flat = keras.layers.BatchNormalization()
    flat.build((None, 4))
    assert not can_be_fused(flat)


def test_the_graph_optimizer_comes_back_afterwards():
    options = tensorflow.config.optimizer.get_experimental_options
    before = options().get("disable_meta_optimizer", False)
    with backend.light_graphs():
        inside = options()["disable_meta_optimizer"]
    assert inside is not bool(tensorflow.config.list_physical_devices("GPU"))
    assert options()["disable_meta_optimizer"] is before


@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("one_call", [True, False])
def test_bytes_and_floats_in_one_call_or_several_train_the_same(kind, one_call):
    expected, _ = _both("adam")
    model = _build()
    pieces = in_pieces(model, one_call=one_call)
    pieces.compile(pieces.optimizer_for(OptimizerRecipe("adam", 1e-3)), _loss(), run_eagerly=True)
    pixels, targets = _data()
    fitted = pieces.fit(pixels.astype(kind), targets, batch_size=8, epochs=2, shuffle=False, verbose=0)
    _check_equal(expected, (fitted.history["loss"], model))
