"""The networks of a bundle, and what they compute of pictures in memory."""

from collections.abc import Sequence
from functools import cached_property

import keras
import numpy as np

from xraykit.config import ViewsName
from xraykit.errors import ModelError
from xraykit.model import FEATURE_MAP, backend, over_views


class Networks:
    """One network, or the ``m`` of an ensemble, each from ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits.

    Args:
        models: The networks.
        precision: How outputs are computed; see :class:`xraykit.model.backend.Inference`.
        augmentation: The views of each picture over which the logits are averaged.
    """

    def __init__(self, models: Sequence[keras.Model], precision: backend.Precision, augmentation: ViewsName) -> None:
        self._models, self._precision, self._augmentation = models, precision, augmentation

    def logits(self, pictures: np.ndarray, batch_size: int) -> np.ndarray:
        """Each network's outputs, ``(m, n, L)`` float64, for pictures ``(n, S, S)`` 0–255.

        Raises:
            ModelError: the pictures have another size.
        """
        pixels = self._pixels(pictures)

        def over_all_views(infer: backend.Inference) -> np.ndarray:
            return over_views(self._augmentation, lambda view: infer(view(pixels), batch_size))

        return np.stack([over_all_views(infer) for infer in self._inferences]).astype(np.float64)

    def features(self, pictures: np.ndarray, batch_size: int) -> np.ndarray:
        """The last feature maps averaged over their area, side by side: ``(n, C)`` float32.

        Raises:
            ModelError: the pictures have another size, or a network has no layer ``feature_map``.
        """
        pixels = self._pixels(pictures)
        return np.concatenate([infer(pixels, batch_size) for infer in self._feature_inferences], axis=1)

    @property
    def feature_count(self) -> int:
        """``C`` of :meth:`features`.

        Raises:
            ModelError: a network has no layer ``feature_map``.
        """
        return sum(int(_feature_map(model).output.shape[-1]) for model in self._models)

    @cached_property
    def _inferences(self) -> list[backend.Inference]:
        return [backend.Inference(model, self._precision) for model in self._models]

    @cached_property
    def _feature_inferences(self) -> list[backend.Inference]:
        pooled = [
            keras.layers.GlobalAveragePooling2D(dtype="float32")(_feature_map(each).output) for each in self._models
        ]
        networks = [keras.Model(model.input, output) for model, output in zip(self._models, pooled, strict=True)]
        return [backend.Inference(network, self._precision) for network in networks]

    def _pixels(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures ``(n, S, S)`` as the networks take them, ``(n, S, S, 1)`` float32."""
        pixels, size = np.asarray(pictures, np.float32), int(self._models[0].input_shape[1])
        if pixels.ndim != 3 or pixels.shape[1:] != (size, size):
            raise ModelError(
                f"Expected pictures (n, {size}, {size}), 0-255. Received: {pixels.shape}. Read files with read()."
            )
        return pixels[..., None]


def _feature_map(model: keras.Model) -> keras.Layer:
    if FEATURE_MAP not in [layer.name for layer in model.layers]:
        raise ModelError(
            f"Features are those of the layer {FEATURE_MAP!r}, which xraykit's networks have. Received: {model.name!r} "
            f"with layers {', '.join(layer.name for layer in model.layers[-5:])}."
        )
    return model.get_layer(FEATURE_MAP)
