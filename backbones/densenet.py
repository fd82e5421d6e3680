"""DenseNet121 (Huang et al., CVPR 2017), the backbone of CheXNet and of the CheXpert baseline."""

from typing import Any

from xraykit.registry import register_backbone

# Mean and deviation of ImageNet's colours, as the weights expect them (keras.applications' "torch" mode).
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


@register_backbone("densenet121", min_size=32)
def densenet121(pixels: Any, weights: str | None = None) -> Any:
    """DenseNet121 without its top: ``(B, H, W, 3)`` pixels 0–255 to ``(B, H/32, W/32, 1024)``."""
    import keras

    scaled = keras.layers.Rescaling(
        [1 / 255 / deviation for deviation in _DEVIATION],
        [-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION)],
        name="densenet_preprocessing",
        dtype="float32",
    )(pixels)
    return keras.applications.DenseNet121(include_top=False, weights=weights, input_tensor=scaled).output
