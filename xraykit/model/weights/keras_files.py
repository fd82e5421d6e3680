"""Files in Keras' old HDF5 format, with one group for each layer, as CheXNet's reproductions in Keras have them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.errors import ModelError
from xraykit.model.weights.arrays import Arrays

_MAGIC = b"\x89HDF\r\n\x1a\n"


def is_old_keras(path: Path, start: bytes) -> bool:
    """Whether a file has the layers' names as Keras before 3 wrote them, whole models included."""
    if not start.startswith(_MAGIC):
        return False
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return "layer_names" in _layers(file).attrs
    except OSError:
        return False


def read_old_keras(path: Path) -> Arrays:
    """The arrays of each layer, named ``LAYER.PART`` such as ``conv1_conv.kernel``; slashes in names become ``_``.

    Raises:
        ModelError: it refers to other files.
    """
    import h5py

    with h5py.File(path, "r") as file:
        found = dict(_datasets(_layers(file), "", set(), path.stat().st_size))
        names = {name: dataset.name for name, dataset in found.items()}
    return Arrays({name: partial(_read, path, place) for name, place in names.items()}, "an HDF5 file of Keras")


def _layers(file: Any) -> Any:
    return file.get("model_weights", file)


def _datasets(group: Any, layer: str, seen: set[int], size: int) -> Iterator[tuple[str, Any]]:
    """Datasets by name; links, numbers that are not in the file of ``size`` bytes, and other types are refused."""
    import h5py

    # A group that can be reached in two ways may contain itself.
    address = h5py.h5o.get_info(group.id).addr
    if address in seen:
        raise ModelError("it contains links, which weights never need")
    seen.add(address)
    for key in group:
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise ModelError("it contains links, which weights never need")
        value = group[key]
        path = f"{layer}/{key}" if layer else key
        if isinstance(value, h5py.Group):
            yield from _datasets(value, path, seen, size)
        elif value.external or value.is_virtual:
            raise ModelError("it takes its numbers from other files")
        elif value.dtype.kind not in "fiu" or value.nbytes > size:
            raise ModelError(f"{path} is no array of numbers, or larger than the file")
        else:
            yield _name(path), value


def _name(path: str) -> str:
    """``conv1/conv/conv1/conv/kernel:0`` as ``conv1_conv.kernel``: Keras writes the layer's name twice."""
    *folders, part = path.split("/")
    half = len(folders) // 2
    layer = folders[:half] if half and folders[:half] == folders[half:] else folders
    return f"{'_'.join(layer)}.{part.partition(':')[0]}"


def _read(path: Path, place: str) -> np.ndarray:
    import h5py

    with h5py.File(path, "r") as file:
        return np.asarray(file[place])
