"""The network as one flat graph: pixels 0–255 in; augmentation, preprocessing, backbone, head; logits out."""

import os
import re
from pathlib import Path
from random import Random
from typing import Any

import keras
from keras import layers

from xraykit.config import Experiment
from xraykit.errors import ModelError, XraykitError
from xraykit.model import backend
from xraykit.model.augmentation import RadiographAugmentation
from xraykit.model.flattening import flattened, nested_models
from xraykit.model.library_internals import with_inner_layers
from xraykit.model.networks import NetworkPool, Piece
from xraykit.model.saveable import check_saveable
from xraykit.model.start_weights import of_backbone, own_weights, take_weights
from xraykit.registry import BACKBONES

FEATURE_MAP = "feature_map"
LOGITS = "logits"
PIXELS = "pixels"
# Names of the head's layers, which Keras also gives to layers of a backbone that have no name of their own.
_OF_HEAD = re.compile(r"pooling|logits|(dense|dropout)_\d+")


# A search over every built-in family of backbones keeps them all.
_NETWORKS = NetworkPool(size=3)


def build_model(experiment: Experiment) -> keras.Model:
    """Build the network of an experiment; its initial weights depend on the experiment alone.

    The layers up to the last feature map are those of an earlier network of the same structure, if there was one in
    this process that is no longer in use.

    Returns:
        A functional model from ``(B, S, S, 1)`` float32 pixels 0–255 to ``(B, L)`` float32 logits, one per label in
        the order of ``data.labels``. Its layer :data:`FEATURE_MAP` is the last feature map, for Grad-CAM.

    Raises:
        ModelError: the backbone cannot be built, its weights cannot be loaded, or it has layers that could never be
            loaded again from a file.
    """
    network = _NETWORKS.take(_structure(experiment), _start(experiment), lambda: _build_body(experiment))
    head = network.set_head(_head_structure(experiment), lambda features: _head(features, experiment))
    # How far pictures are changed and how many units are dropped may differ between trials on the same layers.
    augmentation = network.body.layers.get_layer("augmentation")
    for name, value in _augmentation(experiment).items():
        setattr(augmentation, name, value)
    for layer in head.layers.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = experiment.model.dropout_rate
    return network.model(experiment.model.network)


def backbone_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers that the backbone added: those before :data:`FEATURE_MAP` that have weights."""
    return of_backbone(model, FEATURE_MAP)


def freeze_backbone(model: keras.Model, frozen: bool) -> None:
    """Freeze or unfreeze the backbone; compile the model afterwards.

    Batch normalisation stays frozen either way, so that the statistics of the pre-training survive the first steps
    of fine-tuning (Keras' guide to transfer learning).
    """
    # A composed layer before those inside it, as it passes its own state on to them.
    for layer in with_inner_layers(backbone_layers(model)):
        layer.trainable = not frozen and not isinstance(layer, layers.BatchNormalization)


def _structure(experiment: Experiment) -> tuple[object, ...]:
    """Everything that determines the layers of a body; the amounts of augmentation can be changed later."""
    name, settings = experiment.model.backbone, experiment.training
    shape = (BACKBONES.get(name).build, name, experiment.data.image_size, experiment.model.normalisation_momentum)
    placed = backend.placement_key()
    return *shape, _weights(experiment), settings.precision, settings.deterministic, placed


def _start(experiment: Experiment) -> tuple[object, ...]:
    """Everything that determines the initial values of a body."""
    return experiment.seed, *_weights(experiment)


def _weights(experiment: Experiment) -> tuple[object, ...]:
    """The initial weights; a file may bring its own preprocessing, which is part of the layers."""
    weights = experiment.model.weights
    file = Path(weights or "")
    return weights, (file.stat().st_mtime_ns, file.stat().st_size) if file.is_file() else None


def _head_structure(experiment: Experiment) -> tuple[object, ...]:
    """Everything that determines the layers of a head and their initial values; dropout of rate 0 draws no numbers."""
    drops = experiment.model.dropout_rate > 0
    return experiment.seed, experiment.head_units, len(experiment.data.labels), drops


def _build_body(experiment: Experiment) -> Piece:
    backend.seed_python(experiment.seed)
    size = experiment.data.image_size
    pixels = keras.Input((size, size, 1), name=PIXELS, dtype="float32")
    augmented = RadiographAugmentation(**_augmentation(experiment), name="augmentation")(pixels)
    # Three equal channels: what every published backbone, and every weights file, expects.
    colours = layers.Concatenate(name="grey_to_three_channels", dtype="float32")([augmented] * 3)
    features = layers.Activation("linear", name=FEATURE_MAP)(_backbone(colours, experiment))
    try:
        network = keras.Model(pixels, features, name=experiment.model.network)
    except ValueError as error:
        raise ModelError(
            f"{_named(experiment)} must build its layers on the given pixels. Message of Keras: {error}"
        ) from error
    network = flattened(network)
    for operation in network.operations:
        if _OF_HEAD.fullmatch(operation.name):
            operation.name = f"backbone_{operation.name}"
    _check_flat(network, experiment)
    check_saveable(network)
    for layer in with_inner_layers(backbone_layers(network)):
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = experiment.model.normalisation_momentum
    take_weights(network, backbone_layers(network), experiment.model)
    return Piece(network, _start(experiment))


def _augmentation(experiment: Experiment) -> dict[str, Any]:
    # Not `model_dump`, which leaves out amounts at their default: the layer of an earlier trial would keep its own.
    return {**dict(experiment.training.augmentation), "seed": _seed(experiment, "augmentation")}


def _seed(experiment: Experiment, layer: str) -> int:
    """The seed of one layer; it must not depend on what was drawn before in this process."""
    return Random(f"{experiment.seed} {layer}").randrange(2**31)


def _backbone(colours: Any, experiment: Experiment) -> Any:
    name, weights = experiment.model.backbone, experiment.model.weights
    own = own_weights(experiment.model)
    try:
        features: Any = BACKBONES.get(name).build(colours, weights=own)
    except XraykitError:
        raise
    except Exception as error:
        # The code of a backbone may be anybody's, and may raise anything.
        first = (str(error).splitlines() or [""])[0] if _is_file(own) else str(error)
        reason = f"{type(error).__name__}: {first.rstrip('.')}.{_advice(own, str(error))}"
        raise ModelError(f"{_named(experiment)} with weights {weights!r} cannot be built: {reason}") from error
    if not isinstance(features, keras.KerasTensor):
        received = "nothing" if features is None else f"an object of type {type(features).__name__}"
        raise ModelError(
            f"{_named(experiment)} must return a feature map, a Keras tensor (B, h, w, C). Received: {received}. "
            f"Check that its function ends with `return`."
        )
    if len(features.shape) != 4:
        raise ModelError(
            f"{_named(experiment)} must return a feature map (B, h, w, C), before pooling. "
            f"Received: a tensor of shape {features.shape}."
        )
    return features


def _named(experiment: Experiment) -> str:
    """The backbone and, if a plug-in defines it, its file."""
    name = experiment.model.backbone
    code = getattr(BACKBONES.get(name).build, "__code__", None)
    origin = (
        "" if BACKBONES.is_builtin(name) or code is None else f" (line {code.co_firstlineno} of {code.co_filename})"
    )
    return f"The backbone {name!r}{origin}"


def _advice(weights: str | None, error: str) -> str:
    if _is_file(weights):
        return (
            " Expected: the model.keras of an earlier run; a .weights.h5 file of this network; or, for densenet121, "
            "a whole file of torch.save (zip or earlier format), .safetensors or HDF5. Nothing of the file was run."
        )
    if weights != "imagenet":
        return ""
    url = re.search(r"https?://\S+/([\w.-]+\.h5)", error)
    if url is None:
        return " Without access to the internet, fetch the file elsewhere and give its path as `model.weights`."
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"
    return (
        f" Without internet access, download {url[0]} on another machine and save it as {folder / url[1]}, or set its "
        f"path as `model.weights`."
    )


def _is_file(weights: str | None) -> bool:
    return weights is not None and Path(weights).is_file()


def _check_flat(network: keras.Model, experiment: Experiment) -> None:
    """Refuse a network that heat maps cannot explain, before it is trained."""
    nested = nested_models(network)
    if nested:
        raise ModelError(
            f"{_named(experiment)} contains models that are classes of their own ({', '.join(nested)}). Heat maps need "
            f"the layers inside, which only functional and sequential models show. Expected: layers, functional or "
            f"sequential models on the given tensor, such as "
            f"keras.applications.DenseNet121(input_tensor=pixels, include_top=False).output."
        )


def _head(features: Any, experiment: Experiment) -> Any:
    x = layers.GlobalAveragePooling2D(name="pooling")(features)
    for number, units in enumerate(experiment.head_units, start=1):
        x = _dense(units, f"dense_{number}", experiment, activation="relu")(x)
        name = f"dropout_{number}"
        x = layers.Dropout(experiment.model.dropout_rate, seed=_seed(experiment, name), name=name)(x)
    # float32 whatever the precision: in half precision a logit of 8 is already a probability of 1.
    return _dense(len(experiment.data.labels), LOGITS, experiment, dtype="float32")(x)


def _dense(units: int, name: str, experiment: Experiment, **settings: Any) -> keras.Layer:
    start = keras.initializers.GlorotUniform(seed=_seed(experiment, name))
    return layers.Dense(units, kernel_initializer=start, name=name, **settings)
