"""Files in the safetensors format: the length of a header, the header in JSON, and the numbers."""

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.errors import ModelError
from xraykit.model.weights.arrays import Arrays, decoded

_KINDS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_LONGEST_HEADER = 100_000_000


def is_safetensors(path: Path, start: bytes) -> bool:
    """Whether a file is of this format, from its first bytes and its size."""
    length = int.from_bytes(start[:8], "little")
    return start[8:9] == b"{" and 2 <= length <= min(_LONGEST_HEADER, path.stat().st_size - 8)


def read_safetensors(path: Path) -> Arrays:
    """The arrays of a file by name.

    Raises:
        ModelError: header and content do not fit together.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise ModelError("its header is no JSON") from error
    if not isinstance(header, dict):
        raise ModelError("its header is no JSON object")
    size = path.stat().st_size - 8 - length
    entries = {name: _checked(name, each, size) for name, each in header.items() if name != "__metadata__"}
    return Arrays({name: partial(_read, path, 8 + length, *each) for name, each in entries.items()}, "safetensors")


def _checked(name: str, entry: Any, size: int) -> tuple[str, tuple[int, ...], int, int]:
    """Kind, shape, begin and end of an array."""
    try:
        kind, shape, (begin, end) = _KINDS[entry["dtype"]], tuple(entry["shape"]), entry["data_offsets"]
        sides = [*shape, begin, end]
        if any(type(side) is not int or side < 0 for side in sides) or not begin <= end <= size:
            raise ValueError
        if end - begin != math.prod(shape) * (2 if kind == "bfloat16" else np.dtype(kind).itemsize):
            raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the entry {name!r} of its header does not fit its content") from error
    return kind, shape, begin, end


def _read(path: Path, start: int, kind: str, shape: tuple[int, ...], begin: int, end: int) -> np.ndarray:
    with path.open("rb") as file:
        file.seek(start + begin)
        return decoded(file.read(end - begin), kind).reshape(shape)
