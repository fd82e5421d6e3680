"""Weights of other projects: state files of PyTorch, safetensors and old HDF5 files of Keras. No code is run."""

from xraykit.model.weights.arrays import Arrays
from xraykit.model.weights.densenet import DenseNetWeights, densenet_weights
from xraykit.model.weights.reading import is_foreign, read_arrays

__all__ = ["Arrays", "DenseNetWeights", "densenet_weights", "is_foreign", "read_arrays"]
