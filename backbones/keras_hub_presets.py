"""Every image backbone of KerasHub as ``hub:PRESET``, such as ``hub:resnet_18_imagenet``, or ``hub:FOLDER``.

A preset is a folder with the configuration of a backbone, that of its image converter, and weights: no code. KerasHub
is an extra (``hub``), imported only when a network is built.
"""

import math
import re
from collections.abc import Iterator
from functools import cache, partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from xraykit.errors import ModelError, RegistryError
from xraykit.registry import Backbone, unknown_name

PREFIX = "hub:"
DESCRIPTION = "hub:PRESET (each image backbone of KerasHub, such as hub:resnet_18_imagenet, or hub:FOLDER)"

_MISSING = "KerasHub is not installed. Install it with `pip install 'xraykit[hub]'`."
# Name of each built-in preset, as KerasHub's files list them.
_PRESET = re.compile(r'^    "([a-z0-9][\w.-]*)": \{', re.MULTILINE)


def find(name: str) -> Backbone:
    """The backbone ``hub:PRESET``, which is looked up without importing KerasHub.

    Raises:
        RegistryError: KerasHub is not installed, knows no such preset, or the folder contains none.
    """
    preset = name.removeprefix(PREFIX)
    if _installed() is None:
        raise RegistryError(f"The backbone {name!r} needs KerasHub. {_MISSING}")
    known = _presets()
    if _is_folder(preset):
        if not (Path(preset) / "config.json").is_file():
            raise RegistryError(
                f"The backbone {name!r} names a folder that contains no preset of KerasHub: {preset}/config.json is "
                f"missing. Save one with `backbone.save_to_preset(FOLDER)`."
            )
    elif "://" in preset or (known and preset not in known):
        raise RegistryError(_unknown(name, known))
    return Backbone(partial(_build, preset), published_weights="preset")


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = unknown_name("backbone", name, [f"{PREFIX}{each}" for each in known]).partition(" Known: ")[0]
    return (
        f"{near} Known: the built-in presets of the installed KerasHub, and folders with a preset, such as "
        f"hub:./my_preset. A preset of another website is downloaded first."
    )


def _is_folder(preset: str) -> bool:
    return preset.startswith((".", "/", "~")) or Path(preset).is_dir()


def _installed() -> Path | None:
    """The folder of the installed KerasHub."""
    spec = PathFinder.find_spec("keras_hub")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


@cache
def _presets() -> tuple[str, ...]:
    """Names of all built-in presets, of images and others; empty where KerasHub's files are arranged otherwise."""
    folder = _installed()
    files = [] if folder is None else sorted(folder.rglob("*_presets.py"))
    return tuple(name for file in files for name in _PRESET.findall(file.read_text(encoding="utf-8")))


def _build(preset: str, pixels: Any, weights: str | None = None) -> Any:
    """Pixels ``(B, H, W, 3)``, 0-255, to the last feature map of the preset's backbone."""
    import keras

    if weights not in (None, "preset"):
        raise ModelError(
            f"hub:{preset} takes the weights `none` (random), `preset` (its own) or the model.keras of an earlier run. "
            f"Received: {weights!r}."
        )
    backbone = _backbone(preset, int(pixels.shape[1]), weights == "preset")
    if len(backbone.inputs) != 1 or len(backbone.inputs[0].shape) != 4:
        raise ModelError(f"hub:{preset} is no backbone for images alone: it has the inputs {_shapes(backbone.inputs)}.")
    features = _last_feature_map(backbone, preset, int(pixels.shape[1]))
    body = keras.Model(backbone.inputs, features, name=f"{backbone.name}_features")
    return body(_preprocessed(preset, pixels))


def _backbone(preset: str, size: int, own_weights: bool) -> Any:
    hub = _keras_hub()
    settings = {"load_weights": own_weights}
    try:
        return hub.models.Backbone.from_preset(preset, image_shape=(size, size, 3), **settings)
    except TypeError as error:
        # Backbones that take images of any size may have no such argument.
        if "image_shape" not in str(error):
            raise
        return hub.models.Backbone.from_preset(preset, **settings)


def _keras_hub() -> Any:
    try:
        import keras_hub
    except ImportError as error:
        reason = f"KerasHub cannot be imported: {error}. Install it with `pip install 'xraykit[hub]'`."
        raise ModelError(_MISSING if error.name == "keras_hub" else reason) from error
    return keras_hub


def _preprocessed(preset: str, pixels: Any) -> Any:
    """Gain and offset of the preset's image converter as a layer; xraykit resizes pictures itself.

    Raises:
        ModelError: the preset has no image converter, so that the pixels that its weights expect are unknown.
    """
    import keras

    try:
        converter = _keras_hub().layers.ImageConverter.from_preset(preset)
    except (ValueError, OSError) as error:
        raise ModelError(
            f"The preset {preset!r} has no image converter, so that it is unknown which pixels its backbone expects: "
            f"{str(error).splitlines()[0]} Save one with `converter.save_to_preset(FOLDER)`."
        ) from error
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    if type(converter).call is not _keras_hub().layers.ImageConverter.call:
        raise ModelError(
            f"The image converter of the preset {preset!r} does more than to scale and offset pixels, which xraykit "
            f"cannot build into the network. Choose another backbone."
        )
    return keras.layers.Rescaling(scale, offset, name="preprocessing", dtype="float32")(pixels)


def _last_feature_map(backbone: Any, preset: str, size: int) -> Any:
    """The deepest feature map ``(B, h, w, C)``.

    Of a pyramid that is the smallest one. The tokens of a vision transformer are put in the order of the patches that
    they stand for; those in front, which stand for no place, are left out.
    """
    output = backbone.output
    maps = list(output.values()) if isinstance(output, dict) else [output]
    if all(len(each.shape) != 4 for each in maps):
        maps += list(getattr(backbone, "pyramid_outputs", {}).values())
    found = [each for each in maps if len(each.shape) == 4]
    if found:
        # The last one of equal or unknown size is the deepest.
        return min(reversed(found), key=lambda each: (each.shape[1] or 0) * (each.shape[2] or 0))
    tokens = next((each for each in maps if len(each.shape) == 3), None)
    side = 0 if tokens is None else _side(backbone, size, tokens.shape[1] or 0)
    if not side:
        raise ModelError(
            f"hub:{preset} gives no feature map, which pooling and heat maps need: its output is {_shapes(maps)}. "
            f"Expected: (B, h, w, C), or (B, tokens, C) with one token for each patch. Choose another backbone."
        )
    return _as_map(tokens, side)


def _side(backbone: Any, size: int, tokens: int) -> int:
    """Tokens along one side of the picture; 0 where that is unknown."""
    patch = getattr(backbone, "patch_size", None)
    patch = patch[0] if isinstance(patch, tuple | list) and len(set(patch)) == 1 else patch
    side = size // patch if isinstance(patch, int) and patch > 0 else 0
    if side * side <= tokens:
        return side
    # Transformers that merge patches on the way, such as Swin, have no tokens in front.
    merged = math.isqrt(tokens)
    return merged if merged and merged * merged == tokens and side % merged == 0 else 0


def _as_map(tokens: Any, side: int) -> Any:
    from keras import layers

    in_front = int(tokens.shape[1]) - side * side
    patches = layers.Cropping1D((in_front, 0), name="tokens_of_patches")(tokens) if in_front else tokens
    return layers.Reshape((side, side, int(tokens.shape[2])), name="map_of_patches")(patches)


def _shapes(tensors: Any) -> str:
    return ", ".join(str(tuple(each.shape)) for each in _each(tensors))


def _each(tensors: Any) -> Iterator[Any]:
    yield from tensors.values() if isinstance(tensors, dict) else tensors
