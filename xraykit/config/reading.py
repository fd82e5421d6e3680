"""YAML to plain values that know their line, and back: safe, without YAML 1.1's traps.

Differences from PyYAML's safe loader: ``1e-4`` is a number, ``no`` and ``on`` are words, ``12:30`` is a word, and a key
that appears twice in one mapping is an error; PyYAML keeps the last one.
"""

import itertools
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from xraykit.errors import ExperimentError
from xraykit.system import masked, shown

KeyPath = tuple[str | int, ...]


# Far more than any experiment needs; PyYAML takes a second for as much.
_MOST_BYTES = 200_000
_MOST_NODES = 20_000
_DEEPEST = 20
_SHORTEST_PIECE = 4  # Shorter ones would be found by chance inside words of a message.


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

    def position(self, path: KeyPath) -> str:
        """Where ``path`` was set: an override, a line, or the line of the nearest section above it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.overrides:
                key, _, value = self.overrides[path[:end]].partition("=")
                override = f"{shown(key)}={value if self._is_harmless(value) else '...'}"
                return f"the override {override!r}"
            if path[:end] in self.lines:
                return f"{self.name}, line {self.lines[path[:end]]}"
        return self.name

    def refusal(self, path: KeyPath, message: str) -> ExperimentError:
        """An error about ``path``, without the secrets in the document."""
        text = f"{self.position(path)}: {message}"
        instead = dict(_secrets(self.values))
        for secret in sorted(instead, key=len, reverse=True):
            for spelling in (secret, repr(secret), repr(secret)[1:-1]):
                text = text.replace(spelling, instead[secret])
        return ExperimentError(masked(text))

    def refusal_of(self, path: KeyPath, message: str) -> ExperimentError:
        """As :meth:`refusal`; the message begins with the path, such as ``data.root``."""
        return self.refusal(path, f"{'.'.join(map(str, path))}: {message}")

    @staticmethod
    def _is_harmless(value: str) -> bool:
        """A number or a truth value; text may be a password under a misspelled key."""
        return re.fullmatch(r"[-+.\deE_]{1,20}|true|false|null|none", value.strip()) is not None


def _secrets(values: Any, divided: bool = False) -> Iterator[tuple[str, str]]:
    """The texts, including keys, that must not be shown, each with what is shown instead.

    Args:
        values: Of a document.
        divided: Whether an address may have been divided into these texts, at a comma in its password.
    """
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _secrets(str(key))
            yield from _secrets(value)
    elif isinstance(values, list | tuple):
        divided = any(isinstance(value, str) and shown(value) != value for value in values)
        for value in values:
            yield from _secrets(value, divided)
    elif isinstance(values, str):
        if shown(values) != values:
            yield values, shown(values)
        elif divided and len(values) >= _SHORTEST_PIECE:
            yield values, "***"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's numbers and booleans."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


class TextLoader(yaml.SafeLoader):
    """Every scalar as its text, for lists of names."""

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


def read_yaml(text: str, name: str, loader_class: type[yaml.SafeLoader] | None = None) -> Document:
    """Parse the text of an experiment file.

    Args:
        text: The YAML text, one mapping.
        name: What an error message calls it, such as the file's path.
        loader_class: Decides what a scalar means; left out, as in an experiment file.

    Raises:
        ExperimentError: the text is not YAML or not a mapping, has a key twice or a tag that is not plain data, is
            nested deeply, or its aliases (``*name``) unfold to very much.
    """
    loader = None
    try:
        loader = (loader_class or _Loader)(text)
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        if node is not None:
            _check_node(node, (), lines, name, itertools.count(1))
        values = {} if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = f"{name}, line {mark.line + 1}" if mark else name
        # The error itself quotes the line, which may contain a password: it must not be shown as a cause.
        problem = shown(f"{error.problem or error.context}")
        raise ExperimentError(f"{position}: this is not valid YAML: {problem}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = shown(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise ExperimentError(f"{name}: this is not valid YAML: {problem}.") from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(values, dict):
        raise ExperimentError(
            f"{name}: an experiment file is a mapping of sections (data:, model:, training:, …). "
            f"Received: {type(values).__name__}."
        )
    return Document(values, name, lines)


def read_scalar(text: str, name: str, loader_class: type[yaml.SafeLoader] | None = None) -> Any:
    """The right-hand side of an override, read by the same rules as the file: ``1e-4``, ``null``, ``[1, 2]``."""
    return read_yaml(f"value: {text}", name, loader_class).values["value"]


def write_yaml(values: dict[str, Any]) -> str:
    """Plain values as a text that :func:`read_yaml` reads back as they were."""
    escaped = yaml.dump(values, Dumper=_Dumper, sort_keys=False, width=100)
    readable = yaml.dump(values, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
    # PyYAML does not read back all that it writes so, such as the line separators of Unicode.
    return readable if all(char.isalnum() for char in readable if ord(char) > 127) else escaped


def read_file(path: Path) -> Document:
    """Read an experiment file.

    Raises:
        ExperimentError: the file does not exist, or see :func:`read_yaml`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
            raise ExperimentError(f"{path} is {kind}. Expected: an experiment file in YAML.")
        if status.st_size > _MOST_BYTES:
            raise ExperimentError(
                f"{path} has {status.st_size:,} bytes. Expected: an experiment in YAML, of at most {_MOST_BYTES:,}."
            )
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path}: this is not a text file in UTF-8. Expected: an experiment in YAML.") from error
    except OSError as error:
        raise ExperimentError(
            f"The experiment file {path} cannot be read: {error.strerror}. Looked in {Path.cwd()}."
        ) from error
    if _ENDS in text and text.rstrip().splitlines()[-1] != _END:
        raise ExperimentError(
            f"{path}: this experiment file is truncated, perhaps by a full disk or a crash. Expected: {_END!r} as its "
            f"last line. Restore it from a copy."
        )
    return read_yaml(text, str(path))


def _check_node(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], name: str, visited: Iterator[int]) -> None:
    """Find the line of each key; refuse a text whose aliases unfold to more than an experiment can contain."""
    if len(path) > _DEEPEST or next(visited) > _MOST_NODES:
        raise ExperimentError(
            f"{name}, line {node.start_mark.line + 1}: this is nested too deeply or unfolds to too much. Expected: at "
            f"most {_DEEPEST} levels and {_MOST_NODES:,} values, those that aliases (*name) repeat counted each time."
        )
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _check_node(item, (*path, index), lines, name, visited)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            word = str(key.value)
            if (*path, word) in lines:
                raise ExperimentError(
                    f"{name}, line {line}: the key {shown(word)!r} appears here a second time; "
                    f"the first is in line {lines[(*path, word)]}. Delete one."
                )
            lines[(*path, word)] = line
            _check_node(value, (*path, word), lines, name, visited)
