"""Typed records of JSON files: a file with another content is an error that names file and key, never a traceback."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from xraykit.errors import DataError, XraykitError
from xraykit.system.json_files import read_json

R = TypeVar("R", bound="Record")

Interval = Annotated[list[float], Field(min_length=2, max_length=2)]
"""Lower and upper limit."""


class Record(BaseModel):
    """What xraykit relies on in an object of a JSON file; the object may contain more."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", use_attribute_docstrings=True)


class FileRecord(Record):
    """The content of a JSON file with a version."""

    VERSION: ClassVar[int]
    """Of the files that this xraykit writes, and the newest that it reads."""

    version: int = 0
    """Of the file; 0: it was written before files had a version."""


def read_record(
    path: Path, model: type[R], what: str, *, remedy: str, kind: type[XraykitError] = DataError
) -> tuple[dict[str, Any], R]:
    """Read a JSON file.

    Args:
        path: The file.
        model: What of its content is relied on.
        what: What it should be, such as "the metrics of a finished run".
        remedy: What to do about a damaged file, in a sentence.
        kind: The error to raise.

    Returns:
        The whole content, and the record of it.

    Raises:
        XraykitError: of the given kind: the file cannot be read, or its content is not as expected.
    """
    values = read_json(path, what, remedy=remedy, kind=kind)
    return values, checked(values, model, path, what, remedy=remedy, kind=kind)


def checked(
    values: Mapping[str, Any],
    model: type[R],
    path: Path,
    what: str,
    *,
    remedy: str,
    kind: type[XraykitError] = DataError,
) -> R:
    """The record of the content of a file; see :func:`read_record`."""
    if issubclass(model, FileRecord):
        _check_version(values, model, path, kind)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise kind(f"{path} is not as expected: {_fault(error)}. Expected: {what}. {remedy}") from error


def schema_of(model: type[FileRecord], title: str) -> dict[str, Any]:
    """The JSON Schema of the files that this version writes and of those of earlier versions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(schema_generator=_WithoutTitles),
        "title": title,
    }


class _WithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave out titles that only repeat the name of a field."""
        return False


def _check_version(values: Mapping[str, Any], model: type[FileRecord], path: Path, kind: type[XraykitError]) -> None:
    version = values.get("version", 0)
    if isinstance(version, int) and version > model.VERSION:
        raise kind(
            f"{path} is of version {version}. This xraykit reads versions up to {model.VERSION}. A later xraykit wrote "
            f"the file: install that version."
        )


def _fault(error: ValidationError) -> str:
    """The first fault, with the key."""
    first = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(map(str, first["loc"])) or "the whole"
    if first["type"] == "missing":
        return f"{key} is missing"
    shown = json.dumps(first["input"], default=str)
    message = first["msg"].removeprefix("Value error, ").removesuffix(".")
    return f"{key}: {message[:1].lower()}{message[1:]}. Received: {shown if len(shown) <= 40 else shown[:40] + '…'}"
