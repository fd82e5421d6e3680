"""Overrides of the command line: ``training.epochs=3``, read by what the key takes."""

import re
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal

import yaml
from pydantic import BaseModel

from xraykit.config.complaints import taken_by
from xraykit.config.reading import Document, KeyPath, TextLoader, read_scalar
from xraykit.errors import ExperimentError
from xraykit.system import shown

_NOTHING = ("", "null", "Null", "NULL", "~")


def is_override(word: str) -> bool:
    """Whether a word of the command line is an override rather than a file."""
    key, equals, _ = word.partition("=")
    return bool(equals) and not set(key) & set("/\\")


def apply_override(document: Document, override: str, root: type[BaseModel]) -> None:
    """Set the value of an override ``key=value`` in ``document``.

    Where the key takes text, the value is the unchanged text, with ``#``, colons and brackets in it; elsewhere it
    is read as YAML.

    Args:
        document: Is changed.
        override: ``key=value``.
        root: The model of the whole experiment, which defines what each key takes.

    Raises:
        ExperimentError: it is not an override.
    """
    path, equals, text = override.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys) or "://" in path or "@" in path:
        received = f" Received: {override!r}." if len(override) <= 40 and shown(override) == override else ""
        raise ExperimentError(f"An override is key=value, such as training.epochs=3.{received}")
    place = _place(document.values, keys)
    document.overrides[place] = override
    set_value(document, place, _value(text.strip(), _kinds(root, keys), override))
    for known in [line for line in document.lines if line[: len(place)] == place]:
        del document.lines[known]


def set_value(document: Document, path: KeyPath, value: Any) -> None:
    """Set one key of a document, whose sections are made where there are none.

    Raises:
        ExperimentError: a part of the path is a value.
    """
    path = _place(document.values, path)
    values: Any = document.values
    for depth, part in enumerate(path[:-1]):
        if isinstance(values, dict) and values.get(part) is None:
            values[part] = {}
        inner = values[part]
        if isinstance(inner, list | tuple) and all(isinstance(each, dict) for each in inner):
            # A copy: values of a Python caller stay as they are.
            inner = values[part] = list(inner)
            if not isinstance(path[depth + 1], int):
                raise document.refusal(path, f"{_joined(path)}: {_no_entry(path[depth + 1], inner)}")
        elif not isinstance(inner, dict):
            raise document.refusal(path, f"{_joined(path)}: {part!r} is a value, not a section. Received: {inner!r}.")
        if path[: depth + 1] == ("search", "space"):
            inner[".".join(str(rest) for rest in path[depth + 1 :])] = value
            return
        values = inner
    values[path[-1]] = value


def _place(values: Any, path: KeyPath) -> KeyPath:
    """The path with the number of each entry of a list of sections, which may be given by its name or format."""
    place: list[str | int] = []
    for part in path:
        if isinstance(values, list | tuple):
            part = _number_of(str(part), values)
            values = values[part] if isinstance(part, int) else None
        else:
            part = str(part)
            values = values.get(part) if isinstance(values, dict) else None
        place.append(part)
    return tuple(place)


def _number_of(part: str, entries: Sequence[Any]) -> int | str:
    if part.isdecimal() and int(part) < len(entries):
        return int(part)
    names = [each.get("name") or each.get("format") for each in entries if isinstance(each, dict)]
    return names.index(part) if names.count(part) == 1 and len(names) == len(entries) else part


def _no_entry(part: str | int, entries: Sequence[Any]) -> str:
    names = [str(each.get("name") or each.get("format") or at) for at, each in enumerate(entries)]
    return (
        f"there is no entry {part!r}. Expected: its number, 0 to {len(entries) - 1}, or its name. Known: "
        f"{', '.join(names)}."
    )


def _joined(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _value(text: str, kinds: set[Any], override: str) -> Any:
    if kinds and kinds <= {str, None}:
        if None in kinds and text in _NOTHING:
            return None
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return _read(text, override) if quoted else text
    if kinds == {"texts"} and text.startswith("["):
        return _read(text, override, TextLoader)
    # In YAML, the rest would be a comment, and be left out without a word.
    return text if re.search(r"(^|\s)#", text) else _read(text, override)


def _read(text: str, override: str, loader: type[yaml.SafeLoader] | None = None) -> Any:
    """As YAML; what is none is the text itself, which the key's own check then refuses or takes."""
    try:
        return read_scalar(text, f"the override {override!r}", loader)
    except ExperimentError:
        return text


def _kinds(root: type[BaseModel], path: KeyPath) -> set[Any]:
    """What a key takes: ``str``, ``None``, ``"texts"`` for a list of texts; empty for an unknown key."""
    annotations: list[Any] = [root]
    for part in path:
        inner: list[Any] = []
        for each in (member for annotation in annotations for member in _members(annotation)):
            if isinstance(each, type) and issubclass(each, BaseModel):
                taken = taken_by(each, part)
                inner.extend([] if taken is None else [taken])
            elif typing.get_origin(each) is dict:
                inner.append(typing.get_args(each)[1])
            elif typing.get_origin(each) is tuple:
                inner.extend(_items(each))
        annotations = inner
    return {_kind(member) for annotation in annotations for member in _members(annotation)}


def _members(annotation: Any) -> list[Any]:
    """The members of a union, or the annotation itself, without what ``Annotated`` adds."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [member for each in typing.get_args(annotation) for member in _members(each)]
    return [annotation]


def _kind(member: Any) -> Any:
    if member is type(None):
        return None
    if typing.get_origin(member) is Literal and all(isinstance(each, str) for each in typing.get_args(member)):
        return str
    if typing.get_origin(member) is tuple and {_kind(each) for each in _items(member)} == {str}:
        return "texts"
    return member


def _items(member: Any) -> list[Any]:
    return [item for each in typing.get_args(member) if each is not Ellipsis for item in _members(each)]
