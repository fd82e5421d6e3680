"""One network of Keras that computes what a bundle does: views and members inside, pixels in, logits out."""

from typing import Any

import keras
from keras import layers

from xraykit.bundle import Classifier
from xraykit.errors import ModelError
from xraykit.export.ensemble_layer import CalibratedMean
from xraykit.export.views_layer import AllViews
from xraykit.model import LOGITS, PIXELS, views_of
from xraykit.model.augmentation import RadiographAugmentation


def network_to_export(classifier: Classifier) -> keras.Model:
    """The network of a bundle from ``(B, S, S, 1)`` float32 pixels 0–255 to ``(B, L)`` float32 logits.

    - Layers that act during training only, as augmentation and dropout, are left out.
    - It computes in float32, also where it was trained in half precision: other runtimes have few layers in that.
    - Several views of a picture (test-time augmentation) are computed inside, and their logits averaged.
    - The logits of an ensemble are the mean over its members of their calibrated logits.

    The decision rule of the bundle makes probabilities and calls of the logits.

    Raises:
        ModelError: Keras does not run on TensorFlow, from which it exports to all formats.
    """
    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            f"Networks are exported by Keras on TensorFlow, whatever they were trained on. Received: Keras on "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=tensorflow for this command."
        )
    size, views = classifier.image_size, classifier.test_time_augmentation
    pixels = keras.Input((size, size, 1), name=PIXELS, dtype="float32")
    count = len(views_of(views))
    seen = pixels if count == 1 else AllViews(views, size)(pixels)
    members = [_for_prediction(model, f"member_{number}") for number, model in enumerate(classifier.models, 1)]
    outputs = [_mean_of_views(member(seen), count) for member in members]
    if classifier.is_ensemble:
        outputs = [CalibratedMean(classifier.member_rules)(keras.ops.stack(outputs, axis=1))]
    logits = layers.Identity(name=LOGITS, dtype="float32")(outputs[0])
    return keras.Model(pixels, logits, name="exported")


def _mean_of_views(logits: Any, count: int) -> Any:
    if count == 1:
        return logits
    return keras.ops.mean(keras.ops.reshape(logits, (count, -1, logits.shape[-1])), axis=0)


def _for_prediction(model: keras.Model, name: str) -> keras.Model:
    """A copy in float32 without the layers that act during training only; the members of an ensemble share a name."""

    def copied(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, RadiographAugmentation | layers.Dropout):
            return layers.Identity(name=layer.name, dtype="float32")
        config = layer.get_config()
        # An operation, such as a sum of two tensors, is no layer and has no type of its own.
        if isinstance(layer, layers.Layer) and layer.compute_dtype != "float32" and "dtype" in config:
            config["dtype"] = "float32"
        return layer.__class__.from_config(config)

    copy = keras.models.clone_model(model, clone_function=copied)
    for layer in model.layers:
        if layer.weights and not isinstance(layer, RadiographAugmentation | layers.Dropout):
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return keras.Model(copy.inputs, copy.outputs[0], name=name)
