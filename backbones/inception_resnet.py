"""InceptionResNetV2 (Szegedy et al., AAAI 2017): the largest of the built-in backbones."""

from typing import Any

from xraykit.registry import register_backbone


@register_backbone("inception_resnet_v2", min_size=75)
def inception_resnet_v2(pixels: Any, weights: str | None = None) -> Any:
    """InceptionResNetV2 without its top: ``(B, H, W, 3)`` pixels 0–255 to ``(B, h, w, 1536)``; h is 1 at 75 pixels."""
    import keras

    scaled = keras.layers.Rescaling(1 / 127.5, -1.0, name="inception_resnet_preprocessing", dtype="float32")(pixels)
    return keras.applications.InceptionResNetV2(include_top=False, weights=weights, input_tensor=scaled).output
