"""Where each pixel of a changed picture comes from, and what is there."""

from typing import Any

from keras import ops

Tensor = Any


def sample(pixels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Bilinear interpolation of pictures at given positions.

    Args:
        pixels: ``(B, H, W, 1)`` float32.
        rows: ``(B, h, w)`` float32, counted from the middle of the first pixel.
        columns: ``(B, h, w)`` float32.

    Returns:
        ``(B, h, w, 1)`` float32; outside the picture it is 0.
    """
    height, width = pixels.shape[1:3]
    flat = ops.reshape(pixels, (-1, height * width))
    top, left = ops.floor(rows), ops.floor(columns)
    total = ops.zeros_like(rows)
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        weight = (1 - ops.abs(rows - row)) * (1 - ops.abs(columns - column))
        inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
        index = ops.clip(row, 0, height - 1) * width + ops.clip(column, 0, width - 1)
        index = ops.reshape(ops.cast(index, "int32"), (-1, rows.shape[1] * rows.shape[2]))
        values = ops.reshape(ops.take_along_axis(flat, index, axis=1), ops.shape(rows))
        total = total + ops.where(inside, weight * values, 0.0)
    return total[..., None]
