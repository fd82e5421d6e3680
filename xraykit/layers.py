"""The augmentation layer: random changes of training pictures, inside the model."""

from typing import Any

import keras
from keras import layers

Tensor = Any


@keras.saving.register_keras_serializable(package="xraykit")
class RadiographAugmentation(keras.layers.Layer):
    """Small random shifts, rotations, zooms and changes of contrast, while training only.

    Keras' own random layers change the picture whenever a model is called without ``training=False``; on a radiograph
    to be diagnosed that would be a silent error. This layer holds them and stays out of the way unless it is told
    ``training=True``, as ``fit`` does.

    Args:
        shift: Largest shift as a share of the side, 0–0.5.
        rotation: Largest rotation in degrees, 0–45.
        zoom: Largest zoom in or out as a share, 0–0.5.
        contrast: Largest change of contrast as a share, 0–1.
        flip: Whether to flip left and right.

    Call arguments:
        pixels: ``(B, H, W, 1)`` float32, 0–255. What leaves the picture is filled with black.
        training: Whether to change anything.
    """

    def __init__(
        self,
        shift: float = 0.0,
        rotation: float = 0.0,
        zoom: float = 0.0,
        contrast: float = 0.0,
        flip: bool = False,
        **settings: Any,
    ) -> None:
        # Interpolating pixels in half precision would lose grey levels.
        super().__init__(**{**settings, "dtype": "float32"})
        self.settings = {"shift": shift, "rotation": rotation, "zoom": zoom, "contrast": contrast, "flip": flip}
        fill: dict[str, Any] = {"fill_mode": "constant", "dtype": "float32"}
        self.steps: list[keras.layers.Layer] = []
        if flip:
            self.steps.append(layers.RandomFlip("horizontal", dtype="float32"))
        if shift:
            self.steps.append(layers.RandomTranslation((-shift, shift), (-shift, shift), **fill))
        if rotation:
            self.steps.append(layers.RandomRotation((-rotation / 360, rotation / 360), **fill))
        if zoom:
            self.steps.append(layers.RandomZoom((-zoom, zoom), **fill))
        if contrast:
            self.steps.append(layers.RandomContrast(contrast, value_range=(0, 255), dtype="float32"))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Build the layers held."""
        for step in self.steps:
            step.build(input_shape)
        self.built = True

    def call(self, pixels: Tensor, training: bool = False) -> Tensor:
        """Pixels of the same shape, changed if ``training``."""
        if training:
            for step in self.steps:
                pixels = step(pixels, training=True)
        return pixels

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Arguments that build this layer again."""
        return {**super().get_config(), **self.settings}
