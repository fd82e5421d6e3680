"""The layer at which a class activation map is taken."""

import keras

from xraykit.errors import ModelError
from xraykit.model import FEATURE_MAP

# What Grad-CAM has on the customary 224 pixels: the last feature map of most backbones is 7 x 7 there.
FEWEST_CELLS = 7


def feature_layer(model: keras.Model, wanted: str | None = None) -> keras.Layer:
    """The last layer whose feature map has at least 7 x 7 cells and which everything passes through.

    It is the backbone's last one on pictures of 224 pixels, and an earlier one on smaller pictures, where the last
    has only 2 x 2 cells and would show nothing.

    Args:
        model: With a layer named ``feature_map``, the last feature map.
        wanted: Name of the layer to take instead.

    Raises:
        ModelError: it has no such layer.
    """
    names = [each.name for each in model.layers]
    if FEATURE_MAP not in names or (wanted is not None and wanted not in names):
        raise ModelError(
            f"Grad-CAM needs a layer named {wanted or FEATURE_MAP!r}; xraykit's models have {FEATURE_MAP!r}. "
            f"Received: {model.name!r} with layers {', '.join(names[-5:])}."
        )
    return model.get_layer(wanted or _finest_useful_layer(model))


def _finest_useful_layer(model: keras.Model) -> str:
    layers = {layer.name: layer for layer in model.layers}
    # A padded map has cells beyond the picture: stretched to its size, it would show everything at a wrong position.
    useless = keras.layers.ZeroPadding2D, keras.layers.Cropping2D
    learnt = False
    chosen = FEATURE_MAP
    for name in _passages(model):
        if name in layers:
            learnt = learnt or bool(layers[name].weights)
            # A layer may give several tensors, or none that is a map.
            shape: tuple[int, ...] = getattr(layers[name].output, "shape", ())
            fits = len(shape) == 4 and shape[1] >= FEWEST_CELLS
            if learnt and fits and not isinstance(layers[name], useless):
                chosen = name
        if name == FEATURE_MAP:
            break
    return chosen


def _passages(model: keras.Model) -> list[str]:
    """Names of the steps that everything passes through, in order: no connection leads around them."""
    steps = model.operations
    maker = {id(tensor): index for index, step in enumerate(steps) for tensor in keras.tree.flatten(step.output)}
    last_use = [0] * len(steps)
    for index, step in enumerate(steps):
        for tensor in keras.tree.flatten(step.input):
            last_use[maker[id(tensor)]] = max(index, last_use[maker[id(tensor)]])
    passages, furthest = [], 0
    for index, use in enumerate(last_use):
        if furthest <= index:
            passages.append(steps[index].name)
        furthest = max(furthest, use)
    return passages
