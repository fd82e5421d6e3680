"""Which variables weight decay shrinks: kernels, but neither normalisation nor biases.

Shrinking the scale of a normalisation, or a bias, does not make a network simpler; leaving them out is usual since
He et al. 2019, "Bag of Tricks for Image Classification".
"""

from typing import Any

import keras
from keras import layers

_NORMALISATIONS = (
    layers.BatchNormalization,
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.RMSNormalization,
)


def decayed_variables(model: keras.Model) -> list[Any]:
    """The variables of ``model`` that weight decay shrinks, whether they are trainable now or not."""
    return [variable for layer in model.layers for variable in layer.weights if _is_decayed(layer, variable)]


def undecayed_variables(model: keras.Model) -> list[Any]:
    """The variables of ``model`` that weight decay leaves alone."""
    return [variable for layer in model.layers for variable in layer.weights if not _is_decayed(layer, variable)]


def _is_decayed(layer: keras.Layer, variable: Any) -> bool:
    # Arrays of one dimension in layers of other kinds are biases, or scales under another name.
    return not isinstance(layer, _NORMALISATIONS) and len(variable.shape) > 1 and variable.name != "bias"
