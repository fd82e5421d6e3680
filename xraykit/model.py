"""The network as one flat graph: pixels 0–255 in; augmentation, preprocessing, backbone, head; logits out."""

from pathlib import Path
from typing import Any

import keras
from keras import layers

from xraykit.config import Experiment
from xraykit.errors import ModelError
from xraykit.layers import RadiographAugmentation
from xraykit.registry import BACKBONES

FEATURE_MAP = "feature_map"
LOGITS = "logits"
PIXELS = "pixels"


def build_model(experiment: Experiment) -> keras.Model:
    """Build the network of an experiment.

    Returns:
        A functional model from ``(B, S, S, 1)`` float32 pixels 0–255 to ``(B, L)`` float32 logits, one per label in
        the order of ``data.labels``. Its layer :data:`FEATURE_MAP` is the last feature map, for Grad-CAM.

    Raises:
        ModelError: the backbone cannot be built or its weights cannot be loaded.
    """
    size = experiment.data.image_size
    pixels = keras.Input((size, size, 1), name=PIXELS, dtype="float32")
    changes = experiment.training.augmentation.model_dump()
    augmented = RadiographAugmentation(**changes, name="augmentation")(pixels)
    # Three equal channels: what every published backbone, and every weights file, expects.
    colours = layers.Concatenate(name="grey_to_three_channels", dtype="float32")([augmented] * 3)
    features = _backbone(colours, experiment)
    features = layers.Activation("linear", name=FEATURE_MAP)(features)
    logits = _head(features, experiment)
    model = keras.Model(pixels, logits, name=experiment.model.backbone)
    for layer in backbone_layers(model):
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = experiment.model.normalisation_momentum
    weights = experiment.model.weights
    if weights is not None and weights.endswith(".keras"):
        _take_weights(model, Path(weights))
    return model


def backbone_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers that the backbone added: those before :data:`FEATURE_MAP` that have weights."""
    names = [layer.name for layer in model.layers]
    return [layer for layer in model.layers[: names.index(FEATURE_MAP)] if layer.weights]


def freeze_backbone(model: keras.Model, frozen: bool) -> None:
    """Freeze or unfreeze the backbone; compile the model afterwards.

    Batch normalisation stays frozen either way, so that the statistics of the pre-training survive the first steps
    of fine-tuning (Keras' guide to transfer learning).
    """
    for layer in backbone_layers(model):
        layer.trainable = not frozen and not isinstance(layer, layers.BatchNormalization)


def _backbone(colours: Any, experiment: Experiment) -> Any:
    name, weights = experiment.model.backbone, experiment.model.weights
    own_weights = None if weights is not None and weights.endswith(".keras") else weights
    try:
        features: Any = BACKBONES.get(name).build(colours, weights=own_weights)
    except (ValueError, OSError, TypeError) as error:
        advice = (
            " Without access to the internet, fetch the file elsewhere and give its path as `model.weights`."
            if own_weights == "imagenet"
            else ""
        )
        raise ModelError(f"The backbone {name!r} with weights {weights!r} cannot be built: {error}.{advice}") from error
    if len(features.shape) != 4:
        raise ModelError(
            f"The backbone {name!r} must return a feature map (B, h, w, C), before pooling. "
            f"Received: a tensor of shape {features.shape}."
        )
    return features


def _head(features: Any, experiment: Experiment) -> Any:
    x = layers.GlobalAveragePooling2D(name="pooling")(features)
    for number, units in enumerate(experiment.model.head_units, start=1):
        x = layers.Dense(units, activation="relu", name=f"dense_{number}")(x)
        x = layers.Dropout(experiment.model.dropout_rate, name=f"dropout_{number}")(x)
    # float32 whatever the precision: in half precision a logit of 8 is already a probability of 1.
    return layers.Dense(len(experiment.data.labels), dtype="float32", name=LOGITS)(x)


def _take_weights(model: keras.Model, path: Path) -> None:
    """Copy the backbone's weights out of an earlier run's model, layer by layer in their order."""
    try:
        source = keras.saving.load_model(path, compile=False)
        mine, theirs = backbone_layers(model), backbone_layers(source)
        if source.name != model.name or len(mine) != len(theirs):
            raise ValueError(f"it holds {source.name!r} with {len(theirs)} layers, not {len(mine)}.")
        for layer, trained in zip(mine, theirs):
            layer.set_weights(trained.get_weights())
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise ModelError(
            f"The weights of {path} do not fit the backbone {model.name!r}: {str(error).splitlines()[0]} Expected: "
            f"the model.keras of an earlier run with the same backbone."
        ) from error
