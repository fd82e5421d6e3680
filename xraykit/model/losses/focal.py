"""Losses in which labels that the network already knows count less: focal and asymmetric."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from xraykit.model.losses.masking import MaskedLoss
from xraykit.registry import register_loss

Tensor = Any


@register_loss("focal")
@keras.saving.register_keras_serializable(package="xraykit")
class FocalLoss(MaskedLoss):
    """Focal loss on logits (Lin et al. 2017, "Focal Loss for Dense Object Detection"), with unknown labels masked.

    Per label the mean over its known entries of −w⁺·y·(1 − p)^γ·log p − w⁻·(1 − y)·p^γ·log(1 − p) with
    p = sigmoid(z), summed over the labels. The class weights are the α of the paper. A soft target counts as that
    share of a positive and the rest of a negative, as in the other losses.

    Args:
        pos_weights: ``(L,)`` weights of positives.
        neg_weights: ``(L,)`` weights of negatives.
        gamma: γ from 0; 0 gives :class:`.WeightedBinaryCrossentropy`.
    """

    def __init__(
        self,
        pos_weights: Sequence[float] | np.ndarray,
        neg_weights: Sequence[float] | np.ndarray,
        gamma: float = 2.0,
        name: str = "focal",
        **settings: Any,
    ) -> None:
        super().__init__(name=name, **settings)
        self.pos_weights = [float(weight) for weight in pos_weights]
        self.neg_weights = [float(weight) for weight in neg_weights]
        self.gamma = float(gamma)

    def terms(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each entry, ``(B, L)``."""
        w_pos, w_neg = (ops.cast(ops.convert_to_tensor(w), y_pred.dtype) for w in (self.pos_weights, self.neg_weights))
        positive = w_pos * _focused(-y_pred, self.gamma)
        return y_true * positive + (1 - y_true) * w_neg * _focused(y_pred, self.gamma)

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this loss again."""
        own = {"pos_weights": self.pos_weights, "neg_weights": self.neg_weights, "gamma": self.gamma}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="xraykit")
class AsymmetricLoss(MaskedLoss):
    """Asymmetric loss on logits (Ridnik et al. 2021, "Asymmetric Loss For Multi-Label Classification").

    Per label the mean over its known entries of −y·(1 − p)^γ⁺·log p − (1 − y)·q^γ⁻·log(1 − q) with p = sigmoid(z) and
    q = max(p − shift, 0), summed over the labels. There are no class weights: the two γ stand in their place.

    Args:
        gamma_positive: γ⁺ from 0.
        gamma_negative: γ⁻ from 0.
        shift: From 0, below 1. Negatives of a probability up to it do not count.
    """

    def __init__(
        self,
        gamma_positive: float = 0.0,
        gamma_negative: float = 4.0,
        shift: float = 0.05,
        name: str = "asymmetric",
        **settings: Any,
    ) -> None:
        super().__init__(name=name, **settings)
        self.gamma_positive, self.gamma_negative = float(gamma_positive), float(gamma_negative)
        self.shift = float(shift)

    def terms(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each entry, ``(B, L)``."""
        positive = _focused(-y_pred, self.gamma_positive)
        if self.shift == 0:
            negative = _focused(y_pred, self.gamma_negative)
        else:
            negative = _shifted(y_pred, self.gamma_negative, self.shift)
        return y_true * positive + (1 - y_true) * negative

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this loss again."""
        names = ("gamma_positive", "gamma_negative", "shift")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register_loss("asymmetric")
def asymmetric(
    pos_weights: Sequence[float] | np.ndarray, neg_weights: Sequence[float] | np.ndarray, **settings: Any
) -> AsymmetricLoss:
    """The asymmetric loss, which has no class weights.

    Args:
        pos_weights: Not used.
        neg_weights: Not used.
        settings: See :class:`AsymmetricLoss`.
    """
    return AsymmetricLoss(**settings)


def _focused(logits: Tensor, gamma: float) -> Tensor:
    """−p^γ·log(1 − p) of p = sigmoid(logits): the loss of a negative. Exact at any logit, as it is of a positive's −z.

    The power of a probability that is rounded to 0 would have no slope, or an infinite one.
    """
    plain = ops.softplus(logits)
    return plain * ops.exp(-gamma * ops.softplus(-logits)) if gamma else plain


def _shifted(logits: Tensor, gamma: float, shift: float) -> Tensor:
    """The loss of a negative whose probability is lowered by ``shift``, at most to 0."""
    lowered = ops.sigmoid(logits) - shift
    counts = lowered > 0
    # A branch that is not taken must be finite too, or its slope would be NaN times 0.
    lowered = ops.where(counts, lowered, 0.5)
    high = ops.where(counts, logits, 0.0) > 0
    of_high = -ops.log(ops.where(high, ops.sigmoid(-logits), 0.5) + shift)
    of_low = -ops.log1p(-ops.where(high, 0.5, lowered))
    loss = ops.where(high, of_high, of_low)
    return ops.where(counts, (lowered**gamma) * loss if gamma else loss, 0.0)
