"""Layers kept for the next trial: it trains as in a process of its own, and nobody's model is taken from him."""

import gc
import weakref

import keras
import numpy as np
import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.errors import ModelError
from xraykit.model.build import FEATURE_MAP, backend, build_model, freeze_backbone
from xraykit.model.networks import Network, NetworkPool, Piece

pytestmark = pytest.mark.slow


def _experiment(**changes):
    values = {"model.backbone": "tiny", "data.image_size": 32, "data.labels": ["Mass", "Nodule"], **changes}
    return load_experiment({}).with_values(values)


def _build(**changes):
    experiment = _experiment(**changes)
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def _kernel(model):
    return model.get_layer("tiny_convolution_0").kernel


def _spoil(model):
    for variable in model.trainable_variables:
        variable.assign(variable + 1)
    freeze_backbone(model, frozen=True)


def test_a_later_model_of_the_same_structure_has_the_same_layers_as_new():
    model = _build(seed=11)
    layer, logits = weakref.ref(_kernel(model)), model.get_layer("logits")
    weights = model.get_weights()
    _spoil(model)
    del model
    again = _build(seed=11, **{"training.learning_rate": 0.5, "training.batch_size": 3})
    assert _kernel(again) is layer()
    assert again.get_layer("logits") is logits
    assert all(np.array_equal(new, old) for new, old in zip(again.get_weights(), weights, strict=True))
    assert len(again.trainable_variables) == len(again.get_layer("logits").weights) + 2 + 9


def test_a_model_that_somebody_holds_keeps_its_layers():
    model = _build(seed=11)
    _spoil(model)
    weights = model.get_weights()
    other = _build(seed=11)
    assert _kernel(other) is not _kernel(model)
    assert all(np.array_equal(new, old) for new, old in zip(model.get_weights(), weights, strict=True))


def test_another_head_sits_on_the_same_body_and_the_first_is_let_go():
    model = _build(seed=11)
    layer = weakref.ref(_kernel(model))
    head = weakref.ref(model.get_layer("dense_1"))
    del model
    other = _build(seed=11, **{"model.num_dense_layers": 2, "model.dense_neurons": [64, 128]})
    gc.collect()
    assert _kernel(other) is layer()
    assert head() is None
    assert [other.get_layer(f"dense_{number}").units for number in (1, 2)] == [64, 128]


def test_amounts_of_change_and_dropout_are_those_of_the_later_experiment():
    first = _build(seed=11, **{"model.dropout_rate": 0.5})
    layer = weakref.ref(_kernel(first))
    del first
    later = _build(seed=11, **{"model.dropout_rate": 0.25, "training.augmentation.rotation": 17.0})
    assert _kernel(later) is layer()
    assert later.get_layer("dropout_1").rate == 0.25
    assert later.get_layer("augmentation").rotation == 17.0
    del later
    assert _build(seed=11, **{"model.dropout_rate": 0.0}).get_layer("dropout_1").rate == 0


@pytest.mark.parametrize(
    "changes",
    [{"data.image_size": 48}, {"model.normalisation_momentum": 0.5}, {"training.precision": "mixed_bfloat16"}],
)
def test_another_structure_has_layers_of_its_own(changes):
    try:
        model = _build(seed=11)
        layer = _kernel(model)
        del model
        assert _kernel(_build(seed=11, **changes)) is not layer
    finally:
        keras.config.set_dtype_policy("float32")


def test_amounts_of_augmentation_are_those_of_the_experiment_and_not_of_the_trial_before():
    amounts = {"shift": 0.2, "gamma": 0.3, "noise": 4.0, "blur": 0.5, "cutout": 0.2, "crop": 0.1, "flip": True}
    before = _build(seed=11, **{f"training.augmentation.{name}": value for name, value in amounts.items()})
    assert {name: getattr(before.get_layer("augmentation"), name) for name in amounts} == amounts
    kernel = weakref.ref(_kernel(before))
    del before
    model = _build(seed=11)
    assert kernel() is None or kernel() is _kernel(model)
    layer, wanted = model.get_layer("augmentation"), dict(_experiment().training.augmentation)
    assert {name: getattr(layer, name) for name in wanted} == wanted


def test_weights_of_another_seed_are_taken_on_the_same_layers_and_those_of_a_file(tmp_path):
    fresh = _build(seed=12)
    expected = _kernel(fresh).numpy()
    path = tmp_path / "model.keras"
    fresh.save(path)
    model = _build(seed=11)
    layer = weakref.ref(_kernel(model))
    del model, fresh
    other = _build(seed=12)
    assert np.array_equal(_kernel(other), expected)
    assert _kernel(other) is layer() or layer() is None
    del other
    # A file decides the preprocessing too: its network is one of its own.
    warm = _build(seed=11, **{"model.weights": str(path)})
    assert np.array_equal(_kernel(warm), expected)


def test_a_file_of_weights_that_changed_is_read_again(tmp_path):
    path = tmp_path / "model.keras"
    _build(seed=21).save(path)
    first = _kernel(_build(seed=11, **{"model.weights": str(path)})).numpy()
    _build(seed=22).save(path)
    second = _kernel(_build(seed=11, **{"model.weights": str(path)})).numpy()
    assert not np.array_equal(first, second)


def test_a_reused_network_saves_loads_and_is_one_flat_graph(tmp_path):
    _build(seed=11)
    model = _build(seed=11)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded(pictures), model(pictures), atol=1e-6)
    assert type(loaded) is type(model)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.get_layer(FEATURE_MAP).output.shape == (None, 4, 4, 32)


def test_the_pool_keeps_the_networks_used_last():
    def piece():
        pixels = keras.Input((1,))
        return Piece(keras.Model(pixels, keras.layers.Dense(1)(pixels)), start=0)

    pool = NetworkPool(size=2)
    kept = {name: pool.take(name, 0, piece) for name in "ab"}
    assert pool.take("a", 0, piece) is kept["a"]
    pool.take("c", 0, piece)
    assert pool.take("a", 0, piece) is kept["a"]
    assert pool.take("b", 0, piece) is not kept["b"]


def test_a_network_without_a_head_says_so():
    pixels = keras.Input((1,))
    network = Network(Piece(keras.Model(pixels, keras.layers.Dense(1)(pixels)), start=0))
    with pytest.raises(ModelError, match="no head yet"):
        _ = network.head
