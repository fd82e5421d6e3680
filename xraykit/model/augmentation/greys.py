"""Changes of grey levels, each by an amount of its own for every picture.

Pictures are ``(B, H, W, 1)`` float32, 0–255, and so are the results. Everything has a static shape, so that XLA can
compile it.
"""

from typing import Any

from keras import ops

Tensor = Any


def with_contrast(pixels: Tensor, factor: Tensor) -> Tensor:
    """Differences from the mean of each picture multiplied by ``factor`` ``(B, 1, 1, 1)``."""
    mean = ops.mean(pixels, axis=(1, 2, 3), keepdims=True)
    return ops.clip((pixels - mean) * factor + mean, 0.0, 255.0)


def with_gamma(pixels: Tensor, exponent: Tensor) -> Tensor:
    """255 (pixel / 255)^exponent, with an exponent ``(B, 1, 1, 1)`` above 0; black and white stay."""
    return 255.0 * ops.power(ops.clip(pixels / 255.0, 0.0, 1.0), exponent)


def blurred(pixels: Tensor, deviation: Tensor) -> Tensor:
    """Gaussian blur with a standard deviation ``(B, 1, 1)`` in pixels, from 0; edges are mirrored without the edge.

    A product with one matrix for the rows and one for the columns: the deviations differ from picture to picture, so
    that no convolution with one kernel would do.
    """
    height, width = pixels.shape[1:3]
    along_rows = ops.matmul(_blur_matrix(height, deviation), pixels[..., 0])
    along_both = ops.matmul(along_rows, ops.transpose(_blur_matrix(width, deviation), (0, 2, 1)))
    return ops.clip(along_both, 0.0, 255.0)[..., None]


def with_noise(pixels: Tensor, normal: Tensor, deviation: Tensor) -> Tensor:
    """Standard normal numbers ``(B, H, W, 1)`` times ``deviation`` ``(B, 1, 1, 1)`` added; clipped to 0–255."""
    return ops.clip(pixels + deviation * normal, 0.0, 255.0)


def with_cutout(pixels: Tensor, sides: tuple[Tensor, Tensor], place: tuple[Tensor, Tensor]) -> Tensor:
    """One rectangle of each picture painted in the picture's mean grey.

    Args:
        pixels: The pictures.
        sides: Height and width, ``(B, 1, 1, 1)``, as a share of the picture's.
        place: How far down and right it is, ``(B, 1, 1, 1)``: from 0, at the first edge, to 1, at the last.
    """
    inside = [
        _within(ops.arange(size, dtype="float32"), size * share, at * size * (1 - share))
        for size, share, at in zip(pixels.shape[1:3], sides, place, strict=True)
    ]
    mask = inside[0][:, :, None, None] & inside[1][:, None, :, None]
    return ops.where(mask, ops.mean(pixels, axis=(1, 2, 3), keepdims=True), pixels)


def _within(positions: Tensor, length: Tensor, begin: Tensor) -> Tensor:
    """Whether the middle of each pixel ``(n,)`` is in the stretch of each picture ``(B, n)``."""
    middles = positions[None, :] + 0.5
    begin, length = begin[:, :, 0, 0], length[:, :, 0, 0]
    return (middles >= begin) & (middles < begin + length)


def _blur_matrix(size: int, deviation: Tensor) -> Tensor:
    """The weights of all pixels of a line for each of its pixels, ``(B, size, size)``."""
    place = ops.arange(size, dtype="float32")
    to, of = place[:, None], place[None, :]
    # Below this the nearest neighbour weighs nothing in float32.
    scale = 0.5 / ops.square(ops.maximum(deviation, 1e-2))

    def weights(distance: Tensor) -> Tensor:
        return ops.exp(-ops.square(distance)[None] * scale)

    # Each pixel also stands for its mirror images beyond both edges; the edges themselves have none there.
    first, last = ops.cast(of > 0, "float32"), ops.cast(of < size - 1, "float32")
    total = weights(to - of) + first * weights(to + of) + last * weights(2 * (size - 1) - to - of)
    return total / ops.sum(total, axis=-1, keepdims=True)
