"""The loss that an experiment names."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from xraykit.errors import ModelError
from xraykit.registry import LOSSES


def build_loss(
    name: str, pos_weights: np.ndarray, neg_weights: np.ndarray, settings: Mapping[str, float] | None = None
) -> keras.losses.Loss:
    """The loss that ``training.loss`` names; that of a plug-in is tried on three radiographs first.

    Args:
        name: As it is registered.
        pos_weights: ``(L,)`` weights of positives.
        neg_weights: ``(L,)`` weights of negatives.
        settings: Of a built-in loss; see :attr:`xraykit.config.Training.loss_settings`.

    Raises:
        RegistryError: the code of a plug-in failed.
        ModelError: the loss of unknown, positive, negative and soft labels is not a finite number.
    """
    with LOSSES.naming_plugin(name):
        loss: keras.losses.Loss = LOSSES.get(name)(pos_weights, neg_weights, **(settings or {}))
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
