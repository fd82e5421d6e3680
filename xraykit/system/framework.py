"""Keras' settings that xraykit needs, checked before Keras is imported, which takes seconds and may fail."""

import json
import os
from pathlib import Path

from xraykit.errors import XraykitError

FRAMEWORKS = ("tensorflow", "jax")


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
