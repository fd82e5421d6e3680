"""From a file to a table: separator, quotes, blank lines and ragged rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xraykit.errors import DataError
from xraykit.system.counting import counted
from xraykit.system.spreadsheets import restore_formula
from xraykit.system.tables.content import Content, read_content, read_start
from xraykit.system.tables.table import Table

SEPARATORS = (",", ";", "\t", "|")
MAX_COLUMNS = 2000
"""A first line with more columns belongs to another kind of file."""

_STATED = re.compile(r'"?sep=(.)"?[,;\t|]*(\r\n|\r|\n|$)', re.IGNORECASE)
_INVISIBLE = ("\ufeff", "\u200b")


def read_table(
    path: Path,
    required: Sequence[str] = (),
    known: Sequence[str] = (),
    *,
    short_rows: bool = True,
    escaped: bool = False,
) -> Table:
    """Read a table with a first line of column names, separated by comma, semicolon, tab or ``|``.

    The separator is the one that the first line ``sep=;`` of Excel states; else the one with which the first line holds
    most of the names in ``required`` and ``known``; else the one that gives most columns. Cells may be in double
    quotes; blank lines, blanks around cells, and columns at the end that have no name and no content are left out.

    Args:
        path: The file; see :func:`.read_content` for its encoding.
        required: Columns that must be there.
        known: Columns that may be there.
        short_rows: Whether a row may have fewer cells than the first line, as spreadsheets write it where the last
            cells are blank. Such cells are blank. Else the row is refused, as in a file that was cut short.
        escaped: Whether the table was made from one that xraykit wrote, so that text which a spreadsheet would run as a
            formula is restored (:mod:`xraykit.system.spreadsheets`).

    Raises:
        DataError: The file cannot be read as text, has no columns, lacks a required column, names one twice, or a row
            has too few or too many cells or a quote that is not closed; the message names file and line.
    """
    return parse_table(read_content(path), required, known, short_rows=short_rows, escaped=escaped)


def parse_table(
    content: Content,
    required: Sequence[str] = (),
    known: Sequence[str] = (),
    *,
    short_rows: bool = True,
    escaped: bool = False,
) -> Table:
    """The table in a text; see :func:`read_table`."""
    path = content.path
    start, skipped, separator = _layout(content, (*required, *known))
    records = _records(path, content.text[start:], separator, skipped)
    if escaped:
        records = ((line, [restore_formula(cell) for cell in record]) for line, record in records)
    columns = _columns(path, next(records, (0, []))[1])
    lines, cells = [], []
    for line, record in records:
        lines.append(line)
        cells.append(_fitted(path, line, record, len(columns), short_rows))
    table = Table(path, columns, tuple(lines), tuple(cells), separator, content.encoding, content.sha256)
    table.require(required)
    return table


def columns_of(path: Path, known: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns in the first line of a table, to recognise it; none where it is not a table or cannot be read.

    Args:
        path: The file.
        known: Columns that it may have, to find the separator.
    """
    content = Content(path, read_start(path), "", "")
    start, _, separator = _layout(content, known)
    return tuple(_header(content.text[start:], separator))


def read_records(path: Path, known: Sequence[str] = ()) -> list[tuple[int, list[str]]]:
    """Line and cells of each row that is not blank, the first line among them, for files whose header is ragged.

    Args:
        path: The file.
        known: Columns that the first line may name, to find the separator.

    Raises:
        DataError: The file cannot be read as a table.
    """
    content = read_content(path)
    start, skipped, separator = _layout(content, known)
    return list(_records(path, content.text[start:], separator, skipped))


def _layout(content: Content, known: Iterable[str]) -> tuple[int, int, str]:
    """Where the first line of the table begins, the number of lines before it, and the separator."""
    stated = _STATED.match(content.text)
    return (stated.end(), 1, stated[1]) if stated else (0, 0, _separator(content.text, set(known)))


def _separator(text: str, known: set[str]) -> str:
    names = {name.casefold() for name in known}

    def found(separator: str) -> tuple[int, int]:
        header = _header(text, separator)
        return len(names & {name.casefold() for name in header}), len(header)

    return max(SEPARATORS, key=found)


def _header(text: str, separator: str) -> list[str]:
    try:
        cells = next(filter(any, csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)), [])
    except csv.Error:
        return []
    return [_stripped(cell) for cell in cells]


def _records(path: Path, text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each record that is not blank."""
    # Strict: a quote that is never closed would swallow the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    try:
        for record in reader:
            cells = [_stripped(cell) for cell in record]
            if any(cells):
                yield before + 1 + skipped, cells
            before = reader.line_num
    except csv.Error as error:
        raise DataError(
            f"{path}, line {before + 1 + skipped}: {error}. Expected: a table (CSV) whose double quotes are closed and "
            f"followed by the separator {separator!r}."
        ) from error


def _stripped(cell: str) -> str:
    text = cell.strip()
    return text.strip("".join(_INVISIBLE)).strip() if text.startswith(_INVISIBLE) or text.endswith(_INVISIBLE) else text


def _columns(path: Path, names: list[str]) -> tuple[str, ...]:
    while names and not names[-1]:
        names = names[:-1]
    if not names:
        raise DataError(f"{path} is empty. Expected: a table (CSV) whose first line names its columns.")
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{path} has {len(names):,} columns in its first line. Expected: at most {MAX_COLUMNS:,}. It is not "
            f"a table of radiographs; check the file."
        )
    twice = [name for name, times in Counter(names).items() if name and times > 1]
    if twice:
        raise DataError(
            f"{path} has two columns of the same name: {', '.join(twice)}. Expected: each once. Rename or remove one."
        )
    return tuple(names)


def _fitted(path: Path, line: int, cells: list[str], columns: int, short_rows: bool) -> tuple[str, ...]:
    if any(cells[columns:]) or (len(cells) < columns and not short_rows):
        cut = " The file may be cut short." if len(cells) < columns else ""
        raise DataError(
            f"{path}, line {line}: {counted(len(cells), 'cell')}. Expected: {columns}, as in the "
            f"first line. A cell with "
            f"the separator must be in double quotes.{cut}"
        )
    return (*cells[:columns], *[""] * (columns - len(cells)))
