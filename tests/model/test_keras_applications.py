"""Every network of Keras Applications by name."""

import subprocess
import sys
from importlib import import_module

import keras
import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError, ModelError, RegistryError
from xraykit.model.build import FEATURE_MAP, backend, build_model
from xraykit.registry import BACKBONES
from xraykit.testing import check_backbone

_FAMILY = import_module("xraykit.backbones.keras_applications")
_NAMES = _FAMILY.networks()

# The smallest of each way to build a network: Keras' own preprocessing, "tf", "torch", "caffe", nested models.
_EACH_KIND = (
    "keras:ConvNeXtTiny",
    "keras:EfficientNetV2B0",
    "keras:MobileNetV2",
    "keras:VGG16",
)


def _build(name, size, **changes):
    values = {"model.backbone": name, "data.image_size": size, "data.labels": ["Mass", "Nodule"], **changes}
    experiment = load_experiment({}).with_values(values)
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def test_the_names_are_those_that_keras_publishes():
    published = {name for name, each in vars(keras.applications).items() if callable(each) and name[0].isupper()}
    assert set(_NAMES) == {f"keras:{name}" for name in published}
    assert len(_NAMES) >= 38


@pytest.mark.parametrize("name", _NAMES)
def test_the_preprocessing_is_that_of_keras(name):
    """On pixels of three different channels, where red and blue cannot be mistaken for each other."""
    network = name.removeprefix("keras:")
    family = getattr(keras.applications, getattr(keras.applications, network).__module__.split(".")[-1])
    pixels = keras.Input((4, 4, 3))
    ours = keras.Model(pixels, keras.layers.Activation("linear")(_FAMILY._preprocessed(network, pixels)))
    picture = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    expected = family.preprocess_input(picture.copy())
    assert np.allclose(ours(picture), expected, rtol=1e-5, atol=1e-4)


def test_channels_in_reverse_order_are_noticed():
    assert _FAMILY._affine("VGG16")[2]
    assert not _FAMILY._affine("DenseNet121")[2]
    assert np.allclose(_FAMILY._affine("ResNet50")[1], [-103.939, -116.779, -123.68])


@pytest.mark.parametrize(
    ("name", "size"), [("keras:ResNet50V2", 32), ("keras:Xception", 71), ("keras:InceptionV3", 75)]
)
def test_the_smallest_size_is_the_one_that_keras_demands(name, size):
    assert BACKBONES.get(name).min_size == size
    build = getattr(keras.applications, name.removeprefix("keras:"))
    with pytest.raises(ValueError, match=f"at least {size}x{size}"):
        build(include_top=False, weights=None, input_shape=(size - 1, size - 1, 3))


def test_pictures_that_are_too_small_are_refused():
    with pytest.raises(ExperimentError, match="keras:Xception takes pictures of at least 71 pixels"):
        load_experiment({"model": {"backbone": "keras:Xception"}, "data": {"image_size": 64}})


def test_an_unknown_name_is_reported_with_the_nearest():
    with pytest.raises(ExperimentError, match=r"Did you mean 'keras:ResNet50V2'\?"):
        load_experiment({"model": {"backbone": "keras:ResNet50v2"}})
    with pytest.raises(RegistryError, match="is a built-in backbone"):
        BACKBONES.add("keras:Mine", BACKBONES.get("keras:VGG16"))


@pytest.mark.process
def test_a_misspelt_name_is_reported_without_importing_keras(tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text("model: {backbone: 'keras:EfficientNetV3S'}\n")
    script = (
        "import sys\n"
        "from xraykit.run import main\n"
        "code = main([sys.argv[1], '--check'])\n"
        "print(code, 'keras' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert "Did you mean 'keras:EfficientNetV2S'?" in done.stderr
    assert done.stderr.rstrip().endswith("False")


@pytest.mark.slow
@pytest.mark.parametrize("name", _EACH_KIND)
def test_one_network_of_each_kind_keeps_the_contract(name):
    check_backbone(name)


@pytest.mark.slow
def test_a_grey_picture_is_taken_as_three_equal_channels():
    grey, colours = keras.Input((32, 32, 1)), keras.Input((32, 32, 3))
    build = BACKBONES.get("keras:MobileNetV2").build
    one, three = keras.Model(grey, build(grey)), keras.Model(colours, build(colours))
    three.set_weights(one.get_weights())
    picture = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    assert np.allclose(one(picture), three(np.repeat(picture, 3, axis=-1)), atol=1e-5)
    with pytest.raises(ModelError, match="1 or 3 channels"):
        build(keras.Input((32, 32, 2)))


@pytest.mark.slow
def test_weights_of_a_keras_file_are_loaded(tmp_path):
    path = tmp_path / "convnext.weights.h5"
    reference = keras.applications.ConvNeXtTiny(include_top=False, weights=None, input_shape=(32, 32, 3))
    keras.utils.set_random_seed(3)
    for variable in reference.trainable_variables:
        variable.assign(0.05 * np.random.default_rng(len(variable.shape)).normal(size=variable.shape))
    reference.save_weights(path)
    model = _build("keras:ConvNeXtTiny", 32, **{"model.weights": str(path)})
    picture = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    found = keras.Model(model.inputs, model.get_layer(FEATURE_MAP).output)(picture, training=False)
    assert np.allclose(found, reference(np.repeat(picture, 3, axis=-1), training=False), atol=1e-4)
