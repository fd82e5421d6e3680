"""Keras' settings that xraykit needs, checked before Keras is imported, which takes seconds and may fail."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xraykit.errors import XraykitError

FRAMEWORKS = ("tensorflow", "jax")

# Keras and TensorFlow import these, if they are installed, for functions that xraykit does not use: wrappers for
# scikit-learn, galleries of pictures, notebooks, conversion from JAX to TensorFlow Lite.
_OPTIONAL = ("IPython", "jax", "matplotlib", "sklearn")


def check_framework() -> None:
    """Check that Keras will run on a framework that xraykit supports.

    Raises:
        XraykitError: ``KERAS_BACKEND`` or ``keras.json`` names another one.
    """
    name, origin = _chosen()
    if name not in FRAMEWORKS:
        raise XraykitError(
            f"Keras is set to run on {name!r} by {origin}. xraykit runs on {' or '.join(FRAMEWORKS)}. Set "
            f"KERAS_BACKEND=tensorflow for this command."
        )


def import_framework() -> None:
    """Import Keras and its framework, for a command that needs it, without packages that Keras can do without.

    They would take a third of the time. Whoever imports them later gets them.
    """
    if "keras" in sys.modules or "tensorflow" in sys.modules:
        return
    with _as_if_absent([name for name in _OPTIONAL if name != _chosen()[0]]):
        importlib.import_module("keras")


@contextmanager
def _as_if_absent(names: list[str]) -> Iterator[None]:
    hidden = [name for name in names if name not in sys.modules]
    # The import system refuses a name that stands for None.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def chosen_framework() -> str:
    """The framework that Keras will choose, or has chosen: ``tensorflow`` or ``jax``."""
    return _chosen()[0]


def _chosen() -> tuple[str, str]:
    """The framework that Keras will choose, and where it is set."""
    from_environment = os.environ.get("KERAS_BACKEND")
    if from_environment:
        return from_environment, "the variable KERAS_BACKEND"
    file = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        return str(settings.get("backend", FRAMEWORKS[0])), str(file)
    except (OSError, ValueError, AttributeError, RecursionError):
        # Keras ignores such a file too.
        return FRAMEWORKS[0], "default"
