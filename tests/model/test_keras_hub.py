"""Image backbones of KerasHub by preset, on presets that the tests make."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError, ModelError
from xraykit.registry import BACKBONES

needs_hub = pytest.mark.skipif(
    importlib.util.find_spec("keras_hub") is None,
    reason="KerasHub is not installed (extra `hub`); flattening and refusals are tested without it",
)
_FAMILY = "xraykit.backbones.keras_hub_presets"
_TORCH = {"scale": [1 / 255 / each for each in (0.229, 0.224, 0.225)], "offset": [-2.1179, -2.0357, -1.8044]}


def _build(name, size=32, **changes):
    from xraykit.model.build import backend, build_model

    values = {"model.backbone": name, "data.image_size": size, "data.labels": ["Mass", "Nodule"], **changes}
    experiment = load_experiment({}).with_values(values)
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def _convolutional():
    import keras_hub

    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    return backbone, keras_hub.layers.ResNetImageConverter(**_TORCH, image_size=(32, 32))


@pytest.fixture
def preset(tmp_path):
    """A function that saves a backbone and its image converter as a preset, and returns the folder."""

    def save(backbone, converter=None):
        backbone.save_to_preset(tmp_path / "preset")
        if converter is not None:
            converter.save_to_preset(tmp_path / "preset")
        return tmp_path / "preset"

    return save


def test_without_kerashub_the_command_that_installs_it_is_reported(monkeypatch):
    family = importlib.import_module(_FAMILY)
    monkeypatch.setattr(family, "_installed", lambda: None)
    with pytest.raises(ExperimentError, match=r"needs KerasHub.*pip install 'xraykit\[hub\]'"):
        load_experiment({"model": {"backbone": "hub:resnet_18_imagenet"}})


def test_a_wrong_preset_or_folder_is_reported_before_kerashub_is_imported(monkeypatch, tmp_path):
    family = importlib.import_module(_FAMILY)
    monkeypatch.setattr(family, "_installed", lambda: tmp_path)
    monkeypatch.setattr(family, "_presets", lambda: ("resnet_18_imagenet", "resnet_50_imagenet"))
    with pytest.raises(ExperimentError, match=r"Did you mean 'hub:resnet_18_imagenet'\?"):
        load_experiment({"model": {"backbone": "hub:resnet_18_imagnet"}})
    with pytest.raises(ExperimentError, match=r"config\.json is missing"):
        load_experiment({"model": {"backbone": f"hub:{tmp_path}"}})
    with pytest.raises(ExperimentError, match="A preset of another website is downloaded first"):
        load_experiment({"model": {"backbone": "hub:hf://somebody/something"}})


def test_weights_have_the_word_of_their_backbone(monkeypatch, tmp_path):
    family = importlib.import_module(_FAMILY)
    monkeypatch.setattr(family, "_installed", lambda: tmp_path)
    monkeypatch.setattr(family, "_presets", lambda: ("resnet_18_imagenet",))
    given = {"backbone": "hub:resnet_18_imagenet", "weights": "preset"}
    assert load_experiment({"model": given}).model.weights == "preset"
    with pytest.raises(ExperimentError, match="expected none, preset, or the path of a weights file"):
        load_experiment({"model": {**given, "weights": "imagenet"}})
    with pytest.raises(ExperimentError, match="expected none, imagenet, or the path of a weights file"):
        load_experiment({"model": {"weights": "preset"}})


def test_a_relative_folder_of_a_preset_is_kept_absolute(monkeypatch, tmp_path):
    family = importlib.import_module(_FAMILY)
    monkeypatch.setattr(family, "_installed", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "config.json").write_text("{}")
    experiment = load_experiment({"model": {"backbone": "hub:./presets", "weights": "preset"}})
    whole = experiment.with_absolute_paths()
    assert whole.model.backbone == f"hub:{tmp_path}/presets"
    assert whole.model.weights == "preset"


@needs_hub
@pytest.mark.slow
def test_a_preset_keeps_the_contract(preset):
    from xraykit.testing import check_backbone

    check_backbone(f"hub:{preset(*_convolutional())}", 32)


@needs_hub
@pytest.mark.slow
def test_a_preset_has_its_own_preprocessing_and_weights(preset):
    import keras

    from xraykit.model import FEATURE_MAP

    backbone, converter = _convolutional()
    folder = preset(backbone, converter)
    model = _build(f"hub:{folder}", **{"model.weights": "preset"})
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    found = keras.Model(model.input, model.get_layer(FEATURE_MAP).output)(pictures, training=False)
    expected = backbone(converter(np.repeat(pictures, 3, axis=-1)), training=False)
    assert np.allclose(found, expected, atol=1e-4)
    other = _build(f"hub:{folder}")
    started = keras.Model(other.input, other.get_layer(FEATURE_MAP).output)(pictures, training=False)
    assert not np.allclose(started, expected, atol=1e-2), "without `preset`, the weights are random"


def _scaling(kind):
    import keras_hub

    return getattr(keras_hub.layers, f"{kind}ImageConverter")(scale=1 / 127.5, offset=-1.0, image_size=(32, 32))


def _tiny(kind):
    """A small backbone of a family of KerasHub whose layers are composed of others."""
    import keras_hub

    models, shape = keras_hub.models, (32, 32, 3)
    makers = {
        "ViT": lambda: models.ViTBackbone(
            shape, (8, 8), 2, 2, 16, 32, use_mha_bias=False, use_patch_bias=False, dropout_rate=0.1
        ),
        "DeiT": lambda: models.DeiTBackbone(shape, 8, 2, 2, 16, 32, attention_dropout=0.1),
        "MiT": lambda: models.MiTBackbone(
            [1, 1], 2, [1, 2], [2, 1], 0.2, [7, 3], [4, 2], image_shape=shape, hidden_dims=[8, 16]
        ),
        "SwinTransformer": lambda: models.SwinTransformerBackbone(
            shape, 8, (2, 2), (1, 2), window_size=4, patch_size=2, qkv_bias=False, drop_path=0.2
        ),
        "EfficientNet": lambda: models.EfficientNetBackbone(
            stackwise_width_coefficients=[1.0, 1.0],
            stackwise_depth_coefficients=[1.0, 1.0],
            stackwise_squeeze_and_excite_ratios=[0.25, 0.25],
            stackwise_kernel_sizes=[3, 3],
            stackwise_num_repeats=[1, 1],
            stackwise_input_filters=[32, 16],
            stackwise_output_filters=[16, 24],
            stackwise_expansion_ratios=[1, 4],
            stackwise_strides=[1, 2],
            stackwise_block_types=["fused", "unfused"],
            image_shape=shape,
        ),
        "MobileNet": lambda: models.MobileNetBackbone(
            stackwise_expansion=[[40, 56], [64, 144]],
            stackwise_num_blocks=[2, 2],
            stackwise_num_filters=[[16, 16], [24, 24]],
            stackwise_kernel_size=[[3, 3], [5, 5]],
            stackwise_num_strides=[[2, 1], [2, 1]],
            stackwise_se_ratio=[[None, None], [0.25, 0.25]],
            stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"]],
            stackwise_padding=[[1, 1], [2, 2]],
            output_num_filters=288,
            input_activation="hard_swish",
            output_activation="hard_swish",
            input_num_filters=16,
            image_shape=shape,
            depthwise_filters=8,
            depthwise_stride=2,
            depthwise_residual=False,
            squeeze_and_excite=0.5,
            last_layer_filter=288,
        ),
    }
    return makers[kind](), _scaling(kind)


_COMPOSED = ("ViT", "DeiT", "MiT", "SwinTransformer", "EfficientNet", "MobileNet")


@needs_hub
@pytest.mark.slow
@pytest.mark.parametrize("kind", _COMPOSED)
def test_transformers_and_composed_layers_keep_the_contract(preset, kind):
    from xraykit.testing import check_backbone

    check_backbone(f"hub:{preset(*_tiny(kind))}", 32)


@needs_hub
@pytest.mark.slow
@pytest.mark.parametrize("kind", _COMPOSED)
def test_a_composed_network_computes_what_kerashub_does(preset, kind):
    """Also trained and loaded: the values, the order of patches, and what each layer was made with."""
    import keras

    from xraykit.model import FEATURE_MAP

    backbone, converter = _tiny(kind)
    model = _build(f"hub:{preset(backbone, converter)}", **{"model.weights": "preset"})
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    found = np.asarray(keras.Model(model.input, model.get_layer(FEATURE_MAP).output)(pictures, training=False))
    expected = np.asarray(backbone(converter(np.repeat(pictures, 3, axis=-1)), training=False))
    if expected.ndim == 3:
        cells = found.shape[1] * found.shape[2]
        # Row by row, without the tokens of the class and of distillation in front.
        expected = expected[:, -cells:].reshape(found.shape)
    assert np.allclose(found, expected, atol=1e-4)
    theirs = [each for each in keras.Model(backbone.inputs, backbone.output).layers if each.weights]
    ours = [layer for layer in model.layers if type(layer) in {type(each) for each in theirs}][: len(theirs)]
    assert [_drops(each) for each in ours] == [_drops(each) for each in theirs], "randomness of training was lost"


def _drops(layer):
    from xraykit.model import with_inner_layers

    return [float(each.rate) for each in with_inner_layers([layer]) if hasattr(each, "rate")]


@needs_hub
@pytest.mark.slow
def test_a_saved_transformer_needs_no_xraykit_and_can_be_copied(preset, tmp_path):
    """Keras and KerasHub read it in a process of their own; xraykit makes its layers again, as for bfloat16."""
    import keras

    from xraykit.explain import random_twin

    model = _build(f"hub:{preset(*_tiny('SwinTransformer'))}")
    keras.Model(model.get_layer("preprocessing").input, model.output).save(tmp_path / "model.keras")
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "pictures.npy", pictures)
    code = (
        "import sys, keras, numpy as np;"
        "model = keras.saving.load_model('model.keras', compile=False);"
        "np.save('logits.npy', model(np.load('pictures.npy'), training=False));"
        "assert not any(name.startswith('xraykit') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": ""})
    after = keras.Model(model.get_layer("preprocessing").input, model.output)(pictures, training=False)
    assert np.allclose(np.load(tmp_path / "logits.npy"), after, atol=1e-5)
    twin = random_twin(model, seed=1)
    assert [each.shape for each in twin.weights] == [each.shape for each in model.weights]


@needs_hub
@pytest.mark.slow
def test_normalisation_inside_composed_layers_stays_frozen_in_fine_tuning(preset):
    import keras

    from xraykit.model import freeze_backbone, with_inner_layers

    model = _build(f"hub:{preset(*_tiny('EfficientNet'))}", **{"model.normalisation_momentum": 0.5})
    norms = [each for each in with_inner_layers(model.layers) if isinstance(each, keras.layers.BatchNormalization)]
    assert len(norms) > sum(isinstance(each, keras.layers.BatchNormalization) for each in model.layers)
    assert {each.momentum for each in norms} == {0.5}
    freeze_backbone(model, frozen=False)
    assert not any(each.trainable for each in norms)
    assert len(model.trainable_weights) > 4
    freeze_backbone(model, frozen=True)
    assert len(model.trainable_weights) == 4, "the two dense layers of the head alone"


@needs_hub
def test_a_layer_that_keeps_an_argument_to_itself_is_refused():
    import keras

    from xraykit.model import complete_configurations

    class Secretive(keras.layers.Layer):
        def __init__(self, share, **settings):
            super().__init__(**settings)

        def get_config(self):
            return super().get_config()

    Secretive.__module__ = "keras_hub.src.models.secretive"
    with pytest.raises(ModelError, match="does not keep its argument 'share'"):
        complete_configurations([Secretive(0.5)])


@needs_hub
@pytest.mark.slow
def test_a_preset_without_image_converter_is_refused(preset):
    with pytest.raises(ModelError, match="has no image converter"):
        _build(f"hub:{preset(_convolutional()[0])}")


@needs_hub
@pytest.mark.slow
def test_a_preset_that_contains_code_is_refused(preset):
    """A Lambda layer in the place of the backbone; its code is not run."""
    folder = preset(*_convolutional())
    config = json.loads((folder / "config.json").read_text())
    config["class_name"], config["module"] = "Lambda", "keras.layers"
    config["registered_name"] = None
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="cannot be built"):
        _build(f"hub:{folder}")


@needs_hub
def test_the_names_of_built_in_presets_are_found_without_importing_kerashub():
    import keras_hub

    family = importlib.import_module(_FAMILY)
    # A test before this one may have asked for them while KerasHub was hidden.
    family._presets.cache_clear()
    found = set(family._presets())
    for kind in (keras_hub.models.ResNetBackbone, keras_hub.models.ViTBackbone, keras_hub.models.EfficientNetBackbone):
        assert set(kind.presets) <= found
    assert BACKBONES.get("hub:resnet_18_imagenet").published_weights == "preset"
