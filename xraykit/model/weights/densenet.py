"""DenseNet121 of torchvision, TorchXRayVision and Keras' old files, as weights of Keras' DenseNet121."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from xraykit.errors import ModelError
from xraykit.model.weights.arrays import Arrays

BACKBONES = ("densenet121", "keras:DenseNet121")

_LAYERS = (6, 12, 24, 16)
_ANCHOR = "conv0.weight"
# Until 2017 torchvision named the layers of a block norm.1, relu.1, conv.1.
_OLD_NAME = re.compile(r"(denselayer\d+\.)(norm|conv)\.([12])\.")
_TORCH_EPSILON, _KERAS_EPSILON = 1e-5, 1.001e-5
_EXPECTED = "Expected: a DenseNet121 of torchvision or TorchXRayVision, or of Keras as CheXNet's reproductions have it"


@dataclass(frozen=True)
class DenseNetWeights:
    """Weights of a DenseNet121 without its classifier.

    Attributes:
        of_layer: Name of a layer in Keras to its arrays, in Keras' order.
        origin: What they were read from, as a phrase.
        preprocessing: Gain and offset from pixels 0-255 to what they expect, for all channels alike; None: those of
            ImageNet, with which Keras' DenseNet121 begins.
    """

    of_layer: Mapping[str, list[np.ndarray]]
    origin: str
    preprocessing: tuple[float, float] | None = None


def densenet_weights(arrays: Arrays) -> DenseNetWeights:
    """The weights in Keras' layers.

    Of a network that takes one channel, its first kernel is divided among three equal ones, and pixels are scaled to
    -1024 to 1024, as TorchXRayVision does (``xrv.datasets.normalize``). The running variances are shifted by the
    difference between PyTorch's epsilon and Keras'.

    Raises:
        ModelError: they are of another network.
    """
    if any(name.endswith(_ANCHOR) for name in arrays):
        return _of_torch(arrays)
    return _of_keras(arrays)


def _of_torch(arrays: Arrays) -> DenseNetWeights:
    prefixes = [name.removesuffix(_ANCHOR) for name in arrays if name.endswith(_ANCHOR)]
    if len(prefixes) != 1:
        raise ModelError(f"it contains {len(prefixes)} networks of this kind, so that it is unknown which is meant")
    names = {_OLD_NAME.sub(r"\1\2\3.", name.removeprefix(prefixes[0])): name for name in arrays}
    plain = Arrays({name: partial(arrays.__getitem__, given) for name, given in names.items()}, arrays.origin)
    _check(plain, [part for torch, _ in _pairs() for part in _parts(torch)])
    kernel = plain[_ANCHOR]
    if kernel.ndim != 4 or kernel.shape[1] not in (1, 3):
        raise ModelError(f"its first layer has the shape {kernel.shape}. {_EXPECTED}")
    of_layer = {keras: _in_keras(plain, torch) for torch, keras in _pairs()}
    if kernel.shape[1] == 3:
        return DenseNetWeights(of_layer, "DenseNet121 of PyTorch, three channels as torchvision scales them")
    of_layer["conv1_conv"] = [np.repeat(of_layer["conv1_conv"][0] / 3, 3, axis=2)]
    return DenseNetWeights(
        of_layer, "DenseNet121 of PyTorch, one channel as TorchXRayVision scales it", (2048 / 255, -1024.0)
    )


def _of_keras(arrays: Arrays) -> DenseNetWeights:
    parts = {keras: _keras_parts(keras) for _, keras in _pairs()}
    _check(arrays, [f"{layer}.{part}" for layer, each in parts.items() for part in each])
    of_layer = {layer: [arrays[f"{layer}.{part}"] for part in each] for layer, each in parts.items()}
    return DenseNetWeights(of_layer, "DenseNet121 of Keras")


def _check(arrays: Arrays, needed: list[str]) -> None:
    missing = [name for name in needed if name not in arrays]
    if missing:
        raise ModelError(f"it has no {missing[0]} and lacks {len(missing)} of {len(needed)} arrays. {_EXPECTED}")


def _pairs() -> list[tuple[str, str]]:
    """Name of each layer in PyTorch, and in Keras."""
    pairs = [("conv0", "conv1_conv"), ("norm0", "conv1_bn")]
    inside = (("norm1", "0_bn"), ("conv1", "1_conv"), ("norm2", "1_bn"), ("conv2", "2_conv"))
    for block, count in enumerate(_LAYERS, start=1):
        pairs += [
            (f"denseblock{block}.denselayer{layer}.{torch}", f"conv{block + 1}_block{layer}_{keras}")
            for layer in range(1, count + 1)
            for torch, keras in inside
        ]
        if block < len(_LAYERS):
            pairs += [
                (f"transition{block}.norm", f"pool{block + 1}_bn"),
                (f"transition{block}.conv", f"pool{block + 1}_conv"),
            ]
    return [*pairs, ("norm5", "bn")]


def _parts(torch: str) -> list[str]:
    kinds = ("weight",) if "conv" in torch.rpartition(".")[2] else ("weight", "bias", "running_mean", "running_var")
    return [f"{torch}.{kind}" for kind in kinds]


def _keras_parts(keras: str) -> tuple[str, ...]:
    return ("kernel",) if keras.endswith("conv") else ("gamma", "beta", "moving_mean", "moving_variance")


def _in_keras(arrays: Arrays, torch: str) -> list[np.ndarray]:
    found = [np.asarray(arrays[part], np.float32) for part in _parts(torch)]
    if len(found) == 1:
        return [found[0].transpose(2, 3, 1, 0) if found[0].ndim == 4 else found[0]]
    variance = np.maximum(found[3].astype(np.float64) + _TORCH_EPSILON - _KERAS_EPSILON, 0)
    return [*found[:3], variance.astype(np.float32)]
