"""The result of a command, as text for a person and as one JSON document for a program."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xraykit.system.exit_codes import EXIT_DONE


@dataclass(frozen=True)
class Result:
    """What a command prints at its end.

    Attributes:
        text: For a person; blank: nothing is printed.
        values: For a program: plain values, paths and NumPy's numbers; ``docs/commands.md`` documents the keys.
        status: The exit code.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = EXIT_DONE


def result_json(values: Mapping[str, Any]) -> str:
    """A JSON document of one object, without NaN and infinity, which JSON lacks: they become null."""
    return json.dumps(_plain(values), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, str) or value is None:
        return value
    if hasattr(value, "tolist"):
        # An array or a number of NumPy.
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence | set | frozenset):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value
