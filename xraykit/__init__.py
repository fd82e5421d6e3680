"""xraykit: one YAML file in, a chest X-ray classifier that can be trusted out.

Importing xraykit is cheap: each public name brings its room, and what that room imports, when it is first used.
"""

import importlib
import importlib.util
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from xraykit.system.framework import check_framework
from xraykit.system.startup import without_startup_notices
from xraykit.version import VERSION as __version__

# In a checkout the backbones stand beside the package, not in it; an installed package has them inside.
_CHECKOUT = Path(__file__).resolve().parents[1]
if (_CHECKOUT / "backbones" / "densenet.py").is_file() and not Path(__file__).with_name("backbones").exists():
    __path__.append(str(_CHECKOUT))

_ROOM_OF = {
    "Catalog": "xraykit.data.catalog",
    "Classifier": "xraykit.bundle",
    "Experiment": "xraykit.config",
    "Run": "xraykit.pipeline",
    "XraykitError": "xraykit.errors",
    "grad_cam": "xraykit.explain",
    "load_catalog": "xraykit.data",
    "load_experiment": "xraykit.config",
    "load_model": "xraykit.bundle",
    "register_backbone": "xraykit.registry",
    "register_format": "xraykit.registry",
    "run_experiment": "xraykit.pipeline",
}

__all__ = ["__version__", *_ROOM_OF]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"xraykit has no {name!r}. Public names: {', '.join(_ROOM_OF)}.")
    value = getattr(importlib.import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _AfterKeras(MetaPathFinder):
    """Registers our layers and losses with Keras as soon as it is imported, and not before.

    Keras loads a saved model with classes of ours only if they are registered; importing Keras here to register
    them would cost every start of the command line six seconds.
    """

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: Any) -> None:
                check_framework()
                with without_startup_notices():
                    execute(module)
                _register_with_keras()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def _register_with_keras() -> None:
    importlib.import_module("xraykit.model.augmentation")
    importlib.import_module("xraykit.model.losses")


if "keras" in sys.modules:
    _register_with_keras()
else:
    sys.meta_path.insert(0, _AfterKeras())
