"""How the layers compute in training, such that all devices together compute what one would."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from xraykit.errors import ModelError
from xraykit.model.library_internals import with_inner_layers
from xraykit.model.tensorflow.mirrored.rows import Rows

Tensor = Any

DROPOUTS = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)
"""Layers whose random numbers are drawn for the whole batch."""


def on_rows(operation: Any, rows: Rows, statistics: dict[str, tuple[Tensor, Tensor]]) -> Callable[..., Tensor]:
    """``operation`` as it is called in training, such that all devices together compute what one would."""
    if type(operation) is keras.layers.BatchNormalization and operation.trainable:
        return lambda features, mask=None: _normalise(operation, features, rows, statistics)
    if isinstance(operation, DROPOUTS):
        return lambda features, **settings: features * _mask(operation, features, rows)
    return in_training(operation)


def _normalise(
    layer: keras.layers.BatchNormalization, features: Tensor, rows: Rows, statistics: dict[str, tuple[Tensor, Tensor]]
) -> Tensor:
    """Normalise by mean and variance of the whole batch."""
    wide = tf.cast(features, tf.float32)
    axis = layer.axis % wide.shape.rank
    others = [each for each in range(wide.shape.rank) if each != axis]
    shape = tf.shape(wide)
    count = tf.cast(tf.reduce_prod(tf.gather(shape, others[1:])) * rows.total, tf.float32)
    mean = rows.sum(wide, others) / count
    centred = wide - mean
    variance = rows.sum(tf.square(centred), others) / count
    statistics[layer.name] = tf.reshape(mean, [-1]), tf.reshape(variance, [-1])
    channels = [1] * wide.shape.rank
    channels[axis] = -1
    normal = centred * tf.math.rsqrt(variance + layer.epsilon)
    if layer.scale:
        normal *= tf.reshape(tf.convert_to_tensor(layer.gamma.value), channels)
    if layer.center:
        normal += tf.reshape(tf.convert_to_tensor(layer.beta.value), channels)
    return tf.cast(normal, layer.compute_dtype)


def _mask(layer: keras.layers.Layer, features: Tensor, rows: Rows) -> Tensor:
    """What dropout multiplies this device's rows by."""
    ones = tf.ones(tf.concat([[rows.total], tf.shape(features)[1:]], 0), features.dtype)
    return rows.own(layer(tf.ensure_shape(ones, features.shape), training=True))


def in_training(operation: Any) -> Callable[..., Tensor]:
    """``operation`` as it is called in training."""
    if not isinstance(operation, keras.Layer):
        return operation  # type: ignore[no-any-return]
    return lambda *tensors, **settings: _called(operation, *tensors, **{**settings, "training": True})


def _called(layer: keras.Layer, *tensors: Tensor, **settings: Any) -> Tensor:
    try:
        return layer(*tensors, **settings)
    except ValueError as error:
        if "aggregation" not in str(error):
            raise
        raise ModelError(
            f"The layer {layer.name!r} ({type(layer).__name__}) changes a variable of its own in training, which "
            f"TensorFlow cannot do on several devices. Use training.devices: one, or JAX (KERAS_BACKEND=jax)."
        ) from error


def check_composed(network: keras.Model) -> None:
    """Refuse layers of which each device would compute something of its own inside.

    Raises:
        ModelError: a layer that is composed of others normalises by the batch, or drops values at random.
    """
    for layer in network.layers:
        inner = with_inner_layers([layer])[1:]
        depends = [each for each in inner if isinstance(each, (keras.layers.BatchNormalization, *DROPOUTS))]
        kinds = ", ".join(sorted({type(each).__name__ for each in depends if getattr(each, "rate", 1) > 0}))
        if kinds:
            raise ModelError(
                f"The layer {layer.name!r} is composed of others, of which some depend on the whole batch ({kinds}): "
                f"several devices of TensorFlow would not compute what one does. Train on one device, with another "
                f"backbone, or with KERAS_BACKEND=jax."
            )
