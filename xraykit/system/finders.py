"""How Python finds the backbones in a checkout, and what is done when another package is imported."""

import importlib.util
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


class PackageFinder(MetaPathFinder):
    """Finds one package, by its own name, in a folder that Python does not search.

    Args:
        name: The full name of the package.
        folder: Its folder.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """See :meth:`importlib.abc.MetaPathFinder.find_spec`."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self._folder / "__init__.py", submodule_search_locations=[str(self._folder)]
        )


class ImportHook(MetaPathFinder):
    """Calls a function around the first import of a package, and not before.

    Args:
        name: The package.
        around: Called instead of the import with the function that imports it.
    """

    def __init__(self, name: str, around: Callable[[Callable[[], None]], None]) -> None:
        self._name = name
        self._around = around

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """See :meth:`importlib.abc.MetaPathFinder.find_spec`."""
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: self._around(lambda: execute(module))  # type: ignore[method-assign]
        return spec
