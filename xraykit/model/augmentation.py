"""The augmentation layer: random changes of training pictures, inside the model."""

import math
from typing import Any

import keras
from keras import ops, random

Tensor = Any


@keras.saving.register_keras_serializable(package="xraykit")
class RadiographAugmentation(keras.layers.Layer):
    """Small random shifts, rotations, zooms and changes of contrast, while training only.

    Keras' own random layers change the picture whenever a model is called without ``training=False``; on a radiograph
    to be diagnosed that would be a silent error. They also interpolate once for each kind of change and cannot be
    compiled by XLA, so that JAX would run uncompiled. This layer stays out of the way unless it is called
    with ``training=True``, as ``fit`` does, and draws shift, rotation and zoom in one bilinear interpolation.

    Args:
        shift: Largest shift as a share of the side, 0–0.5.
        rotation: Largest rotation in degrees, 0–45.
        zoom: Largest zoom in or out as a share, 0–0.5.
        contrast: Largest change of contrast as a share, 0–1.
        flip: Whether to flip left and right, each with probability 1/2.
        seed: Of what is drawn; ``None`` takes one at random.

    Call arguments:
        pixels: ``(B, H, W, 1)`` float32, 0–255. What comes from outside the picture is black.
        training: Whether to change anything.
    """

    def __init__(
        self,
        shift: float = 0.0,
        rotation: float = 0.0,
        zoom: float = 0.0,
        contrast: float = 0.0,
        flip: bool = False,
        seed: int | None = None,
        **settings: Any,
    ) -> None:
        # Interpolating pixels in half precision would lose grey levels.
        super().__init__(**{**settings, "dtype": "float32"})
        self.shift, self.rotation, self.zoom = shift, rotation, zoom
        self.contrast, self.flip, self.seed = contrast, flip, seed
        self.generator = random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to build: the layer has no weights."""
        self.built = True

    def call(self, pixels: Tensor, training: bool = False) -> Tensor:
        """Pixels of the same shape, changed if ``training``."""
        if not training:
            return pixels
        if self.shift or self.rotation or self.zoom or self.flip:
            pixels = sample(pixels, *self._places(pixels))
        if self.contrast:
            mean = ops.mean(pixels, axis=(1, 2, 3), keepdims=True)
            factor = 1 + self._uniform(pixels, self.contrast)[..., None]
            pixels = ops.clip((pixels - mean) * factor + mean, 0.0, 255.0)
        return pixels

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this layer again."""
        names = ("shift", "rotation", "zoom", "contrast", "flip", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _uniform(self, pixels: Tensor, largest: float) -> Tensor:
        """A number for each picture, ``(B, 1, 1)``, from ``-largest`` to ``largest``."""
        return random.uniform((ops.shape(pixels)[0], 1, 1), -largest, largest, dtype="float32", seed=self.generator)

    def _places(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Where each pixel of the changed picture comes from: rows and columns, ``(B, H, W)`` float32."""
        height, width = pixels.shape[1:3]
        rows = ops.arange(height, dtype="float32")[None, :, None] - (height - 1) / 2
        columns = ops.arange(width, dtype="float32")[None, None, :] - (width - 1) / 2
        angle = self._uniform(pixels, math.radians(self.rotation))
        scale = 1 / (1 + self._uniform(pixels, self.zoom))
        mirror = ops.sign(self._uniform(pixels, 1.0)) if self.flip else 1.0
        from_row = scale * (ops.cos(angle) * rows - ops.sin(angle) * columns)
        from_column = scale * mirror * (ops.sin(angle) * rows + ops.cos(angle) * columns)
        down, right = self._uniform(pixels, self.shift * height), self._uniform(pixels, self.shift * width)
        return from_row + down + (height - 1) / 2, from_column + right + (width - 1) / 2


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
