"""xraykit: one YAML file in, a chest X-ray classifier that can be trusted out.

Importing xraykit is cheap: each public name is imported, with all that it needs, when it is first used.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.system import ImportHook, PackageFinder, check_framework, lazy_names, without_startup_notices
from xraykit.version import VERSION

if TYPE_CHECKING:
    from xraykit.bundle import Classifier as Classifier
    from xraykit.bundle import load_model as load_model
    from xraykit.config import Experiment as Experiment
    from xraykit.config import load_experiment as load_experiment
    from xraykit.data import Catalog as Catalog
    from xraykit.data import load_catalog as load_catalog
    from xraykit.ensemble import run_experiment as run_experiment
    from xraykit.errors import XraykitError as XraykitError
    from xraykit.evaluate import evaluate_on as evaluate_on
    from xraykit.explain import grad_cam as grad_cam
    from xraykit.pipeline import Run as Run
    from xraykit.pipeline import load_run as load_run
    from xraykit.registry import register_backbone as register_backbone
    from xraykit.registry import register_decoder as register_decoder
    from xraykit.registry import register_format as register_format
    from xraykit.registry import register_strategy as register_strategy
    from xraykit.search.hypermodel import hypermodel as hypermodel
    from xraykit.search.optuna_objective import objective as objective
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
    __all__.append("__version__")

__version__ = VERSION

# In a checkout the backbones are beside the package, not in it; an installed package has them inside.
_BACKBONES = Path(__file__).resolve().parents[1] / "backbones"
if (_BACKBONES / "densenet.py").is_file() and not Path(__file__).with_name("backbones").exists():
    sys.meta_path.append(PackageFinder("xraykit.backbones", _BACKBONES))


def _import_keras(import_it: Callable[[], None]) -> None:
    check_framework()
    with without_startup_notices():
        import_it()
    _register_with_keras()


def _register_with_keras() -> None:
    """Keras loads a saved model with xraykit's classes only if they are registered."""
    importlib.import_module("xraykit.model.augmentation")
    importlib.import_module("xraykit.model.losses")


if "keras" in sys.modules:
    _register_with_keras()
else:
    # Importing Keras here would cost every start of the command line six seconds.
    sys.meta_path.insert(0, ImportHook("keras", _import_keras))
