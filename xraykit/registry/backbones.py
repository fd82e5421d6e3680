"""Backbones by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from xraykit.registry.names import Registry


class BackboneFunction(Protocol):
    """From pixels to a feature map, in one flat graph."""

    def __call__(self, pixels: "object", weights: str | None = None) -> "object":
        """Build the backbone on ``pixels``.

        Args:
            pixels: Keras tensor ``(B, H, W, 3)`` float32, 0–255; three equal channels. The backbone begins with
                its own preprocessing.
            weights: ``None``, ``"imagenet"``, ``"preset"`` (of ``hub:`` alone) or the path of a weights file.

        Returns:
            Keras tensor ``(B, h, w, C)``, the last feature map before pooling.
        """


@dataclass(frozen=True)
class Backbone:
    """A registered backbone.

    Attributes:
        build: See :class:`BackboneFunction`.
        min_size: Smallest picture side in pixels that it can take.
        published_weights: The word for the weights that its authors publish, as in ``model.weights``.
    """

    build: BackboneFunction
    min_size: int = 32
    published_weights: str = "imagenet"


BACKBONES: Registry[Backbone] = Registry(
    "backbone",
    {
        "densenet121": "xraykit.backbones.densenet",
        "inception_resnet_v2": "xraykit.backbones.inception_resnet",
        "mobilenet_v3_large": "xraykit.backbones.mobilenet",
        "mobilenet_v3_small": "xraykit.backbones.mobilenet",
    },
    families={"keras:": "xraykit.backbones.keras_applications", "hub:": "xraykit.backbones.keras_hub_presets"},
)


def register_backbone(name: str, *, min_size: int = 32) -> Callable[[BackboneFunction], BackboneFunction]:
    """Decorator: make a function available as ``model.backbone: NAME``.

    Args:
        name: What the experiment file calls it.
        min_size: Smallest picture side in pixels that it can take.

    Raises:
        RegistryError: ``name`` is taken.

    Example:
        >>> @register_backbone("two_convolutions")
        ... def two_convolutions(pixels, weights=None):
        ...     from keras import layers
        ...     x = layers.Rescaling(1 / 255)(pixels)
        ...     x = layers.Conv2D(16, 3, strides=2, activation="relu")(x)
        ...     return layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    """

    def decorate(build: BackboneFunction) -> BackboneFunction:
        BACKBONES.add(name, Backbone(build, min_size), build)
        return build

    return decorate
