"""The network: one flat graph from pixels 0-255 to logits, whatever the backbone."""

import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.errors import ExperimentError, ModelError
from xraykit.model.build import FEATURE_MAP, backbone_layers, backend, build_model, freeze_backbone
from xraykit.registry import BACKBONES, Backbone, register_backbone
from xraykit.testing import check_backbone

pytestmark = pytest.mark.slow


def _model(**changes):
    values = {"model.backbone": "tiny", "data.image_size": 32, "data.labels": ["Mass", "Nodule", "Edema"], **changes}
    experiment = load_experiment({}).with_values(values)
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def _pictures(count=4, size=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 1)).astype(np.float32)


@pytest.mark.parametrize("name", [*BACKBONES.builtins, "tiny"])
def test_every_backbone_keeps_the_contract(name):
    check_backbone(name)


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v3_small", "inception_resnet_v2"])
def test_each_backbone_sees_pixels_as_its_weights_expect_them(name):
    """Against keras.applications' own preprocessing, applied outside the graph."""
    size = BACKBONES.get(name).min_size
    model = _model(**{"model.backbone": name, "data.image_size": size})
    pictures = _pictures(2, size)
    features = np.asarray(keras.Model(model.inputs, model.get_layer(FEATURE_MAP).output)(pictures, training=False))
    builder, rules = {
        "densenet121": (keras.applications.DenseNet121, keras.applications.densenet),
        "mobilenet_v3_small": (keras.applications.MobileNetV3Small, keras.applications.mobilenet_v3),
        "inception_resnet_v2": (keras.applications.InceptionResNetV2, keras.applications.inception_resnet_v2),
    }[name]
    reference = builder(include_top=False, weights=None, input_shape=(size, size, 3))
    # By position: Keras numbers layers anew for every model of a process.
    theirs = [layer for layer in reference.layers if layer.weights]
    for layer, trained in zip(theirs, backbone_layers(model), strict=True):
        layer.set_weights(trained.get_weights())
    expected = np.asarray(reference(rules.preprocess_input(np.repeat(pictures, 3, axis=-1)), training=False))
    assert np.allclose(features, expected, atol=1e-4)


def test_the_head_has_the_layers_asked_for():
    model = _model(**{"model.num_dense_layers": 3, "model.dense_neurons": [64, 128, 512], "model.dropout_rate": 0.5})
    assert [model.get_layer(f"dense_{n}").units for n in (1, 2, 3)] == [64, 128, 512]
    assert [model.get_layer(f"dropout_{n}").rate for n in (1, 2, 3)] == [0.5] * 3
    assert model.output_shape == (None, 3)


def test_normalisation_has_the_momentum_asked_for_and_keeps_it_when_saved(tmp_path):
    model = _model(**{"model.normalisation_momentum": 0.8})
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert {loaded.get_layer(f"tiny_normalisation_{number}").momentum for number in range(3)} == {0.8}
    assert _model().get_layer("tiny_normalisation_0").momentum == 0.9


def test_augmentation_changes_training_pictures_only():
    model = _model()
    augment = model.get_layer("augmentation")
    pictures = _pictures()
    assert np.array_equal(augment(pictures), pictures)
    assert np.array_equal(model(pictures), model(pictures, training=False))
    changed = np.asarray(augment(pictures, training=True))
    assert not np.allclose(changed, pictures)
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_left_and_right_are_not_flipped_unless_asked():
    marked = np.zeros((64, 32, 32, 1), np.float32)
    marked[:, :, :8] = 255
    still = _model(**{f"training.augmentation.{key}": 0.0 for key in ("shift", "rotation", "zoom", "contrast")})
    assert np.array_equal(still.get_layer("augmentation")(marked, training=True), marked)
    left = np.asarray(_model().get_layer("augmentation")(marked, training=True))[:, 16, :4, 0].mean(axis=1)
    assert (left > 100).all()
    flipped = _model(**{"training.augmentation.flip": True}).get_layer("augmentation")
    left = np.asarray(flipped(marked, training=True))[:, 16, :4, 0].mean(axis=1)
    assert 0 < (left < 100).sum() < 64


def test_logits_stay_float32_in_mixed_precision():
    try:
        model = _model(**{"training.precision": "mixed_bfloat16"})
        assert model.get_layer("tiny_convolution_0").compute_dtype == "bfloat16"
        assert model.get_layer("augmentation").compute_dtype == "float32"
        assert keras.backend.standardize_dtype(model(_pictures()).dtype) == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_one_seed_gives_one_network_and_another_seed_another():
    first, second, other = _model(), _model(), _model(seed=8)
    pictures = _pictures()
    assert np.array_equal(first(pictures), second(pictures))
    assert not np.allclose(first(pictures), other(pictures))


def test_a_frozen_backbone_does_not_learn_and_normalisation_never_does():
    model = _model()
    freeze_backbone(model, frozen=True)
    assert not any(layer.trainable for layer in backbone_layers(model))
    assert model.get_layer("dense_1").trainable
    freeze_backbone(model, frozen=False)
    learning = [type(layer).__name__ for layer in backbone_layers(model) if layer.trainable]
    assert learning == ["Conv2D"] * 3


def test_weights_of_an_earlier_model_are_taken_over(tmp_path):
    source = _model(seed=99)
    source.save(tmp_path / "model.keras")
    model = _model(**{"model.weights": str(tmp_path / "model.keras")})
    for mine, theirs in zip(backbone_layers(model), backbone_layers(source)):
        for left, right in zip(mine.get_weights(), theirs.get_weights()):
            assert np.array_equal(left, right)
    assert not np.allclose(model.get_layer("dense_1").get_weights()[0], source.get_layer("dense_1").get_weights()[0])


def test_weights_of_a_keras_backbone_file_are_loaded(tmp_path):
    reference = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(32, 32, 3))
    reference.save_weights(tmp_path / "mobilenet.weights.h5")
    model = _model(**{"model.backbone": "mobilenet_v3_small", "model.weights": str(tmp_path / "mobilenet.weights.h5")})
    for layer in reference.layers:
        for left, right in zip(layer.get_weights(), model.get_layer(layer.name).get_weights() if layer.weights else []):
            assert np.array_equal(left, right)


def test_weights_of_another_backbone_are_refused(tmp_path):
    _model(**{"model.backbone": "mobilenet_v3_small"}).save(tmp_path / "model.keras")
    with pytest.raises(ExperimentError, match="contains the network 'mobilenet_v3_small' instead of 'tiny'"):
        _model(**{"model.weights": str(tmp_path / "model.keras")})


def test_a_file_whose_damage_is_deeper_inside_is_reported_when_the_network_is_built(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", '{"config": {"name": "tiny"}}')
        archive.writestr("model.weights.h5", b"not weights")
    with pytest.raises(ModelError, match=r"model\.keras do not fit"):
        _model(**{"model.weights": str(tmp_path / "model.keras")})


def test_a_file_of_another_network_of_keras_is_refused_with_those_that_are_taken(tmp_path):
    (tmp_path / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n not weights")
    with pytest.raises(ModelError, match=r"cannot be built: .*Expected: the model\.keras .*torch\.save"):
        _model(**{"model.backbone": "mobilenet_v3_small", "model.weights": str(tmp_path / "weights.h5")})


def test_a_backbone_that_pools_is_refused():
    @register_backbone("pools")
    def pools(pixels, weights=None):
        return keras.layers.GlobalAveragePooling2D()(pixels)

    with pytest.raises(ModelError, match="before pooling"):
        _model(**{"model.backbone": "pools"})


def _refused(name, build, match, **changes):
    BACKBONES._entries[name] = Backbone(build)
    try:
        with pytest.raises(ModelError, match=match) as caught:
            _model(**{"model.backbone": name, **changes})
    finally:
        del BACKBONES._entries[name]
    assert "test_build.py" in str(caught.value), "the message names the file that the backbone comes from"


def test_models_that_a_backbone_nests_become_layers_of_one_flat_graph(monkeypatch, tmp_path):
    def nests(pixels, weights=None):
        inner = keras.Sequential([keras.layers.Conv2D(6, 3, strides=2), keras.layers.BatchNormalization()])
        start = keras.Input(pixels.shape[1:])
        outer = keras.Model(
            start, keras.layers.Conv2D(4, 3, name="last")(keras.layers.Dropout(0.5, name="dropout_1")(inner(start)))
        )
        return outer(keras.layers.Rescaling(1 / 255)(pixels))

    monkeypatch.setitem(BACKBONES._entries, "nests", Backbone(nests))
    check_backbone("nests")
    model = _model(**{"model.backbone": "nests", "model.normalisation_momentum": 0.7})
    kinds = [type(layer).__name__ for layer in backbone_layers(model)]
    assert kinds == ["Conv2D", "BatchNormalization", "Conv2D"]
    assert backbone_layers(model)[1].momentum == 0.7
    freeze_backbone(model, frozen=True)
    assert len(model.trainable_variables) == 4, "those of the head"
    assert model.get_layer("backbone_dropout_1").rate == 0.5
    other = _model(**{"model.backbone": "nests", "seed": 8})
    other.save(tmp_path / "model.keras")
    taken = _model(**{"model.backbone": "nests", "model.weights": str(tmp_path / "model.keras")})
    for mine, theirs in zip(backbone_layers(taken), backbone_layers(other), strict=True):
        assert all(map(np.array_equal, mine.get_weights(), theirs.get_weights()))


def test_a_backbone_that_hides_its_layers_in_a_class_is_refused_before_training():
    @keras.saving.register_keras_serializable(package="tests")
    class Hides(keras.Model):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.convolution = keras.layers.Conv2D(4, 3, strides=2)

        def call(self, pixels):
            return self.convolution(pixels)

    _refused("hides", lambda pixels, weights=None: Hides()(pixels), "contains models that are classes of their own")


@pytest.mark.parametrize("returned", [None, 3, "features", np.zeros((1, 4, 4, 3))])
def test_a_backbone_that_returns_no_tensor_is_refused(returned):
    _refused("odd", lambda pixels, weights=None: returned, "must return a feature map, a Keras tensor")


@pytest.mark.parametrize("raised", [KeyError("x"), RuntimeError("y"), AttributeError("z"), ZeroDivisionError("z")])
def test_a_backbone_that_raises_is_refused(raised):
    def raises(pixels, weights=None):
        raise raised

    _refused("raises", raises, f"cannot be built: {type(raised).__name__}")


def test_a_backbone_that_could_never_be_loaded_again_is_refused_before_training(monkeypatch):
    def forgetful(pixels, weights=None):
        return keras.layers.Lambda(lambda x: x)(keras.layers.Conv2D(4, 3, strides=2)(pixels))

    monkeypatch.setitem(BACKBONES._entries, "forgetful", Backbone(forgetful))
    with pytest.raises(
        ModelError, match=r"'forgetful' could be trained and saved but never loaded again.*a Lambda layer"
    ):
        _model(**{"model.backbone": "forgetful"})


def test_a_backbone_without_its_arguments_is_refused():
    def odd(pixels):
        return pixels

    _refused("odd", odd, "cannot be built: TypeError")


def test_a_backbone_on_pixels_of_its_own_is_refused():
    def other(pixels, weights=None):
        return keras.layers.Conv2D(4, 3)(keras.Input((32, 32, 3)))

    _refused("other", other, "must build its layers on the given pixels")


def test_weights_that_cannot_be_fetched_are_named_with_the_place_to_put_them(monkeypatch):
    url = "https://storage.example/densenet/densenet121_notop.h5"

    def without_network(pixels, weights=None):
        raise Exception(f"URL fetch failure on {url}: None -- [Errno -2] Name or service not known")

    monkeypatch.setenv("KERAS_HOME", "/home/me/keras")
    _refused(
        "remote",
        without_network,
        rf"download {url} on another machine and save it as /home/me/keras/models/densenet121_notop\.h5",
        **{"model.weights": "imagenet"},
    )


def test_a_compiled_model_loads_in_a_new_process_after_import_xraykit_alone(tmp_path):
    from xraykit.model.losses import WeightedBinaryCrossentropy

    model = _model()
    model.compile(loss=WeightedBinaryCrossentropy([0.9] * 3, [0.1] * 3))
    model.save(tmp_path / "model.keras")
    script = "import xraykit, keras, sys; print(keras.saving.load_model(sys.argv[1]).loss.name)"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.keras")], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "weighted_binary_crossentropy", done.stderr
