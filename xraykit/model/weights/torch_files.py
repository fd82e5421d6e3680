"""Files of ``torch.save``: the zip archives of PyTorch 1.6 and later, and the stream of pickles before."""

import io
import math
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.errors import ModelError
from xraykit.model.weights.arrays import Arrays, decoded
from xraykit.model.weights.torch_pickle import KINDS, Record, Storage, Tensor, load_tensors

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_DEEPEST = 40
_BYTES = {kind: 2 if kind == "bfloat16" else np.dtype(kind).itemsize for kind in KINDS.values()}


def is_torch_zip(path: Path) -> bool:
    """Whether a file is an archive of PyTorch."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        return False


def is_torch_stream(start: bytes) -> bool:
    """Whether a file begins as ``torch.save`` of PyTorch before 1.6 did: with a pickle of its magic number."""
    return start[:2] == b"\x80\x02" and _MAGIC.to_bytes(10, "little") in start[:20]


def read_torch_zip(path: Path) -> Arrays:
    """The tensors of an archive by name.

    Raises:
        ModelError: it contains something else than weights, or is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
        folder = names[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and _entry(archive, f"{folder}byteorder").strip() != b"little":
            raise ModelError("its numbers are big-endian, which xraykit does not read")
        found = load_tensors(io.BytesIO(_entry(archive, names[0])))
    return _arrays(found, lambda storage: _of_archive(path, f"{folder}data/{storage.key}"))


def read_torch_stream(path: Path) -> Arrays:
    """The tensors of a file of PyTorch before 1.6 by name.

    Raises:
        ModelError: it contains something else than weights, or is damaged.
    """
    whole = path.read_bytes()
    file = io.BytesIO(whole)
    if load_tensors(file) != _MAGIC or load_tensors(file) != _PROTOCOL:
        raise ModelError("it is no file of torch.save")
    load_tensors(file)  # Facts of the machine that wrote it.
    found = load_tensors(file)
    keys = load_tensors(file)
    begin = file.tell()
    content = memoryview(whole)[begin:]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ModelError(f"its list of storages, at byte {begin}, is damaged")
    kinds = {each.storage.key: each.storage.kind for each in _tensors(found).values()}
    blocks = dict(_blocks(content, keys, kinds))
    return _arrays(found, lambda storage: blocks[storage.key])


def _blocks(content: memoryview, keys: list[str], kinds: Mapping[str, str]) -> Iterator[tuple[str, memoryview]]:
    """The numbers of each storage: how many, then they themselves."""
    at = 0
    for key in keys:
        if key not in kinds:
            raise ModelError("it contains storages without a tensor, so that their sizes are unknown")
        (numbers,) = struct.unpack_from("<q", content, at)
        end = at + 8 + numbers * _BYTES[kinds[key]]
        if numbers < 0 or end > len(content):
            raise ModelError("it is cut short")
        yield key, content[at + 8 : end]
        at = end


def _of_archive(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return _entry(archive, name)


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of an entry; PyTorch compresses none, and a compressed one could unpack to any size."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ModelError(f"its entry {name} is compressed, which PyTorch never does")
    return archive.read(name)


def _arrays(found: Any, content: Callable[[Storage], bytes | memoryview]) -> Arrays:
    tensors = _tensors(found)
    readers = {name: partial(_decoded, tensor, content) for name, tensor in tensors.items()}
    return Arrays(readers, "a file of PyTorch")


def _decoded(tensor: Tensor, content: Callable[[Storage], bytes | memoryview]) -> np.ndarray:
    storage = tensor.storage
    flat = decoded(content(storage), storage.kind)
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    numbers = math.prod(tensor.shape)
    if len(flat) < storage.numbers or numbers > len(flat) or (numbers and tensor.offset + reach >= len(flat)):
        raise ModelError("a tensor reaches beyond its numbers: the file is damaged")
    if not numbers:
        return np.zeros(tensor.shape, flat.dtype)
    strides = [stride * flat.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, strides).copy()


def _tensors(found: Any) -> dict[str, Tensor]:
    """Tensors by name: of a state, a checkpoint with a state in it, or a whole network."""
    return dict(_named(found, "", _DEEPEST, set()))


def _named(found: Any, prefix: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    if isinstance(found, Tensor):
        yield prefix, found
        return
    # Each container once: a file may refer to one so often that it never ends.
    if depth == 0 or id(found) in seen:
        return
    seen.add(id(found))
    for name, value in _parts(found):
        inside = f"{prefix}.{name}" if prefix else name
        yield from _named(value, inside, depth - 1, seen)


def _parts(found: Any) -> Iterator[tuple[str, Any]]:
    """What is inside a dictionary, or inside the record of a network (``torch.nn.Module``)."""
    if isinstance(found, dict):
        yield from ((str(key), value) for key, value in found.items())
    elif isinstance(found, Record) and isinstance(found.state, dict):
        for part in ("_parameters", "_buffers", "_modules"):
            inside = found.state.get(part)
            if isinstance(inside, dict):
                yield from ((str(key), value) for key, value in inside.items())
