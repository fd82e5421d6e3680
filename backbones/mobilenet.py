"""MobileNetV3 small and large (Howard et al., ICCV 2019): for small machines and quick trials."""

from typing import Any

from xraykit.registry import register_backbone


@register_backbone("mobilenet_v3_small", min_size=32)
def mobilenet_v3_small(pixels: Any, weights: str | None = None) -> Any:
    """MobileNetV3Small without its top: ``(B, H, W, 3)`` pixels 0–255 to ``(B, H/32, W/32, 576)``.

    Its own preprocessing is the first layer of the graph that Keras builds.
    """
    import keras

    return keras.applications.MobileNetV3Small(include_top=False, weights=weights, input_tensor=pixels).output


@register_backbone("mobilenet_v3_large", min_size=32)
def mobilenet_v3_large(pixels: Any, weights: str | None = None) -> Any:
    """MobileNetV3Large without its top: ``(B, H, W, 3)`` pixels 0–255 to ``(B, H/32, W/32, 960)``.

    Its own preprocessing is the first layer of the graph that Keras builds.
    """
    import keras

    return keras.applications.MobileNetV3Large(include_top=False, weights=weights, input_tensor=pixels).output
