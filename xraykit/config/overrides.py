"""Overrides of the command line: ``training.epochs=3``, read by what the key takes."""

import re
import types
import typing
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
    document.overrides[keys] = override
    set_value(document, keys, _value(text.strip(), _kinds(root, keys), override))
    for known in [line for line in document.lines if line[: len(keys)] == keys]:
        del document.lines[known]


def set_value(document: Document, path: KeyPath, value: Any) -> None:
    """Set one key of a document, whose sections are made where there are none.

    Raises:
        ExperimentError: a part of the path is a value.
    """
    values = document.values
    for depth, part in enumerate(path[:-1]):
        inner = values.get(str(part))
        if inner is None:
            inner = values[str(part)] = {}
        if not isinstance(inner, dict):
            key = ".".join(map(str, path))
            raise document.refusal(path, f"{key}: {part!r} is a value, not a section. Received: {inner!r}.")
        if path[: depth + 1] == ("search", "space"):
            inner[".".join(str(rest) for rest in path[depth + 1 :])] = value
            return
        values = inner
    values[str(path[-1])] = value


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
