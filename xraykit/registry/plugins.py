"""Plug-ins: modules and files that register backbones, formats, decoders, losses or search strategies when imported."""

import hashlib
import importlib
import importlib.util
import sys
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

from xraykit.errors import RegistryError
from xraykit.registry.backbones import BACKBONES
from xraykit.registry.decoders import DECODERS
from xraykit.registry.formats import FORMATS
from xraykit.registry.losses import LOSSES
from xraykit.registry.strategies import STRATEGIES

_REGISTRIES = (BACKBONES, FORMATS, DECODERS, LOSSES, STRATEGIES)


def load_plugin(name: str) -> None:
    """Import a plug-in, which registers its entries.

    A plug-in file whose content has changed since this process imported it is imported again, and what it registered
    before is removed. Modules that it imports are not imported again.

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
        raise RegistryError(f"The plug-in {name!r} does not exist: that user has no home folder.") from None


def _import_file(path: Path) -> None:
    if not path.is_file():
        raise RegistryError(f"The plug-in {path} does not exist. Check `plugins` in the experiment file.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    imported = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == str(path)]
    # Without a hash, something else imported it, such as a test: a second copy would register its names again.
    if not imported or _LOADED.get(str(path), digest) != digest:
        _run_file(path, content, imported[0].__name__ if imported else _free_name(path))
    _LOADED[str(path)] = digest


def _run_file(path: Path, content: bytes, name: str) -> None:
    """Run the content that was hashed as the module ``name``."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise RegistryError(f"The plug-in {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    _LOADED.pop(str(path), None)
    sys.modules[name] = module
    try:
        with ExitStack() as stack:
            for registry in _REGISTRIES:
                stack.enter_context(registry.filled_by(name))
            exec(compile(content, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise


def _import_module(name: str) -> None:
    digest = _sha256_of_module(importlib.import_module(name))
    if _LOADED.setdefault(name, digest) != digest:
        raise RegistryError(
            f"The plug-in {name!r} has changed since this process imported it, so that the old code would run. "
            f"Start Python (or the notebook's kernel) again."
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
