"""Grad-CAM (Selvaraju et al., ICCV 2017): where a model looked for a label."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from xraykit import backend
from xraykit.errors import ModelError
from xraykit.model import FEATURE_MAP

# What Grad-CAM has on the customary 224 pixels: the last feature map of most backbones is 7 x 7 there.
FEWEST_CELLS = 7


class GradCam:
    """Grad-CAM of any model built by xraykit, whatever its backbone.

    The map is taken at the last layer whose feature map has at least 7 x 7 cells and which everything passes through:
    the backbone's last one on pictures of 224 pixels, an earlier one on smaller pictures, where the last has only
    2 x 2 cells and would show nothing.

    Args:
        model: From ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits, with a layer named ``feature_map``.
        layer: Name of the layer to take instead.

    Attributes:
        layer: Name of the layer that was taken.
        cells: Side of its feature map; the heat map has no finer detail.

    Raises:
        ModelError: it has no such layer.
    """

    def __init__(self, model: keras.Model, layer: str | None = None) -> None:
        names = [each.name for each in model.layers]
        if FEATURE_MAP not in names or (layer is not None and layer not in names):
            raise ModelError(
                f"Grad-CAM needs a layer named {layer or FEATURE_MAP!r}; xraykit's models have {FEATURE_MAP!r}. "
                f"Received: {model.name!r} with layers {', '.join(names[-5:])}."
            )
        self.layer = layer or _finest_useful_layer(model)
        features = model.get_layer(self.layer).output
        self.cells = int(features.shape[1])
        self._size = int(model.input_shape[1])
        self._labels = int(model.output_shape[1])
        self._body = keras.Model(model.input, features)
        self._head = keras.Model(features, model.output)

    def heat_maps(self, pictures: np.ndarray, labels: Sequence[int] | np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Heat maps of ``n`` radiographs, each for one label.

        Args:
            pictures: ``(n, S, S)`` or ``(n, S, S, 1)``, 0–255.
            labels: ``(n,)`` position of the label among the model's outputs, for each radiograph.
            batch_size: Radiographs at a time.

        Returns:
            ``(n, S, S)`` float32, 0–1. Each map is divided by its largest value; a map that is 0 everywhere says that
            nothing in the picture spoke for the label.

        Raises:
            ModelError: shapes do not fit, or a label is out of range.
        """
        pictures, columns = self._checked(pictures, np.asarray(labels))
        if len(pictures) == 0:
            return np.zeros((0, self._size, self._size), np.float32)
        maps = [
            self._batch(pictures[start : start + batch_size], columns[start : start + batch_size])
            for start in range(0, len(pictures), batch_size)
        ]
        return np.concatenate(maps)

    def _checked(self, pictures: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pictures = np.asarray(pictures, np.float32)
        if pictures.ndim == 3:
            pictures = pictures[..., None]
        if pictures.shape != (len(columns), self._size, self._size, 1):
            raise ModelError(
                f"Expected pictures ({len(columns)}, {self._size}, {self._size}), one for each label. "
                f"Received: {pictures.shape}."
            )
        if len(columns) and not (columns.min() >= 0 and columns.max() < self._labels):
            raise ModelError(f"Labels are positions from 0 to {self._labels - 1}. Received: {columns.tolist()}.")
        return pictures, columns

    def _batch(self, pictures: np.ndarray, columns: np.ndarray) -> np.ndarray:
        features = np.asarray(self._body.predict(pictures, verbose=0), np.float32)
        chosen = np.eye(self._labels, dtype=np.float32)[columns]

        def chosen_logits(tensor: object) -> object:
            return ops.sum(self._head(tensor, training=False) * chosen)

        slopes = backend.gradient(chosen_logits, features)
        weights = slopes.mean(axis=(1, 2), keepdims=True)
        maps = np.maximum((weights * features).sum(axis=-1, keepdims=True), 0)
        resized = np.asarray(ops.image.resize(maps, (self._size, self._size), interpolation="bilinear"))[..., 0]
        peaks = resized.max(axis=(1, 2), keepdims=True)
        return np.asarray(np.divide(resized, peaks, out=np.zeros_like(resized), where=peaks > 0))


def _finest_useful_layer(model: keras.Model) -> str:
    layers = {layer.name: layer for layer in model.layers}
    learnt = False
    chosen = FEATURE_MAP
    for name in _passages(model):
        if name in layers:
            learnt = learnt or bool(layers[name].weights)
            shape = layers[name].output.shape
            if learnt and len(shape) == 4 and shape[1] >= FEWEST_CELLS:
                chosen = name
        if name == FEATURE_MAP:
            break
    return chosen


def _passages(model: keras.Model) -> list[str]:
    """Names of the steps that everything passes through, in order: no connection leads around them."""
    steps = model.operations
    maker = {id(tensor): place for place, step in enumerate(steps) for tensor in keras.tree.flatten(step.output)}
    last_use = [0] * len(steps)
    for place, step in enumerate(steps):
        for tensor in keras.tree.flatten(step.input):
            last_use[maker[id(tensor)]] = max(place, last_use[maker[id(tensor)]])
    passages, furthest = [], 0
    for place, use in enumerate(last_use):
        if furthest <= place:
            passages.append(steps[place].name)
        furthest = max(furthest, use)
    return passages


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
