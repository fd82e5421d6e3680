"""A trained network with all that belongs to it, in one folder that can be handed over; and prediction.

Importing this package is cheap: whether there is a bundle can be told before Keras takes its seconds to be imported.
"""

import importlib
from typing import TYPE_CHECKING, Any

from xraykit.bundle.folder import BundleFolder

if TYPE_CHECKING:
    from xraykit.bundle.classifier import Classifier
    from xraykit.bundle.inputs import Opened, Source
    from xraykit.bundle.loading import load_model
    from xraykit.bundle.writing import copy_bundle, write_bundle

_MODULE_OF = {
    "Classifier": "classifier",
    "Opened": "inputs",
    "Source": "inputs",
    "copy_bundle": "writing",
    "load_model": "loading",
    "write_bundle": "writing",
}

__all__ = [
    "BundleFolder",
    "Classifier",
    "Opened",
    "Source",
    "copy_bundle",
    "load_model",
    "write_bundle",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"xraykit.bundle has no {name!r}. Public names: {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"xraykit.bundle.{_MODULE_OF[name]}"), name)
