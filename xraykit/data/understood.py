"""What was understood of a label file: each column, what it means, and what its cells mean; without patients' ids."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from xraykit.system import counted

_LONGEST = 60
_WIDTH = 78  # behind the "# " of a comment
_LEAST = 30


@dataclass(frozen=True)
class UnderstoodColumn:
    """One column of a label file.

    Attributes:
        column: Its name in the file.
        meaning: ``image``, ``patient``, ``sex``, ``label`` and the like; blank: it is not used.
        label: The label that is read from it; blank where it is none.
        guessed: Whether the experiment leaves it out, so that it was guessed.
        counts: What the cells mean, such as ``present`` or ``PA``, with the number of rows of each.
        words: For a meaning, the cells that were read so, where they are other words.
        note: Why it is not used, or what to check.
    """

    column: str
    meaning: str = ""
    label: str = ""
    guessed: bool = True
    counts: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Understood:
    """What was understood of a label file.

    Attributes:
        file: Its name.
        rows: Number of its rows.
        layout: How its cells are separated and encoded, as phrases such as ``separator ;``.
        columns: Its columns, in their order.
        warnings: What to check, as sentences.
    """

    file: str
    rows: int
    layout: tuple[str, ...] = ()
    columns: tuple[UnderstoodColumn, ...] = ()
    warnings: tuple[str, ...] = ()


def describe_understood(understood: Understood) -> list[str]:
    """The table of what was understood, as lines: column, meaning, and what its cells mean; then what to check."""
    title = f"{understood.file}: {counted(understood.rows, 'row')}"
    rows = [("column", "read as", "cells"), *map(_row, understood.columns)]
    widths = [max(len(row[index]) for row in rows) for index in (0, 1)]
    lines = [line for row in rows for line in _lines(row, widths)]
    return [", ".join([title, *understood.layout]), *lines, *(f"Check: {each}" for each in understood.warnings)]


def _lines(row: tuple[str, str, str], widths: Sequence[int]) -> list[str]:
    """A row, whose cells are continued below where they are many."""
    head = f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  "
    room = max(_WIDTH - len(head), _LEAST)
    first, *further = textwrap.wrap(row[2], room, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{head}{first}".rstrip(), *(" " * len(head) + line for line in further)]


def _row(column: UnderstoodColumn) -> tuple[str, str, str]:
    meaning = column.meaning or "not used"
    named = f"{meaning} {column.label}" if column.label and column.label != column.column else meaning
    chosen = "" if column.guessed or not column.meaning else " (set)"
    cells = "; ".join(f"{name}{_words(column, name)}: {count:,}" for name, count in column.counts.items())
    return column.column, f"{named}{chosen}", " – ".join(each for each in (cells, column.note) if each)


def _words(column: UnderstoodColumn, meaning: str) -> str:
    words = [word for word in column.words.get(meaning, ()) if word != meaning]
    return f" ({shortened(words)})" if words else ""


def shortened(words: Iterable[str], longest: int = _LONGEST) -> str:
    """Words of a column in one text, cut where they are many."""
    text = ", ".join(word or "blank" for word in words)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
