"""The weighted binary cross-entropy, on probabilities and on logits, and the one without weights."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from xraykit.model.losses.masking import MaskedLoss
from xraykit.registry import register_loss

Tensor = Any


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


@register_loss("weighted")
@register_loss("weighted_binary_crossentropy")
@keras.saving.register_keras_serializable(package="xraykit")
class WeightedBinaryCrossentropy(MaskedLoss):
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

    def terms(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each entry, ``(B, L)``."""
        w_pos, w_neg = (ops.cast(ops.convert_to_tensor(w), y_pred.dtype) for w in (self.pos_weights, self.neg_weights))
        return w_pos * y_true * ops.softplus(-y_pred) + w_neg * (1 - y_true) * ops.softplus(y_pred)

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this loss again."""
        return {**super().get_config(), "pos_weights": self.pos_weights, "neg_weights": self.neg_weights}


@register_loss("bce")
def binary_crossentropy(
    pos_weights: Sequence[float] | np.ndarray, neg_weights: Sequence[float] | np.ndarray
) -> WeightedBinaryCrossentropy:
    """Binary cross-entropy on logits without class weights, with unknown labels masked.

    Args:
        pos_weights: ``(L,)``; their number alone is used.
        neg_weights: Not used.
    """
    ones = [1.0] * len(pos_weights)
    return WeightedBinaryCrossentropy(ones, ones, name="binary_crossentropy")
