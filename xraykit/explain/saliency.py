"""What all saliency methods share: checked radiographs, batches, and heat maps from 0 to 1."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import keras
import numpy as np

from xraykit.errors import ModelError

Evidence = Callable[[np.ndarray, np.ndarray], np.ndarray]


class SaliencyMethod(ABC):
    """A method that shows where in a radiograph a model finds evidence for a label.

    Args:
        model: From ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits.
    """

    passes = 1
    """Copies of one radiograph in a batch; batches contain correspondingly fewer radiographs."""

    def __init__(self, model: keras.Model) -> None:
        self._size = int(model.input_shape[1])
        self._labels = int(model.output_shape[1])

    def heat_maps(self, pictures: np.ndarray, labels: Sequence[int] | np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Heat maps of ``n`` radiographs, each for one label; repeat a radiograph for each label to explain.

        Args:
            pictures: ``(n, S, S)`` or ``(n, S, S, 1)``, 0–255.
            labels: ``(n,)`` position of the label among the model's outputs, for each radiograph.
            batch_size: Pictures in the network at a time.

        Returns:
            ``(n, S, S)`` float32, 0–1. Each map is divided by its largest value; a map that is 0 everywhere means that
            nothing in the picture spoke for the label.

        Raises:
            ModelError: shapes do not fit, a label is out of range, or the network's gradients are not finite.
        """
        maps = np.maximum(self._of_all(self._evidence, pictures, labels, batch_size), 0)
        peaks = maps.max(axis=(1, 2), keepdims=True)
        return np.asarray(np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0))

    @abstractmethod
    def _evidence(self, pictures: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Evidence for a label at each pixel ``(b, S, S)``; negative values are evidence against it.

        Args:
            pictures: ``(b, S, S, 1)`` float32, 0–255.
            chosen: ``(b, L)`` float32, 1 for the label of each picture and 0 for the others.
        """

    def _of_all(
        self, evidence: Evidence, pictures: np.ndarray, labels: Sequence[int] | np.ndarray, batch_size: int
    ) -> np.ndarray:
        """``evidence`` of all radiographs ``(n, S, S)`` float32, a batch at a time."""
        pictures, columns = self._checked(np.asarray(pictures), np.asarray(labels))
        maps = np.zeros(pictures.shape[:3], np.float32)
        step = max(1, batch_size // self.passes)
        for start in range(0, len(maps), step):
            batch = slice(start, start + step)
            chosen = np.eye(self._labels, dtype=np.float32)[columns[batch]]
            maps[batch] = evidence(pictures[batch].astype(np.float32), chosen)
        if not np.isfinite(maps).all():
            raise ModelError(
                "The network's gradients must be finite. Received: NaN or infinite ones. Its weights have diverged: "
                "train it again with a lower training.learning_rate."
            )
        return maps

    def _checked(self, pictures: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if pictures.ndim == 3:
            pictures = pictures[..., None]
        if pictures.shape != (columns.size, self._size, self._size, 1) or columns.ndim != 1:
            raise ModelError(
                f"Expected pictures ({columns.size}, {self._size}, {self._size}), one for each label. "
                f"Received: {pictures.shape}."
            )
        known = np.isin(columns, np.arange(self._labels))
        if not known.all():
            raise ModelError(
                f"Labels are positions from 0 to {self._labels - 1}. Received: {columns[~known].tolist()}."
            )
        return pictures, columns.astype(np.intp)
