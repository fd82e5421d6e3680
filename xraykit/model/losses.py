"""Class weights from the training part alone, and the weighted binary cross-entropy that uses them."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from xraykit.errors import DataError, ModelError
from xraykit.registry import LOSSES, register_loss

Tensor = Any


def class_weights(targets: np.ndarray, times: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Weights that make positives and negatives of each label count the same in total.

    Args:
        targets: ``(n, L)`` targets of the **training part**: 1, 0, between them (soft), or NaN = unknown.
        times: ``(n,)`` how often each radiograph is drawn in an epoch, where sources are sampled by weights; left out,
            once each.

    Returns:
        Two ``(L,)`` float64 arrays: w⁺ = share of negatives, w⁻ = share of positives among the known labels; a soft
        target of 0.7 counts as 0.7 of a positive and 0.3 of a negative. A label with no known value at all gets 0
        and 0.

    Raises:
        DataError: there is no training radiograph at all.
    """
    if len(targets) == 0:
        raise DataError("Class weights come from the training part, which is empty. Check `data.split`.")
    known = ~np.isnan(targets)
    if times is None:
        count = np.maximum(known.sum(axis=0), 1)
        positives = np.where(known, targets, 0).sum(axis=0, dtype=np.float64) / count
    else:
        count = times @ known
        positives = times @ np.where(known, targets, 0).astype(np.float64) / np.where(count > 0, count, 1)
    return np.where(known.any(axis=0), 1 - positives, 0.0), positives


def get_weighted_loss(
    pos_weights: Sequence[float] | np.ndarray, neg_weights: Sequence[float] | np.ndarray, epsilon: float = 1e-7
) -> Callable[[Tensor, Tensor], Tensor]:
    """The well-known weighted loss on probabilities, vectorised.

    Per label −mean(w⁺·y·log(p + ε) + w⁻·(1 − y)·log(1 − p + ε)), summed over the labels. It saturates near 0 and 1:
    train with :class:`WeightedBinaryCrossentropy`, its stable twin on logits.

    Args:
        pos_weights: ``(L,)`` weights of positives.
        neg_weights: ``(L,)`` weights of negatives.
        epsilon: Keeps the logarithm finite.

    Returns:
        A function of ``y_true`` ``(B, L)`` 1 or 0 and ``y_pred`` ``(B, L)`` probabilities to a scalar.
    """

    def weighted_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        w_pos, w_neg = (ops.cast(ops.convert_to_tensor(w), y_pred.dtype) for w in (pos_weights, neg_weights))
        terms = w_pos * y_true * ops.log(y_pred + epsilon) + w_neg * (1 - y_true) * ops.log(1 - y_pred + epsilon)
        return -ops.sum(ops.mean(terms, axis=0))

    return weighted_loss


@register_loss("weighted_binary_crossentropy")
@keras.saving.register_keras_serializable(package="xraykit")
class WeightedBinaryCrossentropy(keras.losses.Loss):
    """Weighted binary cross-entropy on logits, with unknown labels masked.

    Per label the mean over its known entries of w⁺·y·softplus(−z) + w⁻·(1 − y)·softplus(z), summed over the labels:
    the same value as :func:`get_weighted_loss` at p = sigmoid(z), but exact and with a gradient at any logit.

    Args:
        pos_weights: ``(L,)`` weights of positives.
        neg_weights: ``(L,)`` weights of negatives.

    Call arguments:
        y_true: ``(B, L)``: 1, 0, between them (soft), or NaN = unknown.
        y_pred: ``(B, L)`` logits.
    """

    def __init__(
        self,
        pos_weights: Sequence[float] | np.ndarray,
        neg_weights: Sequence[float] | np.ndarray,
        name: str = "weighted_binary_crossentropy",
        **settings: Any,
    ) -> None:
        super().__init__(name=name, **settings)
        self.pos_weights = [float(weight) for weight in pos_weights]
        self.neg_weights = [float(weight) for weight in neg_weights]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each radiograph, ``(B,)``; its mean over the batch is the loss of the class's docstring."""
        known = ops.logical_not(ops.isnan(y_true))
        y_true = ops.where(known, y_true, ops.zeros_like(y_true))
        w_pos, w_neg = (ops.cast(ops.convert_to_tensor(w), y_pred.dtype) for w in (self.pos_weights, self.neg_weights))
        terms = w_pos * y_true * ops.softplus(-y_pred) + w_neg * (1 - y_true) * ops.softplus(y_pred)
        mask = ops.cast(known, y_pred.dtype)
        # Dividing by the share of known entries turns the mean over the batch into the mean over the known ones.
        share = ops.maximum(ops.mean(mask, axis=0), 1e-9)
        return ops.sum(mask * terms / share, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this loss again."""
        return {**super().get_config(), "pos_weights": self.pos_weights, "neg_weights": self.neg_weights}


def build_loss(name: str, pos_weights: np.ndarray, neg_weights: np.ndarray) -> keras.losses.Loss:
    """The loss that ``training.loss`` names; that of a plug-in is tried on three radiographs first.

    Args:
        name: As it is registered.
        pos_weights: ``(L,)`` weights of positives.
        neg_weights: ``(L,)`` weights of negatives.

    Raises:
        RegistryError: the code of a plug-in failed.
        ModelError: the loss of unknown, positive, negative and soft labels is not a finite number.
    """
    with LOSSES.naming_plugin(name):
        loss: keras.losses.Loss = LOSSES.get(name)(pos_weights, neg_weights)
        if name in LOSSES.builtins:
            return loss
        count = len(pos_weights)
        targets = np.array([np.full(count, np.nan), np.arange(count) % 2, np.full(count, 0.3)], np.float32)
        value = np.asarray(ops.convert_to_numpy(loss(targets, np.zeros_like(targets))))
    if value.shape != () or not np.isfinite(value):
        raise ModelError(
            f"The loss {name!r} of the plug-in {LOSSES.module_of(name)} must be one finite number for labels 1, 0, "
            f"between them (soft) and NaN (unknown). Received: {value}. Leave unknown labels out of it."
        )
    return loss
