"""Packages whose public names are imported when they are first used, so that importing the package itself is cheap."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def on_demand(package: str, module_of: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of such a package.

    Args:
        package: Its full name.
        module_of: Each public name to the module that defines it, relative to the package.
    """

    def found(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"{package} has no {name!r}. Public names: {', '.join(module_of)}.")
        return getattr(importlib.import_module(f"{package}.{module_of[name]}"), name)

    return found
