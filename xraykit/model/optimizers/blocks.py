"""Blocks of any backbone, and the share of the learning rate that each learns at (Howard & Ruder 2018).

A block is what computes feature maps of one size: the stem and the four stages of DenseNet121, MobileNetV3 or a
ResNet. The graph alone decides: sizes are counted in halvings of the picture, so that borders without padding make no
new block, and a branch that pools a whole map (squeeze and excitation) belongs to the block that it returns to.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import keras

from xraykit.model.build import FEATURE_MAP, backbone_layers

_FEWEST_SIZES = 3
_EQUAL_BLOCKS = 5


def blocks_of(model: keras.Model) -> list[list[keras.Layer]]:
    """The layers with weights of a model's backbone, block by block from the pixels.

    A backbone whose maps have fewer than three sizes, such as a vision transformer, has five blocks of about as many
    layers each.

    Args:
        model: Of :func:`xraykit.model.build_model`.
    """
    halvings = _halvings(model)
    layers = backbone_layers(model)
    levels = sorted({halvings[layer.name] for layer in layers})
    if len(levels) >= _FEWEST_SIZES:
        return [[layer for layer in layers if halvings[layer.name] == level] for level in levels]
    count = min(_EQUAL_BLOCKS, len(layers))
    bounds = [len(layers) * number // count for number in range(count + 1)]
    return [list(layers[start:end]) for start, end in itertools.pairwise(bounds)]


def layer_shares(model: keras.Model, decay: float) -> tuple[float, ...]:
    """The share of the learning rate of each trainable variable of ``model``, in its order.

    Args:
        model: Of :func:`xraykit.model.build_model`; what does not learn is frozen.
        decay: Each block learns at this times the rate of the block after it; the head learns at the full rate.
    """
    if decay == 1.0:
        return ()
    blocks = blocks_of(model)
    shares = {
        id(variable): decay ** (len(blocks) - number)
        for number, block in enumerate(blocks)
        for layer in block
        for variable in layer.weights
    }
    return tuple(shares.get(id(variable), 1.0) for variable in model.trainable_variables)


def _halvings(model: keras.Model) -> dict[str, int]:
    """How often the picture's size was halved where each layer works, from the pixels to the last feature map."""
    side = model.input_shape[1]
    names = [layer.name for layer in model.layers]
    largest, found = 1, {}
    # Layers are in the order of their depth: what comes later with a larger map is computed from what comes before.
    for layer in reversed(model.layers[: names.index(FEATURE_MAP) + 1]):
        # Explicit padding enlarges a map for the convolution after it alone.
        if not isinstance(layer, keras.layers.ZeroPadding2D):
            largest = max(largest, _side_of(layer.output))
        found[layer.name] = round(math.log2(side / largest))
    return found


def _side_of(output: Any) -> int:
    """The shorter side of a feature map ``(B, h, w, C)``; 0 of what is none."""
    if isinstance(output, Sequence):
        return max(map(_side_of, output), default=0)
    shape = output.shape
    return min(side or 0 for side in shape[1:3]) if len(shape) == 4 else 0
