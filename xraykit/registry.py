"""Strategies by name: backbones and data formats, built in or from a third party.

A registry knows its built-ins by the module that registers them and imports that module only when the name is
looked up, so that listing names costs nothing.
"""

import difflib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from xraykit.errors import RegistryError

T = TypeVar("T")


@dataclass
class Registry(Generic[T]):
    """Strategies of one kind by name.

    Args:
        kind: What is registered, as an error message calls it ("backbone").
        builtins: Name to the module that registers it when imported.
    """

    kind: str
    builtins: dict[str, str] = field(default_factory=dict)
    _entries: dict[str, T] = field(default_factory=dict, repr=False)

    def add(self, name: str, entry: T) -> T:
        """Register ``entry`` under ``name``.

        Raises:
            RegistryError: ``name`` is taken. Registering the very same object again is no error.
        """
        if name in self.builtins and _origin(entry) != self.builtins[name]:
            raise RegistryError(f"{name!r} is a built-in {self.kind}. Choose another name.")
        taken = self._entries.get(name, entry)
        if taken is not entry and not _is_reload(taken, entry):
            raise RegistryError(
                f"The {self.kind} {name!r} is registered already, by {_origin(taken)}. "
                f"Received: another one from {_origin(entry)}. Choose another name."
            )
        self._entries[name] = entry
        return entry

    def get(self, name: str) -> T:
        """The strategy called ``name``.

        Raises:
            RegistryError: nothing is registered under ``name``; the message lists what is.
        """
        if name not in self._entries and name in self.builtins:
            importlib.import_module(self.builtins[name])
        if name not in self._entries:
            raise RegistryError(unknown_name(self.kind, name, self.names()))
        return self._entries[name]

    def module_of(self, name: str) -> str:
        """Name of the module that registered ``name``: ``__main__`` for a notebook or a script."""
        return self.builtins.get(name) or _origin(self.get(name))

    def forget(self, module: str) -> None:
        """Take out what ``module`` has registered, as it is about to be imported again."""
        for name in [name for name, entry in self._entries.items() if _origin(entry) == module]:
            del self._entries[name]

    def names(self) -> tuple[str, ...]:
        """All names that can be looked up, sorted."""
        return tuple(sorted({*self.builtins, *self._entries}))

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self.builtins


def unknown_name(kind: str, name: str, known: tuple[str, ...] | list[str]) -> str:
    """A message for a name that is not among ``known``, with the nearest spelling."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown {kind} {name!r}.{hint} Known: {', '.join(known)}."


def _origin(entry: object) -> str:
    return str(getattr(getattr(entry, "build", entry), "__module__", type(entry).__module__))


def _is_reload(old: object, new: object) -> bool:
    """A notebook cell run twice defines the same name of the same module again: that is no clash."""
    old, new = getattr(old, "build", old), getattr(new, "build", new)
    return _origin(old) == _origin(new) == "__main__" and getattr(old, "__qualname__", 0) == getattr(
        new, "__qualname__", 1
    )


class BackboneFunction(Protocol):
    """From pixels to a feature map, in one flat graph."""

    def __call__(self, pixels: "object", weights: str | None = None) -> "object":
        """Build the backbone on ``pixels``.

        Args:
            pixels: Keras tensor ``(B, H, W, 3)`` float32, 0–255; three equal channels. The backbone begins with
                its own preprocessing.
            weights: ``None``, ``"imagenet"`` or the path of a weights file.

        Returns:
            Keras tensor ``(B, h, w, C)``, the last feature map before pooling.
        """


@dataclass(frozen=True)
class Backbone:
    """A registered backbone.

    Attributes:
        build: See :class:`BackboneFunction`.
        min_size: Smallest picture side in pixels that it can take.
    """

    build: BackboneFunction
    min_size: int = 32


BACKBONES: Registry[Backbone] = Registry(
    "backbone",
    {
        "densenet121": "xraykit.backbones.densenet",
        "inception_resnet_v2": "xraykit.backbones.inception_resnet",
        "mobilenet_v3_large": "xraykit.backbones.mobilenet",
        "mobilenet_v3_small": "xraykit.backbones.mobilenet",
    },
)

FORMATS: Registry[Callable[..., object]] = Registry(
    "data format", {"nih": "xraykit.data.formats.nih", "phantom": "xraykit.data.formats.phantom"}
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
        BACKBONES.add(name, Backbone(build, min_size))
        return build

    return decorate


def register_format(name: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Decorator: make a reader of label files available as ``data.format: NAME``.

    Raises:
        RegistryError: ``name`` is taken.
    """

    def decorate(read: Callable[..., T]) -> Callable[..., T]:
        FORMATS.add(name, read)
        return read

    return decorate


def load_plugin(name: str) -> None:
    """Import a plug-in, which registers what it brings.

    A plug-in file whose content has changed since this process imported it is imported again, and what it registered
    before is forgotten. What it imports itself stays as it was first imported.

    Args:
        name: A module name (``my_package.backbones``) or the path of a ``.py`` file.

    Raises:
        RegistryError: the plug-in cannot be found, fails while it is imported, or is a module that has changed since.
    """
    try:
        if name.endswith(".py"):
            _import_file(_file(name))
        else:
            _import_module(name)
    except RegistryError:
        raise
    except (Exception, SystemExit) as error:
        raise RegistryError(
            f"The plug-in {name!r} could not be imported: {type(error).__name__}: {error}. Expected: a module that "
            f"Python can import, or the path of a .py file."
        ) from error


def plugin_sha256(name: str) -> str:
    """SHA-256 of the code that runs for a loaded plug-in: of its file, or of all Python files of a package.

    Raises:
        RegistryError: it was not loaded.
    """
    key = str(_file(name)) if name.endswith(".py") else name
    if key not in _LOADED:
        raise RegistryError(f"The plug-in {name!r} is not loaded. Call load_plugin first.")
    return _LOADED[key]


# Path of a plug-in file, or name of a module, to the hash of the content that was imported.
_LOADED: dict[str, str] = {}


def _file(name: str) -> Path:
    try:
        return Path(name).expanduser().resolve()
    except RuntimeError:
        raise RegistryError(f"The plug-in {name!r} is not there: that user has no home folder.") from None


def _import_file(path: Path) -> None:
    if not path.is_file():
        raise RegistryError(f"The plug-in {path} is not there. Check `plugins` in the experiment file.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    imported = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == str(path)]
    # Without a hash, somebody else imported it, such as a test: a second copy would register its names again.
    if not imported or _LOADED.get(str(path), digest) != digest:
        _run_file(path, content, imported[0].__name__ if imported else _free_name(path))
    _LOADED[str(path)] = digest


def _run_file(path: Path, content: bytes, name: str) -> None:
    """Run the content that was hashed as the module ``name``."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise RegistryError(f"The plug-in {path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    for registry in (BACKBONES, FORMATS):
        registry.forget(name)
    _LOADED.pop(str(path), None)
    sys.modules[name] = module
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        for registry in (BACKBONES, FORMATS):
            registry.forget(name)
        raise


def _import_module(name: str) -> None:
    digest = _sha256_of_module(importlib.import_module(name))
    if _LOADED.setdefault(name, digest) != digest:
        raise RegistryError(
            f"The plug-in {name!r} has changed since this process imported it, so that the old code would run. "
            f"Start Python (or the notebook's kernel) anew."
        )


def _sha256_of_module(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    folders = [Path(folder) for folder in getattr(module, "__path__", ())]
    files = sorted(source for folder in folders for source in folder.rglob("*.py"))
    digest = hashlib.sha256()
    for source in files or ([Path(file)] if file else []):
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _free_name(path: Path) -> str:
    """A module name for a plug-in file; two files of one name get two."""
    name = f"xraykit_plugin_{path.stem}"
    folder = hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]
    return f"{name}_{folder}" if name in sys.modules else name
