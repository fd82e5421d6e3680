"""The one reader of JSON files: a damaged or wrongly shaped one is an error that names the file, never a traceback."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from xraykit.errors import DataError, XraykitError
from xraykit.system.files import regular_bytes

LARGEST = 256 << 20
"""Bytes; the largest JSON file of xraykit is the index of a picture cache, some 100 bytes per radiograph."""


@dataclass(frozen=True)
class Each:
    """The shape of an object with any names, whose values are all of one shape."""

    shape: "Shape"


@dataclass(frozen=True)
class Optional:
    """A value that may be missing, or null."""

    shape: "Shape"


@dataclass(frozen=True)
class Anything:
    """Any value; it must exist."""


@dataclass(frozen=True)
class Number:
    """A number, or null where it could not be computed."""


@dataclass(frozen=True)
class Interval:
    """A list of two numbers, or null where there is none."""


Shape: TypeAlias = "Each | Optional | Anything | Number | Interval | type | Mapping[str, Shape]"
"""What a value must be: one of the above, ``str``, ``int``, ``bool`` or ``list``, or the shapes of an object's values
by name; other names are allowed."""


def read_json(
    path: Path,
    what: str,
    shape: Mapping[str, Shape] | Each | None = None,
    *,
    finite: bool = True,
    remedy: str = "Copy it again from its source.",
    kind: type[XraykitError] = DataError,
) -> dict[str, Any]:
    """Read a file with one JSON object.

    Args:
        path: The file.
        what: What the file should be, such as "the figures of a finished run".
        shape: The required part of its content.
        finite: Refuse NaN and infinity, which are not JSON.
        remedy: What to do about a damaged file, in a sentence.
        kind: The error to raise.

    Raises:
        XraykitError: of the given kind: the file does not exist, cannot be read, is cut off or not JSON, or its content
            has another shape.
    """
    expected = f"Expected: {what}. {remedy}"
    try:
        content = regular_bytes(path, LARGEST)
    except (OSError, ValueError) as error:
        raise kind(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. {expected}") from error
    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse if finite else float
        )
    except RecursionError:
        raise kind(f"{path} cannot be read: it is nested too deeply. {expected}") from None
    except ValueError as error:
        cut = "it is empty" if not content.strip() else f"it is not JSON ({error})"
        raise kind(f"{path} cannot be read: {cut}. {expected}") from error
    fault = _fault(value, {} if shape is None else shape, "")
    if fault:
        raise kind(f"{path} is invalid: {fault}. {expected}")
    return dict(value)


def json_text(values: Mapping[str, Any]) -> str:
    """Plain values as :func:`read_json` reads them.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python silently keeps the second of two values under one name."""
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} appears twice in one object")
    return values


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _fault(value: Any, shape: Shape, where: str) -> str | None:
    """What is wrong with a value, or ``None``."""
    if isinstance(shape, Each | Mapping):
        if not isinstance(value, dict):
            return _wrong(where, "an object", value)
        shapes = dict.fromkeys(value, shape.shape) if isinstance(shape, Each) else shape
        faults = (_fault_of_part(value, name, part, where) for name, part in shapes.items())
        return next((fault for fault in faults if fault), None)
    if isinstance(shape, type):
        # True is an int in Python alone.
        right = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
        return None if right else _wrong(where, _TYPES.get(shape, shape.__name__), value)
    if isinstance(shape, Number):
        return None if value is None or _is_number(value) else _wrong(where, "a number or null", value)
    if isinstance(shape, Interval):
        right = value is None or (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)))
        return None if right else _wrong(where, "a list of two numbers, or null", value)
    return None


def _fault_of_part(values: Mapping[str, Any], name: str, shape: Shape, where: str) -> str | None:
    path = f"{where}.{name}" if where else name
    if isinstance(shape, Optional):
        return None if values.get(name) is None else _fault(values[name], shape.shape, path)
    return _fault(values[name], shape, path) if name in values else f"{path} is missing"


_TYPES: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(where: str, expected: str, value: Any) -> str:
    shown = json.dumps(value)
    return f"{where or 'the whole'} must be {expected}, and it is {shown if len(shown) <= 40 else shown[:40] + '…'}"
