"""CSV text that a spreadsheet may open: no cell of it is run as a formula, and reading gives back what was written.

A spreadsheet runs a text cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return (OWASP, "CSV
Injection"). Such cells get an apostrophe in front, which marks text in a spreadsheet. So that reading can remove it
unambiguously, a text that begins with apostrophes before such a character gets one more. Numbers stay numbers.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""The first characters by which a spreadsheet recognises a formula."""

_QUOTED = frozenset(',"\n\r')


def escape_formula(text: str) -> str:
    """A text cell as it is written."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def restore_formula(text: str) -> str:
    """The text of a cell that :func:`escape_formula` wrote; any other text is returned as it is."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text


def csv_text(columns: Sequence[str] | None, rows: Iterable[Sequence[Any]]) -> str:
    """CSV with lines that end in a line feed; text is escaped, None is left blank.

    Args:
        columns: The header; None: the rows alone.
        rows: Each as long as the header.
    """
    lines = [] if columns is None else [columns]
    # A row of one blank cell would else be a blank line, which readers skip.
    return "".join((",".join(map(_cell, line)) or '""') + "\n" for line in (*lines, *rows))


def table_as_csv(table: "pd.DataFrame", *, header: bool = True) -> str:
    """A table as CSV, without its index; unknown values are left blank. See :func:`csv_text`."""
    columns = []
    for index in range(table.shape[1]):
        column = table.iloc[:, index]
        columns.append([None if gone else cell for cell, gone in zip(column.array, column.isna(), strict=True)])
    return csv_text([str(name) for name in table.columns] if header else None, zip(*columns, strict=True))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = escape_formula(value) if isinstance(value, str) else str(value)
    return '"' + text.replace('"', '""') + '"' if not _QUOTED.isdisjoint(text) else text
