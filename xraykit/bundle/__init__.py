"""A trained network with all that belongs to it, in one folder that can be handed over; and prediction.

Importing this package is cheap: whether there is a bundle can be told before Keras takes its seconds to be imported.
"""

from typing import TYPE_CHECKING

from xraykit.bundle.folder import BundleFolder
from xraykit.system.lazy import on_demand

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

__getattr__ = on_demand(__name__, _MODULE_OF)
