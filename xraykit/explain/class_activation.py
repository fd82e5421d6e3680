"""Grad-CAM (Selvaraju et al., ICCV 2017): the regions that increase a label's logit."""

import keras
import numpy as np
from keras import ops

from xraykit.explain.feature_layer import feature_layer
from xraykit.explain.saliency import SaliencyMethod
from xraykit.model import backend


class GradCam(SaliencyMethod):
    """Grad-CAM of any model built by xraykit, whatever its backbone.

    Radiographs that are the same and follow each other go through the backbone once.

    Args:
        model: From ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits, with a layer named ``feature_map``.
        layer: Name of the layer to take instead of :func:`~xraykit.explain.feature_layer.feature_layer`'s choice.

    Attributes:
        layer: Name of the layer that was taken.
        cells: Side of its feature map; the heat map has no finer detail.

    Raises:
        ModelError: it has no such layer.
    """

    def __init__(self, model: keras.Model, layer: str | None = None) -> None:
        taken = feature_layer(model, layer)
        super().__init__(model)
        self.layer = taken.name
        self.cells = int(taken.output.shape[1])
        self._features = backend.outputs(keras.Model(model.input, taken.output))
        self._slopes = backend.slopes(keras.Model(taken.output, model.output))

    def _evidence(self, pictures: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        new = np.append(True, (pictures[1:] != pictures[:-1]).any(axis=(1, 2, 3)))
        features = self._features(pictures[new])[np.cumsum(new) - 1]
        weights = self._slopes(features, chosen).mean(axis=(1, 2), keepdims=True)
        maps = np.maximum((weights * features).sum(axis=-1, keepdims=True), 0)
        return np.asarray(ops.image.resize(maps, (self._size, self._size), interpolation="bilinear"))[..., 0]


def grad_cam(model: keras.Model, picture: np.ndarray, label: int) -> np.ndarray:
    """Heat map of one radiograph for one label.

    Args:
        model: See :class:`GradCam`.
        picture: ``(S, S)``, 0–255.
        label: Position of the label among the model's outputs.

    Returns:
        ``(S, S)`` float32, 0–1.
    """
    return np.asarray(GradCam(model).heat_maps(np.asarray(picture)[None], [label])[0])
