"""The contract of a loss, checked on a few labels and logits."""

from typing import Any

import keras
import numpy as np
from keras import ops

from xraykit.errors import ModelError
from xraykit.model import build_loss
from xraykit.testing.contract import require

_LABELS = np.array([[1, 0, np.nan], [0, 1, 1], [np.nan, 0, 0]], np.float32)

_SHARES = (0.0, 0.25, 0.4)


def check_loss(name: str) -> None:
    """Check that a registered loss keeps the contract.

    It is one finite number for logits of any size, with a finite gradient; it does not depend on the logits of unknown
    labels, whose gradient is 0; it falls when the logits of positives rise and those of negatives fall; a soft target,
    such as the share of readers who saw the finding, is not rounded; and it can be used in a compiled model.

    Args:
        name: As in ``training.loss``.

    Raises:
        RegistryError: nothing is registered under ``name``, or the code of the loss failed.
        ModelError: the contract is broken; the message says where.
    """
    loss = build_loss(name, np.array([0.9, 0.8, 0.7]), np.array([0.1, 0.2, 0.3]))
    right = np.where(np.isnan(_LABELS), 0, 2 * np.nan_to_num(_LABELS) - 1).astype(np.float32)

    def value(logits: np.ndarray) -> float:
        return float(ops.convert_to_numpy(loss(_LABELS, logits)))

    _require(name, all(np.isfinite(value(scale * right)) for scale in (-100, 0, 100)), "is not finite for large logits")
    unknown = np.isnan(_LABELS)
    moved = right + np.where(unknown, 7, 0).astype(np.float32)
    _require(name, bool(np.isclose(value(right), value(moved))), "depends on the logits of unknown labels")
    _require(name, value(3 * right) < value(right) < value(-right), "does not fall when the logits get better")
    # Logits whose sum is not 0: without class weights, the pulls of the labels would cancel.
    soft = [float(ops.convert_to_numpy(loss(np.full((1, 3), each, np.float32), right[:1] - 0.5))) for each in _SHARES]
    _require(name, len(set(soft)) == len(soft), f"gives the same value for soft targets of {_SHARES}")
    for scale in (-100, -1, 0, 1, 100):
        slopes = _slopes(loss, _LABELS, scale * right)
        _require(name, bool(np.isfinite(slopes).all()), f"has no finite gradient at logits of {scale}")
        _require(name, not slopes[unknown].any(), "has a gradient for the logits of unknown labels")
    _check_training(name, loss)


def _slopes(loss: keras.losses.Loss, labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Gradient of a loss with regard to the logits ``(B, L)``, under any framework: a step of gradient descent."""
    given = keras.Input(logits.shape)
    layer = keras.layers.EinsumDense("nij,ij->nij", output_shape=logits.shape, bias_axes=None)
    model = keras.Model(given, keras.layers.Reshape((-1,))(layer(given)))
    layer.set_weights([logits])
    rows = keras.ops.shape(logits)[0]

    def of_all(y_true: Any, y_pred: Any) -> Any:
        return loss(ops.reshape(y_true, (rows, -1)), ops.reshape(y_pred, (rows, -1)))

    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=of_all)
    model.train_on_batch(np.ones((1, *logits.shape), np.float32), labels.reshape(1, -1))
    change: np.ndarray = logits - np.asarray(layer.get_weights()[0])
    return change


def _check_training(name: str, loss: keras.losses.Loss) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(optimizer="sgd", loss=loss)
    pictures = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    history = model.fit(pictures, _LABELS, epochs=2, verbose=0).history["loss"]
    _require(name, bool(np.isfinite(history).all()), "becomes NaN in training")


def _require(name: str, kept: bool, broken: str) -> None:
    require(ModelError, f"The loss {name!r}", kept, broken)
