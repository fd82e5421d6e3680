"""Normalisation and optimizers in one TensorFlow operation each, where Keras takes dozens.

The results equal Keras' own up to rounding. The gain is time before the first step: DenseNet121 has 121 normalisations
and 366 arrays of weights, and Python handles each operation several times.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import keras
import tensorflow as tf

from xraykit.model.library_internals import ArrayUpdates, RecipeUpdates

Tensor = Any


def can_be_fused(layer: Any) -> bool:
    """Whether :func:`normalise` computes what training this layer does: Keras' plain one, on NHWC feature maps."""
    return (
        type(layer) is keras.layers.BatchNormalization
        and layer.trainable
        and layer.axis in (-1, 3)
        and layer.input_spec.ndim == 4
        and not layer.synchronized
        and not getattr(layer, "renorm", False)
    )


def normalise(layer: keras.layers.BatchNormalization, features: Tensor) -> Tensor:
    """Normalise a batch as ``layer(features, training=True)`` does, and move the layer's statistics.

    Half precision is read and written as it is where the device can do so; a copy in float32 would cost a third of
    DenseNet121's step. Statistics, scale, offset and all sums are float32 whatever the features are.

    Args:
        layer: One that :func:`can_be_fused`.
        features: ``(B, h, w, C)``.

    Returns:
        ``(B, h, w, C)`` in the layer's precision.
    """
    kind = tf.as_dtype(layer.compute_dtype)
    # Keras' layers round their input to their own precision, too.
    features = tf.cast(features, kind)
    if not takes(kind):
        features = tf.cast(features, tf.float32)
    channels = features.shape[-1]
    scale = layer.gamma.value if layer.scale else tf.ones([channels])
    offset = layer.beta.value if layer.center else tf.zeros([channels])
    fused = _fused_normalisation(features, scale, offset, layer.epsilon)
    # The operation estimates the variance of the population (n - 1); Keras keeps that of the batch (n).
    count = tf.cast(tf.size(features), tf.float32) / channels
    variance = fused.batch_variance * (tf.maximum(count - 1, 1) / count)
    for moving, batch in ((layer.moving_mean.value, fused.batch_mean), (layer.moving_variance.value, variance)):
        moving.assign_sub((moving - batch) * (1 - layer.momentum))
    return tf.cast(fused.y, kind)


@cache
def takes(kind: tf.DType) -> bool:
    """Whether the device in use normalises features of this type, and differentiates it, without a copy in float32.

    It is tried on a few numbers: where a kernel is missing, TensorFlow raises an error, or silently computes on the
    processor instead of the device.
    """
    if kind == tf.float32:
        return True
    with tf.init_scope():
        # Numbers of its own: those of the training must not depend on this.
        wide = tf.random.stateless_normal([2, 3, 3, 8], seed=[0, 0])
        narrow = tf.cast(wide, kind)
        try:
            tried = _tried(narrow)
        except tf.errors.OpError:
            return False
        return all(
            one.device == other.device and float(tf.reduce_max(tf.abs(tf.cast(one, tf.float32) - other))) < 0.1
            for one, other in zip(tried, _tried(wide))
        )


def _tried(features: Tensor) -> tuple[Tensor, Tensor]:
    """Result of a normalisation, and a gradient: by its operation, as no tape records where this is called."""
    channels = features.shape[-1]
    done = _fused_normalisation(features, tf.ones([channels]), tf.zeros([channels]), 1e-3)
    gradients = tf.raw_ops.FusedBatchNormGradV3(
        y_backprop=done.y * done.y,
        x=features,
        scale=tf.ones([channels]),
        reserve_space_1=done.reserve_space_1,
        reserve_space_2=done.reserve_space_2,
        reserve_space_3=done.reserve_space_3,
        epsilon=1e-3,
        is_training=True,
    )
    return done.y, gradients.x_backprop


def _fused_normalisation(features: Tensor, scale: Tensor, offset: Tensor, epsilon: float) -> Any:
    none = tf.constant([], tf.float32)
    return tf.raw_ops.FusedBatchNormV3(
        x=features, scale=scale, offset=offset, mean=none, variance=none, epsilon=epsilon, is_training=True
    )


class _Fused(ArrayUpdates, RecipeUpdates):
    """Applies one kernel to each array of weights; everything else of the optimizer stays Keras'."""

    def update_function(self, learning_rate: Any) -> Callable[[int, Any, Tensor], None]:
        """See :class:`.ArrayUpdates`."""
        rate = tf.cast(learning_rate, tf.float32)
        kernels = {share: self._kernel(rate * share) for share in {1.0, *self._shares}}

        def apply(index: int, variable: Any, gradient: Tensor) -> None:
            kernels[self.share_of(variable)](index, variable.value.handle, tf.cast(gradient, tf.float32))

        return apply

    @abstractmethod
    def _kernel(self, rate: Tensor) -> Callable[[int, Tensor, Tensor], None]:
        """The function that updates one array: its index among all, its handle, its gradient."""


class FusedAdam(_Fused, keras.optimizers.Adam):
    """Keras' Adam."""

    def _kernel(self, rate: Tensor) -> Callable[[int, Tensor, Tensor], None]:
        step = tf.cast(self.iterations + 1, tf.float32)
        beta_1, beta_2 = tf.constant(self.beta_1), tf.constant(self.beta_2)
        settings = {
            "beta1": beta_1,
            "beta2": beta_2,
            "beta1_power": tf.pow(beta_1, step),
            "beta2_power": tf.pow(beta_2, step),
            "epsilon": tf.constant(self.epsilon),
            "lr": rate,
        }
        momentums, velocities = self.slots("momentums"), self.slots("velocities")

        def apply(index: int, variable: Tensor, gradient: Tensor) -> None:
            m, v = momentums[index].value.handle, velocities[index].value.handle
            tf.raw_ops.ResourceApplyAdam(var=variable, m=m, v=v, grad=gradient, **settings)

        return apply


class FusedAdamW(FusedAdam, keras.optimizers.AdamW):
    """Keras' AdamW: Adam, with a weight decay by default."""


class FusedRMSprop(_Fused, keras.optimizers.RMSprop):
    """Keras' RMSprop; it has one more slot for each array of weights, which the kernel requires."""

    def build(self, var_list: Sequence[Any]) -> None:
        """Create the slots."""
        if not self.built:
            super().build(var_list)
            self.momentums = self.add_optimizer_variables(var_list, "momentum")

    def _kernel(self, rate: Tensor) -> Callable[[int, Tensor, Tensor], None]:
        settings = {
            "rho": tf.constant(self.rho),
            "momentum": tf.constant(self.momentum),
            "epsilon": tf.constant(self.epsilon),
            "lr": rate,
        }
        velocities = self.slots("velocities")

        def apply(index: int, variable: Tensor, gradient: Tensor) -> None:
            ms, mom = velocities[index].value.handle, self.momentums[index].value.handle
            tf.raw_ops.ResourceApplyRMSProp(var=variable, ms=ms, mom=mom, grad=gradient, **settings)

        return apply


class FusedSGD(_Fused, keras.optimizers.SGD):
    """Keras' SGD with momentum."""

    def _kernel(self, rate: Tensor) -> Callable[[int, Tensor, Tensor], None]:
        momentum = tf.constant(self.momentum)

        def apply(index: int, variable: Tensor, gradient: Tensor) -> None:
            accumulated = self.momentums[index].value.handle
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable, accum=accumulated, lr=rate, grad=gradient, momentum=momentum
            )

        return apply
