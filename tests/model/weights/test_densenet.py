"""DenseNet121 of other projects: our network gives the features that theirs gives."""

import importlib.util

import keras
import numpy as np
import pytest

from tests.model.weights import files
from xraykit.config import load_experiment
from xraykit.errors import ExperimentError, ModelError
from xraykit.model.build import FEATURE_MAP, backend, build_model
from xraykit.model.weights import densenet_weights, read_arrays

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torchxrayvision") is None,
    reason="PyTorch, torchvision and TorchXRayVision are not installed; the same is tested on files made without them",
)
_BLOCKS = (6, 12, 24, 16)


def _torch_names(dotted=False):
    """Layers of torchvision's DenseNet121 in the order in which pixels pass them."""
    one = "norm.1 conv.1 norm.2 conv.2" if dotted else "norm1 conv1 norm2 conv2"
    names = ["conv0", "norm0"]
    for block, count in enumerate(_BLOCKS, start=1):
        names += [
            f"denseblock{block}.denselayer{layer}.{part}" for layer in range(1, count + 1) for part in one.split()
        ]
        if block < 4:
            names += [f"transition{block}.norm", f"transition{block}.conv"]
    return [f"features.{name}" for name in [*names, "norm5"]]


@pytest.fixture(scope="module")
def reference():
    """Keras' own DenseNet121 with random weights and random statistics."""
    keras.utils.set_random_seed(5)
    model = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(64, 64, 3))
    draw = np.random.default_rng(5)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.gamma.shape[0]
            layer.set_weights(
                [draw.uniform(0.5, 1.5, count), *draw.normal(0, 0.2, (2, count)), draw.uniform(0.5, 2, count)]
            )
    return model


def _state(reference, names, grey=False):
    """The weights of the reference by PyTorch's names, matched by their order alone."""
    layers = [layer for layer in reference.layers if layer.weights]
    state = {}
    for name, layer in zip(names, layers, strict=True):
        arrays = [np.asarray(each, np.float32) for each in layer.get_weights()]
        if len(arrays) == 1:
            kernel = np.ascontiguousarray(arrays[0].transpose(3, 2, 0, 1))
            state[f"{name}.weight"] = kernel[:, :1].copy() if grey and kernel.shape[1] == 3 else kernel
        else:
            parts = ("weight", "bias", "running_mean", "running_var")
            state |= {f"{name}.{part}": array for part, array in zip(parts, arrays, strict=True)}
            state[f"{name}.num_batches_tracked"] = np.array(3, np.int64)
    return {**state, "classifier.weight": np.ones((14, 1024), np.float32), "classifier.bias": np.zeros(14, np.float32)}


def _model(path, size=64, backbone="densenet121"):
    experiment = load_experiment(
        {"model": {"backbone": backbone, "weights": str(path)}, "data": {"image_size": size, "labels": ["Mass"]}}
    )
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def _features(model, pictures):
    return np.asarray(keras.Model(model.input, model.get_layer(FEATURE_MAP).output)(pictures, training=False))


def _pictures(size=64):
    return np.random.default_rng(0).integers(0, 256, (2, size, size, 1)).astype(np.float32)


@pytest.mark.slow
def test_every_kind_of_file_gives_the_same_arrays(reference, tmp_path):
    state = _state(reference, _torch_names())
    expected = densenet_weights(read_arrays(files.torch_state(tmp_path / "new.pth", state))).of_layer
    old = _state(reference, _torch_names(dotted=True))
    module = {f"module.densenet121.{name}": each for name, each in state.items()}
    layers = {
        layer.name.replace("conv1_", "conv1/"): {each.name: np.asarray(each) for each in layer.weights}
        for layer in reference.layers
        if layer.weights
    }
    predictions = {"predictions": {"kernel": np.ones((1024, 14), np.float32), "bias": np.zeros(14, np.float32)}}
    for path in (
        files.torch_stream(tmp_path / "old.pth", old),
        files.torch_state(tmp_path / "parallel.pth.tar", module),
        files.safetensors(tmp_path / "new.safetensors", state),
        files.old_keras(tmp_path / "chexnet.h5", {**layers, **predictions}),
    ):
        found = densenet_weights(read_arrays(path)).of_layer
        assert set(found) == set(expected)
        for name, arrays in expected.items():
            assert all(np.allclose(mine, theirs, atol=2e-8) for mine, theirs in zip(found[name], arrays, strict=True))


@pytest.mark.slow
def test_three_channels_see_pixels_as_torchvision_scales_them(reference, tmp_path):
    model = _model(files.torch_state(tmp_path / "densenet121.pth", _state(reference, _torch_names())))
    pictures = _pictures()
    scaled = keras.applications.densenet.preprocess_input(np.repeat(pictures, 3, axis=-1))
    assert np.allclose(_features(model, pictures), reference(scaled, training=False), atol=1e-4)


@pytest.mark.slow
def test_one_channel_sees_pixels_as_torchxrayvision_scales_them_and_so_does_a_second_training(reference, tmp_path):
    path = files.torch_state(tmp_path / "xrv.pt", _state(reference, _torch_names(), grey=True))
    model = _model(path)
    first = reference.get_layer("conv1_conv")
    kernel = first.get_weights()[0]
    # Only the first channel of the reference has weights, as the file has no other.
    first.set_weights([kernel * np.array([1, 0, 0], np.float32)[:, None]])
    pictures = _pictures()
    scaled = np.repeat((2 * pictures / 255 - 1) * 1024, 3, axis=-1)
    expected = np.asarray(reference(scaled, training=False))
    first.set_weights([kernel])
    found = _features(model, pictures)
    assert np.allclose(found, expected, atol=1e-4 * max(1, np.abs(expected).max()))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    assert np.allclose(_features(loaded, pictures), found, atol=1e-5)
    again = _model(tmp_path / "model.keras")
    assert np.allclose(_features(again, pictures), found, atol=1e-5)


@pytest.mark.slow
def test_weights_of_another_network_are_refused(tmp_path):
    other = files.torch_state(tmp_path / "resnet.pth", {"conv1.weight": np.ones((64, 3, 7, 7), np.float32)})
    with pytest.raises(ModelError, match=r"resnet\.pth does not fit the backbone 'densenet121'.*lacks 604 of 604"):
        _model(other, 32)
    with pytest.raises(ExperimentError, match=r"PyTorch or safetensors, which is read for densenet121 and .* alone"):
        _model(other, 32, backbone="mobilenet_v3_small")


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 224])
@pytest.mark.parametrize(("kind", "whole", "zipped"), [
    ("torchvision", False, True), ("torchvision", False, False), ("torchxrayvision", False, True),
    ("torchxrayvision", True, True), ("torchxrayvision", True, False),
])  # fmt: skip
def test_files_of_pytorch_itself_give_its_features(kind, whole, zipped, size, tmp_path):
    import torch
    import torchvision
    import torchxrayvision

    torch.manual_seed(3)
    network = torchvision.models.densenet121() if kind == "torchvision" else torchxrayvision.models.DenseNet()
    for each in network.modules():
        if isinstance(each, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(each.running_var, 0.5, 2)
            torch.nn.init.normal_(each.running_mean, 0, 0.2)
            torch.nn.init.uniform_(each.weight, 0.5, 1.5)
    network.eval()
    saved = network if whole else network.state_dict()
    torch.save(saved, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    pictures = _pictures(size)
    grey = torch.from_numpy(pictures.transpose(0, 3, 1, 2))
    if kind == "torchvision":
        scaled = torchvision.transforms.functional.normalize(
            grey.repeat(1, 3, 1, 1) / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        )
    else:
        scaled = torch.stack([torch.from_numpy(torchxrayvision.datasets.normalize(each.numpy(), 255)) for each in grey])
    with torch.no_grad():
        expected = torch.relu(network.features(scaled)).numpy().transpose(0, 2, 3, 1)
    found = _features(_model(tmp_path / "w.pt", size), pictures)
    assert np.allclose(found, expected, atol=1e-4 * max(1.0, float(np.abs(expected).max())))
