"""The framework under Keras: TensorFlow by default, or JAX (``KERAS_BACKEND=jax``).

Besides this package, :mod:`xraykit.model.tensorflow` and :mod:`xraykit.model.library_internals` import TensorFlow, and
only where it is in use.
"""

from xraykit.model.backend.devices import DeviceGroup, copy_values, placement_key
from xraykit.model.backend.facts import accelerators, describe, is_out_of_memory, jit_compile, runs_in_pieces
from xraykit.model.backend.functions import in_training, light_graphs, outputs, slopes
from xraykit.model.backend.inference import PRECISIONS, Inference, Precision
from xraykit.model.backend.preparation import prepare, seed_python, use_own_settings

__all__ = [
    "PRECISIONS",
    "DeviceGroup",
    "Inference",
    "Precision",
    "accelerators",
    "copy_values",
    "describe",
    "in_training",
    "is_out_of_memory",
    "jit_compile",
    "light_graphs",
    "outputs",
    "placement_key",
    "prepare",
    "runs_in_pieces",
    "seed_python",
    "slopes",
    "use_own_settings",
]
