"""Entries of one kind by name, built in or from a plug-in.

A registry knows its built-ins by the module that registers them and imports that module only when the name is
looked up, so that listing names costs nothing.
"""

import difflib
import importlib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from xraykit.errors import RegistryError, XraykitError

T = TypeVar("T")


@dataclass
class Registry(Generic[T]):
    """Entries of one kind by name.

    Args:
        kind: What is registered, as an error message calls it ("backbone").
        builtins: Name to the module that registers it when imported.
        families: Prefix of names, such as ``keras:``, to the module that knows all entries of such names; for those of
            another library, whose names change. The module has ``find(name)``, which gives the entry without importing
            that library or raises a :class:`RegistryError`, and ``DESCRIPTION``, by which the names are listed.
    """

    kind: str
    builtins: dict[str, str] = field(default_factory=dict)
    families: dict[str, str] = field(default_factory=dict)
    _entries: dict[str, T] = field(default_factory=dict, repr=False)
    _functions: dict[str, object] = field(default_factory=dict, repr=False)
    _plugins: dict[str, str] = field(default_factory=dict, repr=False)

    def add(self, name: str, entry: T, function: object = None) -> T:
        """Register ``entry`` under ``name``.

        Args:
            name: As experiments call it.
            entry: What :meth:`get` returns.
            function: The function or class that the entry is about, whose module counts as the one that registers it;
                left out, the entry itself.

        Raises:
            RegistryError: ``name`` is taken. Registering the same object again is allowed.
        """
        function = entry if function is None else function
        if self._family_of(name) or (name in self.builtins and _module(function) != self.builtins[name]):
            raise RegistryError(f"{name!r} is a built-in {self.kind}. Choose another name.")
        taken = self._entries.get(name, entry)
        if taken is not entry and not _is_reload(self._functions.get(name), function):
            raise RegistryError(
                f"The {self.kind} {name!r} is already registered by {self.module_of(name)}. "
                f"Received: another one from {_module(function)}. Choose another name."
            )
        self._entries[name], self._functions[name] = entry, function
        return entry

    def get(self, name: str) -> T:
        """The entry called ``name``.

        Raises:
            RegistryError: nothing is registered under ``name``; the message lists what is.
        """
        if name not in self._entries and name in self.builtins:
            importlib.import_module(self.builtins[name])
        if name not in self._entries and (module := self._family_of(name)):
            self._entries[name] = importlib.import_module(module).find(name)
        if name not in self._entries:
            raise RegistryError(unknown_name(self.kind, name, (*self.names(), *self._descriptions())))
        return self._entries[name]

    def is_builtin(self, name: str) -> bool:
        """Whether ``name`` is xraykit's own or of a family, and no plug-in's."""
        return name in self.builtins or self._family_of(name) is not None

    def complaint(self, name: str) -> str | None:
        """What is wrong with ``name``, as a message; None if it can be looked up."""
        try:
            self.get(name)
        except RegistryError as error:
            return str(error)
        return None

    def module_of(self, name: str) -> str:
        """Name of the module that registered ``name``: ``__main__`` for a notebook or a script."""
        known = self.builtins.get(name) or self._family_of(name)
        if known:
            return known
        self.get(name)
        return self._plugins.get(name) or _module(self._functions.get(name))

    def names(self) -> tuple[str, ...]:
        """All names that can be looked up, sorted, except those of families."""
        return tuple(sorted(name for name in {*self.builtins, *self._entries} if self._family_of(name) is None))

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._entries or name in self.builtins or (self._family_of(name) is not None and self._has(name))

    def _has(self, name: str) -> bool:
        return self.complaint(name) is None

    def _family_of(self, name: str) -> str | None:
        """The module of the family that ``name`` belongs to."""
        return next((module for prefix, module in self.families.items() if name.startswith(prefix)), None)

    def _descriptions(self) -> Iterator[str]:
        for module in self.families.values():
            yield str(importlib.import_module(module).DESCRIPTION)

    @contextmanager
    def filled_by(self, module: str) -> Iterator[None]:
        """While ``module`` is imported: what it registers is its own.

        What it registered when it was imported before is removed, and so is what it registers before it fails.
        """
        for name in [name for name in self._entries if self.module_of(name) == module]:
            del self._entries[name]
        earlier = set(self._entries)
        try:
            yield
        except BaseException:
            for name in set(self._entries) - earlier:
                del self._entries[name]
            raise
        self._plugins |= dict.fromkeys(set(self._entries) - earlier, module)

    @contextmanager
    def naming_plugin(self, name: str) -> Iterator[None]:
        """While the entry ``name`` runs: an unexpected error of a plug-in gets a message that names the plug-in.

        An error inside a built-in entry is a fault of xraykit and stays as it is.

        Raises:
            RegistryError: the plug-in raised another exception than an :class:`XraykitError`.
        """
        try:
            yield
        except XraykitError:
            raise
        except Exception as error:
            if self.is_builtin(name):
                raise
            raise RegistryError(
                f"The {self.kind} {name!r} of the plug-in {self.module_of(name)} failed: "
                f"{type(error).__name__}: {error}{_line_of(error)}. Correct the plug-in, or report this to its author."
            ) from error


def unknown_name(kind: str, name: str, known: tuple[str, ...] | list[str]) -> str:
    """A message for a name that is not among ``known``, with the nearest spelling."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown {kind} {name!r}.{hint} Known: {', '.join(known)}."


def _module(function: object) -> str:
    return str(getattr(function, "__module__", type(function).__module__))


def _is_reload(old: object, new: object) -> bool:
    """Whether a notebook cell is run again, which defines the same name of the same module again."""
    same_name = getattr(old, "__qualname__", 0) == getattr(new, "__qualname__", 1)
    return _module(old) == _module(new) == "__main__" and same_name


def _line_of(error: Exception) -> str:
    """Where the error was raised, such as ``(my_format.py, line 12)``."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
