"""Image backbones of KerasHub by preset, on presets that the tests make."""

import importlib
import importlib.util
import json

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

    found = set(importlib.import_module(_FAMILY)._presets())
    for kind in (keras_hub.models.ResNetBackbone, keras_hub.models.ViTBackbone, keras_hub.models.EfficientNetBackbone):
        assert set(kind.presets) <= found
    assert BACKBONES.get("hub:resnet_18_imagenet").published_weights == "preset"
