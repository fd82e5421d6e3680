"""From pydantic's errors to messages that a user can act on."""

import difflib
import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from xraykit.config.reading import Document, KeyPath
from xraykit.config.section import NAME, Section
from xraykit.errors import ExperimentError
from xraykit.system import shown

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a word",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a section with its own keys",
    "model_attributes_type": "a section with its own keys",
    "finite_number": "a finite number",
}


_MEANING = {NAME: "a name of at most 100 letters a-z, digits, dots, underscores and hyphens, a letter or digit first"}


def complaints(error: ValidationError, root: type[BaseModel], document: Document) -> ExperimentError:
    """All parts of ``error``, a line each: file, line, path, what is allowed, what was received."""
    found: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(_path_in_file(detail), []).append(detail)
    lines = []
    for path, details in found.items():
        key = ".".join(str(part) for part in path) or "the experiment"
        lines.append(str(document.refusal(path, f"{key}: {_sentence(details, root, path)}")))
    return ExperimentError("\n".join(lines))


def _sentence(details: Sequence[ErrorDetails], root: type[BaseModel], path: KeyPath) -> str:
    """What is wrong with one key; ``details`` are several where it takes values of several kinds, one of each kind."""
    kind, given = details[-1]["type"], details[-1]["input"]
    detail = details[-1]
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), _keys_beside(detail["loc"], root))
    if kind == "value_error":
        return f"{str(detail['ctx']['error']).rstrip('.')}."
    if kind == "missing":
        return "this key must be given; it has no default."
    expected = " or ".join(dict.fromkeys(map(_expected, details)))
    near = next((_near(given, each) for each in details if each["type"] == "literal_error"), "")
    return f"expected {expected}. Received: {_shown(given)}.{near}"


def _expected(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        # A key that takes a word or `false` is documented as `false`.
        return str(detail["ctx"]["expected"]).replace("False", "false").replace("True", "true")
    if kind == "string_pattern_mismatch":
        return _MEANING.get(detail["ctx"]["pattern"], f"a text of the pattern {detail['ctx']['pattern']}")
    return _EXPECTED.get(kind) or detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")


def _unknown_key(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown key.{hint} Known here: {', '.join(known)}."


def _near(given: Any, detail: ErrorDetails) -> str:
    words = [word.strip(" '") for word in str(detail["ctx"]["expected"]).replace(" or ", ",").split(",")]
    near = difflib.get_close_matches(str(given), words, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _shown(given: Any) -> str:
    if isinstance(given, BaseModel | dict):
        return "a section with keys"
    text = "null" if given is None else repr(shown(given)) if isinstance(given, str) else shown(repr(given))
    return text if len(text) <= 80 else f"{text[:77]}..."


def _path_in_file(detail: ErrorDetails) -> KeyPath:
    """The part of pydantic's location that is in the file: it adds the branch of a union, which is not."""
    *sections, last = detail["loc"] or ("",)
    path = [part for part in sections if not _is_branch(part)]
    if last != "" and (detail["type"] == "extra_forbidden" or not _is_branch(last)):
        path.append(last)
    return tuple(path)


_BRANCHES = {"Range", "Choices", "Smooth", "number", "list", "int", "float", "str", "bool"}


def _is_branch(part: str | int) -> bool:
    """Whether a part of pydantic's location is a kind of value, such as ``literal['all']`` or ``tuple[str, ...]``."""
    return part in _BRANCHES or (isinstance(part, str) and part.startswith(("literal[", "tuple[")))


def _keys_beside(loc: tuple[str | int, ...], root: type[BaseModel]) -> list[str]:
    """The keys of the section that contains the last part of ``loc``."""
    models = [root]
    for part in loc[:-1]:
        annotations = [annotation for model in models if (annotation := taken_by(model, part)) is not None]
        if annotations:
            models = _models_in(annotations[0])
        else:
            models = [model for model in models if model.__name__ == part] or models
    return [*models[0].model_fields, *_sections(models[0])]


def taken_by(model: type[BaseModel], key: str | int) -> Any:
    """The type that a key of a section takes; None if the section has no such key."""
    if key in model.model_fields:
        return model.model_fields[str(key)].annotation
    return _sections(model).get(str(key))


def _sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    return model.sections() if issubclass(model, Section) else {}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in typing.get_args(annotation) for model in _models_in(inner)]
