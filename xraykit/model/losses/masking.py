"""What all losses have in common: entries of unknown labels do not count."""

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

Tensor = Any


class MaskedLoss(keras.losses.Loss):
    """Per label the mean over its known entries, summed over the labels; a batch without any costs nothing.

    Call arguments:
        y_true: ``(B, L)``: 1, 0, between them (soft), or NaN = unknown.
        y_pred: ``(B, L)`` logits.
    """

    @abstractmethod
    def terms(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each entry ``(B, L)``, as if all were known: ``y_true`` has 0 in place of NaN."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each radiograph, ``(B,)``; its mean over the batch is the loss of the class's docstring."""
        known = ops.logical_not(ops.isnan(y_true))
        terms = self.terms(ops.where(known, y_true, ops.zeros_like(y_true)), y_pred)
        mask = ops.cast(known, y_pred.dtype)
        # Dividing by the share of known entries turns the mean over the batch into the mean over the known ones.
        share = ops.maximum(ops.mean(mask, axis=0), 1e-9)
        return ops.sum(mask * terms / share, axis=-1)
