"""Initial weights that xraykit loads itself: of an earlier run, or of a file of another project."""

import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np

from xraykit.config import Model
from xraykit.errors import ModelError
from xraykit.model.weights import Arrays, densenet_weights, is_foreign, read_arrays
from xraykit.model.weights.densenet import BACKBONES as DENSENETS

logger = logging.getLogger(__name__)


def own_weights(model: Model) -> str | None:
    """The weights that the backbone loads itself: those that its authors publish, and files in Keras' format."""
    return None if _is_xraykits(model) else model.weights


def take_weights(network: keras.Model, layers: list[keras.Layer], model: Model) -> None:
    """Load the weights that :func:`own_weights` leaves to xraykit, if there are any.

    Args:
        network: From pixels to the feature map.
        layers: Those of its backbone that have weights.
        model: Names the weights.

    Raises:
        ModelError: the file is damaged or does not fit the backbone.
    """
    if not _is_xraykits(model):
        return
    path = Path(str(model.weights))
    if path.suffix == ".keras":
        _take_run(network, layers, path)
    else:
        _take_foreign(network, layers, path, model.backbone)


def of_backbone(model: keras.Model, end: str) -> list[keras.Layer]:
    """The layers before the layer ``end`` that have weights."""
    names = [layer.name for layer in model.layers]
    return [layer for layer in model.layers[: names.index(end)] if layer.weights]


def _is_xraykits(model: Model) -> bool:
    weights = model.weights
    if weights is None or not Path(weights).is_file():
        return False
    path = Path(weights)
    # Keras loads its own old files into its other networks, by the order of their layers.
    h5_of_others = path.suffix == ".h5" and model.backbone not in DENSENETS
    return path.suffix == ".keras" or (not h5_of_others and is_foreign(path))


def _take_run(network: keras.Model, own: list[keras.Layer], path: Path) -> None:
    """Copy weights and preprocessing from the model of an earlier run, layer by layer."""
    try:
        source = keras.saving.load_model(path, compile=False)
        other = of_backbone(source, network.layers[-1].name)
        if source.name != network.name or len(own) != len(other):
            raise ValueError(f"it contains {source.name!r} with {len(other)} layers instead of {len(own)}.")
        for layer, trained in zip(own, other):
            layer.set_weights(trained.get_weights())
        _take_preprocessing(_rescaling(network), _rescaling(source))
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise ModelError(
            f"The weights of {path} do not fit the backbone {network.name!r}: {str(error).splitlines()[0]} Expected: "
            f"the model.keras of an earlier run with the same backbone."
        ) from error


def _rescaling(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling)]


def _take_preprocessing(own: list[Any], other: list[Any]) -> None:
    if len(own) != len(other):
        raise ValueError(
            f"its preprocessing has {len(other)} steps instead of {len(own)}, as Keras builds this network otherwise "
            f"for the weights `imagenet`."
        )
    for layer, trained in zip(own, other):
        layer.scale, layer.offset = trained.scale, trained.offset


def _take_foreign(network: keras.Model, layers: list[keras.Layer], path: Path, backbone: str) -> None:
    arrays = read_arrays(path)
    if backbone not in DENSENETS:
        raise ModelError(
            f"The weights file {path} is {arrays.origin}. Such files are read for the backbone densenet121 alone. "
            f"Received: {backbone}."
        )
    try:
        _fill(network, layers, arrays)
    except ModelError as error:
        raise ModelError(f"The weights file {path} does not fit the backbone {backbone!r}: {error}.") from error


def _fill(network: keras.Model, layers: list[keras.Layer], arrays: Arrays) -> None:
    found = densenet_weights(arrays)
    for layer in layers:
        given, expected = found.of_layer[layer.name], [tuple(each.shape) for each in layer.weights]
        if [each.shape for each in given] != expected or not all(np.isfinite(each).all() for each in given):
            raise ModelError(
                f"the arrays of {layer.name} have the shapes {[each.shape for each in given]} instead of {expected}, "
                f"or are not finite"
            )
    # Only once all fit, so that a file that does not fit changes nothing.
    for layer in layers:
        layer.set_weights(found.of_layer[layer.name])
    if found.preprocessing is not None:
        (rescaling,) = _rescaling(network)
        rescaling.scale, rescaling.offset = found.preprocessing
    logger.info("Initial weights: %s, read from %s.", found.origin, arrays.origin)
