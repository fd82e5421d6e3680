"""The augmentation layer: random changes of training pictures, inside the model."""

import math
from typing import Any

import keras
from keras import ops, random

from xraykit.model.augmentation.greys import blurred, with_contrast, with_cutout, with_gamma, with_noise
from xraykit.model.augmentation.interpolation import sample

Tensor = Any

AMOUNTS = ("shift", "rotation", "zoom", "contrast", "flip", "gamma", "noise", "blur", "cutout", "crop")
"""The kinds of change, by the names of the layer's arguments and of the keys of ``training.augmentation``."""


@keras.saving.register_keras_serializable(package="xraykit")
class RadiographAugmentation(keras.layers.Layer):
    """Small random changes of place and of grey levels, while training only.

    Keras' own random layers change the picture whenever a model is called without ``training=False``; on a radiograph
    to be diagnosed that would be a silent error. They also interpolate once for each kind of change and cannot be
    compiled by XLA, so that JAX would run uncompiled. This layer stays out of the way unless it is called
    with ``training=True``, as ``fit`` does, and draws shift, rotation, zoom and crop in one bilinear interpolation.

    The changes of grey levels follow in the order in which they arise: contrast and gamma with the exposure, blur and
    noise in the detector; the rectangle of cutout is painted last.

    Args:
        shift: Largest shift as a share of the side, 0–0.5.
        rotation: Largest rotation in degrees, 0–45.
        zoom: Largest zoom in or out as a share, 0–0.5.
        contrast: Largest change of contrast as a share, 0–1.
        flip: Whether to flip left and right, each with probability 1/2.
        seed: Of what is drawn; ``None`` takes one at random.
        gamma: Pixels become 255 (pixel / 255)^g with log g uniform between −log(1 + gamma) and log(1 + gamma).
        noise: Largest standard deviation of added Gaussian noise in grey levels.
        blur: Largest standard deviation of a Gaussian blur in pixels.
        cutout: Largest side of one rectangle in the picture's mean grey, as a share of the side, 0–0.5 (DeVries and
            Taylor 2017).
        crop: Most that is cropped away of the side before the picture is enlarged again, 0–0.5.

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
        gamma: float = 0.0,
        noise: float = 0.0,
        blur: float = 0.0,
        cutout: float = 0.0,
        crop: float = 0.0,
        **settings: Any,
    ) -> None:
        # Interpolating pixels in half precision would lose grey levels.
        super().__init__(**{**settings, "dtype": "float32"})
        self.shift, self.rotation, self.zoom = shift, rotation, zoom
        self.contrast, self.flip, self.seed = contrast, flip, seed
        self.gamma, self.noise, self.blur, self.cutout, self.crop = gamma, noise, blur, cutout, crop
        self.generator = random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to build: the layer has no weights."""
        self.built = True

    def call(self, pixels: Tensor, training: bool = False) -> Tensor:
        """Pixels of the same shape, changed if ``training``.

        An amount of 0 draws no random number: what the others draw does not depend on the kinds that exist.
        """
        if not training:
            return pixels
        if self.shift or self.rotation or self.zoom or self.flip or self.crop:
            pixels = sample(pixels, *self._places(pixels))
        if self.contrast:
            pixels = with_contrast(pixels, 1 + self.uniform(pixels, self.contrast)[..., None])
        if self.gamma:
            pixels = with_gamma(pixels, ops.exp(self.uniform(pixels, math.log1p(self.gamma)))[..., None])
        if self.blur:
            pixels = blurred(pixels, self.share(pixels, self.blur))
        if self.noise:
            deviation = self.share(pixels, self.noise)[..., None]
            normal = random.normal(ops.shape(pixels), dtype="float32", seed=self.generator)
            pixels = with_noise(pixels, normal, deviation)
        if self.cutout:
            sides, place = ([self.share(pixels, most)[..., None] for _ in range(2)] for most in (self.cutout, 1.0))
            pixels = with_cutout(pixels, tuple(sides), tuple(place))
        return pixels

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this layer again."""
        return {**super().get_config(), **{name: getattr(self, name) for name in (*AMOUNTS, "seed")}}

    def uniform(self, pixels: Tensor, largest: float) -> Tensor:
        """A number for each picture, ``(B, 1, 1)``, from ``-largest`` to ``largest``."""
        return random.uniform((ops.shape(pixels)[0], 1, 1), -largest, largest, dtype="float32", seed=self.generator)

    def share(self, pixels: Tensor, largest: float) -> Tensor:
        """A number for each picture, ``(B, 1, 1)``, from 0 to ``largest``."""
        return (self.uniform(pixels, largest) + largest) / 2

    def _places(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Where each pixel of the changed picture comes from: rows and columns, ``(B, H, W)`` float32."""
        height, width = pixels.shape[1:3]
        rows = ops.arange(height, dtype="float32")[None, :, None] - (height - 1) / 2
        columns = ops.arange(width, dtype="float32")[None, None, :] - (width - 1) / 2
        angle = self.uniform(pixels, math.radians(self.rotation))
        scale = 1 / (1 + self.uniform(pixels, self.zoom))
        mirror = ops.sign(self.uniform(pixels, 1.0)) if self.flip else 1.0
        down, right = self.uniform(pixels, self.shift * height), self.uniform(pixels, self.shift * width)
        if self.crop:
            rows, columns = self._cropped(pixels, rows, columns)
        from_row = scale * (ops.cos(angle) * rows - ops.sin(angle) * columns)
        from_column = scale * mirror * (ops.sin(angle) * rows + ops.cos(angle) * columns)
        return from_row + down + (height - 1) / 2, from_column + right + (width - 1) / 2

    def _cropped(self, pixels: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """The positions of a smaller picture that lies within the one of ``rows`` and ``columns``."""
        away = self.share(pixels, self.crop)
        height, width = pixels.shape[1:3]
        down, right = (self.uniform(pixels, 1.0) * away * (size - 1) / 2 for size in (height, width))
        return (1 - away) * rows + down, (1 - away) * columns + right
