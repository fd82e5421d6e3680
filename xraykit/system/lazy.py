"""Packages whose public names are imported when they are first used, so that importing the package itself is cheap."""

import ast
import importlib
import sys
from collections.abc import Callable
from typing import Any


def lazy_names(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The ``__getattr__``, ``__dir__`` and ``__all__`` of a package, from the imports that it shows to type checkers.

    Each public name is listed once in its ``__init__.py``::

        if TYPE_CHECKING:
            from xraykit.bundle.loading import load_model as load_model
        else:
            __getattr__, __dir__, __all__ = lazy_names(__name__)

    A name must differ from the package's modules: Python sets those as attributes of the package as well.

    Args:
        package: Its full name.
    """
    module = sys.modules[package]
    module_of = _imports_for_type_checkers(module.__spec__.loader.get_source(package))  # type: ignore[union-attr]
    names = sorted(module_of)

    def load(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"{package} has no {name!r}. Public names: {', '.join(names)}.")
        value = getattr(importlib.import_module(module_of[name]), name)
        setattr(module, name, value)
        return value

    return load, lambda: sorted(names), names


def _imports_for_type_checkers(source: str) -> dict[str, str]:
    """Each name that is imported under ``if TYPE_CHECKING:``, and its module."""
    return {
        alias.asname or alias.name: str(node.module)
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
