"""A file of weights by its content, whatever its name is."""

from pathlib import Path

from xraykit.errors import ModelError
from xraykit.model.weights.arrays import DAMAGED, Arrays
from xraykit.model.weights.keras_files import is_old_keras, read_old_keras
from xraykit.model.weights.safetensors_files import is_safetensors, read_safetensors
from xraykit.model.weights.torch_files import is_torch_stream, is_torch_zip, read_torch_stream, read_torch_zip


def is_foreign(path: Path) -> bool:
    """Whether a file is of PyTorch, safetensors or Keras' old HDF5 format."""
    try:
        start = _start(path)
    except OSError:
        return False
    return is_torch_stream(start) or is_safetensors(path, start) or is_old_keras(path, start) or is_torch_zip(path)


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file that :func:`is_foreign` recognises; nothing in it is run.

    Raises:
        ModelError: it is damaged, or contains something else than weights.
    """
    try:
        start = _start(path)
        if is_torch_stream(start):
            return read_torch_stream(path)
        if is_safetensors(path, start):
            return read_safetensors(path)
        if is_old_keras(path, start):
            return read_old_keras(path)
        return read_torch_zip(path)
    except ModelError as error:
        raise ModelError(f"The weights file {path} cannot be used: {error}.") from error
    except DAMAGED as error:
        raise ModelError(f"The weights file {path} is damaged: {type(error).__name__}.") from error


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)
