"""The index of a picture cache: which pictures it contains, and the checksum of each."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xraykit.data.cache.source_files import Facts
from xraykit.system import regular_bytes

INDEX = "index.jsonl"
"""Two lines of JSON: the SHA-256 of the second, and the columns of names and facts. No path is in it."""

_MOST_BYTES = 2**32


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "sha256": _is_text,
    "crc32": _is_count,
    "digest": _is_text,
    "width": _is_count,
    "height": _is_count,
    "colourfulness": _is_share,
    "unreadable": _is_text,
}


def index_bytes(names: Sequence[str], facts: Sequence[Facts]) -> bytes:
    """The content of the index of some pictures."""
    columns: dict[str, Sequence[Any]] = {"names": list(names)}
    columns |= {field: [getattr(each, field) for each in facts] for field in Facts._fields}
    second = json.dumps(columns).encode()
    return json.dumps({"sha256": hashlib.sha256(second).hexdigest()}).encode() + b"\n" + second + b"\n"


def read_index(folder: Path, names: Sequence[str]) -> list[Facts] | None:
    """The facts of each of ``names``, or None where the index is missing, damaged or about other pictures.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        first, _, second = regular_bytes(folder / INDEX, _MOST_BYTES).partition(b"\n")
        second = second.removesuffix(b"\n")
        if json.loads(first) != {"sha256": hashlib.sha256(second).hexdigest()}:
            return None
        columns = json.loads(second)
        if not isinstance(columns, dict) or columns.get("names") != list(names):
            return None
        return _facts(columns, len(names))
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None


def _facts(columns: dict[str, Any], count: int) -> list[Facts] | None:
    for name, is_kind in _KINDS.items():
        column = columns.get(name)
        if not isinstance(column, list) or len(column) != count or not all(map(is_kind, column)):
            return None
    return [Facts(*row) for row in zip(*(columns[name] for name in Facts._fields), strict=True)]
