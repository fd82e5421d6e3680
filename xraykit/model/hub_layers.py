"""Layers of KerasHub whose own configuration Keras cannot make them again from, or that it would make otherwise.

Some name what their constructor does not take, some leave out an argument, so that a layer made again has its default,
and some name a class in a way that Keras cannot read. A network of them could be trained, but neither flattened nor
loaded. Their configuration is completed from what they know about themselves. The files that are written name
KerasHub's own classes: Keras and KerasHub load them without xraykit.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from xraykit.errors import ModelError

_PACKAGE = "keras_hub"
# Arguments that a layer keeps under another name, by class and argument; the names are KerasHub 0.32's.
_KEPT_AS: dict[tuple[str, str], str] = {
    ("HierarchicalTransformerEncoder", "sr_ratio"): "attn.sr_ratio",
    ("HierarchicalTransformerEncoder", "drop_prob"): "drop_prop",
    ("HierarchicalTransformerEncoder", "layer_norm_epsilon"): "norm1.epsilon",
    ("SwinTransformerStage", "downsample"): "_downsample_cls",
}
# What a constructor adds to the name that it is given.
_ADDED_TO_NAME = {"DepthwiseConvBlock": "_0"}
_MISSING = object()


def complete_configurations(layers: Iterable[Any]) -> None:
    """Let layers of KerasHub give all arguments that they were made with.

    It changes ``get_config`` of those classes whose own does not; layers of other packages stay as they are.

    Raises:
        ModelError: nothing tells an argument of a layer, so that it would be another layer when it is made again.
    """
    seen: set[type] = set()
    for layer in layers:
        kind = type(layer)
        if kind in seen or kind.__module__.split(".")[0] != _PACKAGE or isinstance(layer, keras.Model):
            continue
        seen.add(kind)
        own = kind.get_config
        if not isinstance(own, _Completed) and (_lacks(layer) or kind.__name__ in _ADDED_TO_NAME):
            kind.get_config = _Completed(own)
            kind.get_config(layer)
        if kind.build is keras.layers.Layer.build:
            # From a stored shape Keras would mark it as built and leave the layers inside it without weights.
            kind.get_build_config = _no_build_configuration


class _Completed:
    """In place of the ``get_config`` of a class."""

    def __init__(self, own: Callable[[Any], dict[str, Any]]) -> None:
        self._own = own

    def __get__(self, layer: Any, kind: type) -> Any:
        return self if layer is None else lambda: self(layer)

    def __call__(self, layer: Any) -> dict[str, Any]:
        own = _configuration(self._own, layer) or {}
        common = keras.layers.Layer.get_config(layer)
        common["name"] = common["name"].removesuffix(_ADDED_TO_NAME.get(type(layer).__name__, ""))
        return {
            **common,
            **{name: _argument(layer, name, own) for name in _arguments(type(layer)) if name not in common},
        }


def _no_build_configuration(layer: Any) -> None:
    return None


def _lacks(layer: Any) -> bool:
    """Whether the configuration of a layer is not that of its constructor's arguments."""
    own = _configuration(type(layer).get_config, layer)
    if own is None:
        return True
    common = keras.layers.Layer.get_config(layer).keys()
    return set(own) - set(common) != set(_arguments(type(layer))) - set(common)


def _configuration(get_config: Callable[[Any], dict[str, Any]], layer: Any) -> dict[str, Any] | None:
    try:
        return get_config(layer)
    except (AttributeError, TypeError, NotImplementedError):
        # It names an attribute that the layer does not have, or a class where Keras expects an object.
        return None


def _arguments(kind: type) -> list[str]:
    """Names of all arguments of a layer's constructor, also of those that it passes on to another layer's."""
    names: dict[str, None] = {}
    for each in kind.__mro__:
        if each is keras.layers.Layer:
            break
        parameters = inspect.signature(each.__init__).parameters.values() if "__init__" in vars(each) else ()  # type: ignore[misc]
        names.update({each.name: None for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD})
        if parameters and all(each.kind is not each.VAR_KEYWORD for each in parameters):
            break
    names.pop("self", None)
    return list(names)


def _argument(layer: Any, name: str, own: dict[str, Any]) -> Any:
    if name in own:
        return own[name]
    kind = type(layer).__name__
    for path in (_KEPT_AS.get((kind, name), name), f"_{name}"):
        value = _at(layer, path)
        if value is not _MISSING:
            return _as_configuration(value)
    raise ModelError(
        f"The layer {layer.name!r} of KerasHub ({kind}) does not keep its argument {name!r}, so that it could never be "
        f"loaded again as it was trained. Choose another backbone, or another version of KerasHub."
    )


def _at(layer: Any, path: str) -> Any:
    value = layer
    for step in path.split("."):
        value = getattr(value, step, _MISSING)
    return value


def _as_configuration(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, type):
        # As Keras names a function: it looks a class of its own or of KerasHub up in the same way.
        module = "keras.layers" if value.__module__.startswith("keras.") else value.__module__
        return {"module": module, "class_name": "function", "config": value.__name__, "registered_name": value.__name__}
    simple = value is None or isinstance(value, str | int | float | tuple | list | dict)
    return value if simple else keras.saving.serialize_keras_object(value)
