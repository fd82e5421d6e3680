"""Muon (Jordan et al. 2024) for networks of convolutions.

Keras' Muon orthogonalises the updates of matrices alone, and leaves every convolution to its Adam. As in the authors'
own code, a kernel ``(h, w, in, out)`` counts as the matrix ``(h w in, out)`` here; the first convolution, the last
layer, and whatever is no kernel are left to Adam, as the authors advise.
"""

from typing import Any

import keras
from keras import ops

from xraykit.model.library_internals import AdamByChoice


class MuonOfKernels(AdamByChoice, keras.optimizers.Muon):
    """Keras' Muon on the given kernels, and its Adam on everything else.

    Args:
        learning_rate: Of both.
        kernels: Paths of the variables that Muon updates, each of two or four dimensions.
        settings: Of ``keras.optimizers.Muon``.
    """

    def __init__(self, learning_rate: Any, kernels: frozenset[str], **settings: Any) -> None:
        super().__init__(learning_rate, **settings)
        self._kernels = kernels

    def uses_adam(self, variable: Any) -> bool:
        """See :class:`.AdamByChoice`."""
        return variable.path not in self._kernels

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """The nearest orthogonal matrix to an update, of the shape of its kernel."""
        return ops.reshape(super().zeropower_via_newtonschulz5(_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """An update at the scale of one of Adam's, so that both can have the same learning rate."""
        return ops.reshape(super().lr_adjust(_matrix(x)), x.shape)


def kernels_of_muon(model: keras.Model) -> frozenset[str]:
    """Paths of the kernels that Muon updates: of all convolutions and dense layers but the first and the last."""
    kernels = [
        (layer, variable)
        for layer in model.layers
        for variable in layer.weights
        if variable.name == "kernel" and _is_matrix(layer, len(variable.shape))
    ]
    first = next((layer for layer, _ in kernels if isinstance(layer, keras.layers.Conv2D)), None)
    return frozenset(variable.path for layer, variable in kernels[:-1] if layer is not first)


def _is_matrix(layer: keras.Layer, dimensions: int) -> bool:
    """Whether the kernel is one matrix: those of depthwise and grouped convolutions are many small ones."""
    return dimensions == 2 or (dimensions == 4 and isinstance(layer, keras.layers.Conv2D) and layer.groups == 1)


def _matrix(kernel: Any) -> Any:
    return ops.reshape(kernel, (-1, kernel.shape[-1]))
