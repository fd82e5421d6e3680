"""Whether a network can be loaded again once it is saved: seen when it is built, not after hours of training."""

from collections.abc import Iterator
from typing import Any

import keras

from xraykit.errors import ModelError

_FUNCTIONS = {"function", "__lambda__"}
# Packages whose layers Keras itself imports when it loads a file.
_KNOWN_PACKAGES = {"keras", "keras_hub", "builtins"}


def check_saveable(model: keras.Model) -> None:
    """See that Keras can find every layer and function of a network by its name.

    Raises:
        ModelError: the network has a ``Lambda`` layer, whose code is never loaded from a file, or a layer, function or
            other object of a plug-in's own that is not registered.
    """
    try:
        unknown = sorted(set(_unknown(model.get_config())))
    except (AttributeError, NotImplementedError, OSError, TypeError, ValueError) as error:
        # A plug-in may raise an error without any text.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        unknown = [f"an object without a usable get_config() ({reason})"]
    if unknown:
        raise ModelError(
            f"The network {model.name!r} could be trained and saved but never loaded again. It has: "
            f"{'; '.join(unknown)}. Expected: layers and functions of Keras, or some that are registered with "
            f"@keras.saving.register_keras_serializable(package=...), and no Lambda layer. Change the plug-in."
        )


def _unknown(values: Any) -> Iterator[str]:
    if isinstance(values, list | tuple):
        for each in values:
            yield from _unknown(each)
    if not isinstance(values, dict):
        return
    name, registered = values.get("class_name"), values.get("registered_name") or ""
    if name == "Lambda":
        yield "a Lambda layer"
    elif _is_code(values):
        yield "a lambda function"
    elif name in _FUNCTIONS and not _is_known(values, registered):
        yield f"the function {values.get('config')!r}" if name == "function" else "a lambda function"
    elif isinstance(name, str) and _is_foreign(values.get("module")) and ">" not in registered:
        yield f"{name} of {values['module']}"
    for each in values.values():
        yield from _unknown(each)


def _is_known(values: dict[str, Any], registered: str) -> bool:
    """Whether Keras finds a function, or a class that is an argument, by its name."""
    # Functions of Keras have the module `builtins`, as those of others have.
    module = str(values.get("module")).split(".")[0]
    return ">" in f"{registered}{values.get('config')}" or module in _KNOWN_PACKAGES - {"builtins"}


def _is_foreign(module: object) -> bool:
    return isinstance(module, str) and module.split(".")[0] not in _KNOWN_PACKAGES


def _is_code(values: dict[str, Any]) -> bool:
    """A lambda function as an activation: code, defaults and closure, without a name."""
    value = values.get("value")
    return values.keys() == {"value"} and isinstance(value, list | tuple) and len(value) == 3
