"""YAML to plain values that know their line, and back: safe, without YAML 1.1's traps.

Differences from PyYAML's safe loader: ``1e-4`` is a number, ``no`` and ``on`` are words, ``12:30`` is a word, and a key
that stands twice in one mapping is an error instead of the last one winning.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from xraykit.errors import ExperimentError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A YAML text as plain values.

    Attributes:
        values: Nested dicts, lists and scalars.
        name: What an error message calls the text, such as the file's path.
        lines: Path of a key, such as ``("training", "epochs")``, to its line, counted from 1.
        overrides: Path of a key to the override that set it.
    """

    values: dict[str, Any]
    name: str = "the experiment"
    lines: dict[KeyPath, int] = field(default_factory=dict)
    overrides: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Where ``path`` was said: an override, a line, or the line of the nearest section above it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.overrides:
                return f"the override {self.overrides[path[:end]]!r}"
            if path[:end] in self.lines:
                return f"{self.name}, line {self.lines[path[:end]]}"
        return self.name


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's numbers and booleans."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which quotes words that either set of rules would read as something else."""


_FIRST_OF_NUMBER = list("-+.0123456789")
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9_]*)", _FIRST_OF_NUMBER),
    ("float", r"[-+]?(0|[1-9][0-9_]*)(\.[0-9_]*)?([eE][-+]?[0-9]+)?", _FIRST_OF_NUMBER),
    ("float", r"[-+]?\.[0-9]+([eE][-+]?[0-9]+)?", _FIRST_OF_NUMBER),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", _FIRST_OF_NUMBER),
):
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^({_pattern})$"), _first)


_END = "# end of experiment"
_ENDS = f'# This file is complete only if its last line is "{_END}".'


def marked(text: str, comment: str = "") -> str:
    """A YAML text with a comment above it, and with marks by which :func:`read_file` knows that it was cut off."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return f"{head}{_ENDS}\n{text}{_END}\n"


def read_yaml(text: str, name: str) -> Document:
    """Parse the text of an experiment file.

    Args:
        text: The YAML text, one mapping.
        name: What an error message calls it, such as the file's path.

    Raises:
        ExperimentError: the text is no YAML, no mapping, has a key twice or a tag that is not plain data.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        if node is not None:
            _check_node(node, (), lines, name)
        values = {} if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}, line {mark.line + 1}" if mark else name
        raise ExperimentError(f"{place}: this is no valid YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ExperimentError(f"{name}: this is no valid YAML: {str(error) or type(error).__name__}.") from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(values, dict):
        raise ExperimentError(
            f"{name}: an experiment file is a mapping of sections (data:, model:, training:, …). "
            f"Received: {type(values).__name__}."
        )
    return Document(values, name, lines)


def read_scalar(text: str, name: str) -> Any:
    """The right-hand side of an override, read by the same rules as the file: ``1e-4``, ``null``, ``[1, 2]``."""
    return read_yaml(f"value: {text}", name).values["value"]


def write_yaml(values: dict[str, Any]) -> str:
    """Plain values as a text that :func:`read_yaml` reads back as they were."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, width=100)


def read_file(path: Path) -> Document:
    """Read an experiment file.

    Raises:
        ExperimentError: there is no such file, or see :func:`read_yaml`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path}: this is no text file in UTF-8. Expected: an experiment in YAML.") from error
    except OSError as error:
        raise ExperimentError(
            f"The experiment file {path} cannot be read: {error.strerror}. Looked in {Path.cwd()}."
        ) from error
    if _ENDS in text and text.rstrip().splitlines()[-1] != _END:
        raise ExperimentError(
            f"{path}: this experiment file is cut off, as after a full disk or a crash. Expected: {_END!r} as its last "
            f"line. Take it from a copy."
        )
    return read_yaml(text, str(path))


def _check_node(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], name: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _check_node(item, (*path, index), lines, name)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            word = str(key.value)
            if (*path, word) in lines:
                raise ExperimentError(
                    f"{name}, line {line}: the key {word!r} stands here a second time; "
                    f"the first is in line {lines[(*path, word)]}. Delete one."
                )
            lines[(*path, word)] = line
            _check_node(value, (*path, word), lines, name)
