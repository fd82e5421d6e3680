"""Test-time augmentation inside an exported network: every view of a picture, as products with constant matrices."""

from typing import Any

import keras
import numpy as np
from keras import ops

from xraykit.config import ViewsName
from xraykit.model import View, views_of

_CHUNK = 16


class AllViews(keras.layers.Layer):
    """Pictures ``(B, S, S, 1)`` in all V views, one after another: ``(V·B, S, S, 1)``.

    Each view of :func:`xraykit.model.views_of` changes rows and columns on their own and linearly, so that it is
    ``R·X·Cᵀ``. The matrices are read off the views themselves: there is one definition of a view.

    Args:
        name: ``evaluation.test_time_augmentation``.
        size: Side S in pixels.
    """

    def __init__(self, views: ViewsName, size: int) -> None:
        super().__init__(dtype="float32", name="views", trainable=False)
        self._matrices = [_matrices(view, size) for view in views_of(views)]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to build: the matrices are constants."""
        self.built = True

    def call(self, pixels: Any) -> Any:
        """See the class."""
        picture = ops.squeeze(pixels, -1)
        seen = [_product(rows, columns, picture) for rows, columns in self._matrices]
        return ops.expand_dims(ops.concatenate(seen, axis=0), -1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As many pictures as views of each; their number is known when the network runs."""
        return (None, *input_shape[1:])


def _product(rows: np.ndarray | None, columns: np.ndarray | None, picture: Any) -> Any:
    if rows is not None:
        picture = ops.matmul(ops.convert_to_tensor(rows), picture)
    if columns is not None:
        picture = ops.matmul(picture, ops.convert_to_tensor(columns.T.copy()))
    return picture


def _matrices(view: View, size: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """R and C of a view, each ``(S, S)`` float32; None for one that leaves everything as it is."""
    rows, columns = np.empty((size, size), np.float32), np.empty((size, size), np.float32)
    for start in range(0, size, _CHUNK):
        chosen = np.arange(start, min(start + _CHUNK, size))
        striped = np.zeros((len(chosen), size, size, 1), np.float32)
        striped[np.arange(len(chosen)), chosen] = 1
        # A picture with one white row j: R[:, j] in each of its columns. With one white column j: C[:, j] in each row.
        rows[:, chosen] = view(striped)[:, :, 0, 0].T
        columns[:, chosen] = view(striped.transpose(0, 2, 1, 3))[:, 0, :, 0].T
    same = np.eye(size, dtype=np.float32)
    return (None if np.array_equal(rows, same) else rows), (None if np.array_equal(columns, same) else columns)
