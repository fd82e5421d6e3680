"""From a file to a table: separator, quotes, blank lines and ragged rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from xraykit.errors import DataError
from xraykit.system.files import read_regular_file
from xraykit.system.spreadsheets import restore_formula
from xraykit.system.tables.content import MAX_BYTES, Content, content_of, read_content, read_start
from xraykit.system.tables.headers import MOST_TITLES, without_titles
from xraykit.system.tables.table import Table
from xraykit.system.tables.workbooks import is_workbook, read_sheet
from xraykit.system.terminal.counting import counted

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
    sheet: str | None = None,
    find_header: bool = False,
) -> Table:
    """Read a table with a first line of column names: text, or a sheet of an Excel workbook (.xlsx).

    Cells of a text are separated by comma, semicolon, tab or ``|``. The separator is the one that the first line
    ``sep=;`` of Excel states; else the one with which the first line holds most of the names in ``required`` and
    ``known``; else the one that gives most columns. Cells may be in double quotes; blank lines, blanks around cells,
    and columns at the end that have no name and no content are left out.

    Args:
        path: The file; see :func:`.read_content` for its encoding and :func:`.read_sheet` for the text of its cells.
        required: Columns that must be there.
        known: Columns that may be there.
        short_rows: Whether a row may have fewer cells than the first line, as spreadsheets write it where the last
            cells are blank. Such cells are blank. Else the row is refused, as in a file that was cut short; but not in
            a workbook, which does not save blank cells.
        escaped: Whether the table was made from one that xraykit wrote, so that text which a spreadsheet would run as a
            formula is restored (:mod:`xraykit.system.spreadsheets`).
        sheet: Name of the sheet of a workbook; None: the first one.
        find_header: Whether titles may stand above the column names; see :func:`.without_titles`.

    Raises:
        DataError: The file cannot be read, has no columns, lacks a required column, names one twice, or a row has too
            few or too many cells or a quote that is not closed; the message names file and line.
    """
    data = read_regular_file(path, MAX_BYTES)
    if is_workbook(data):
        chosen = read_sheet(path, data, sheet)
        facts = Table(path, (), (), (), "", "", chosen.sha256, sheet=chosen.name, sheets=chosen.names)
        table = _table(facts, iter(chosen.records), True, escaped, find_header)
    else:
        if sheet is not None:
            raise DataError(f"{path} has no sheet {sheet!r}: it is no Excel workbook (.xlsx). Leave the sheet out.")
        content = content_of(path, data)
        start, skipped, separator = _layout(content, (*required, *known), find_header)
        facts = Table(path, (), (), (), separator, content.encoding, content.sha256)
        records = _records(path, content.text[start:], separator, skipped)
        table = _table(facts, records, short_rows, escaped, find_header)
    table.require(required)
    return table


def parse_table(content: Content, required: Sequence[str] = (), known: Sequence[str] = ()) -> Table:
    """The table in a text; see :func:`read_table`."""
    start, skipped, separator = _layout(content, (*required, *known))
    facts = Table(content.path, (), (), (), separator, content.encoding, content.sha256)
    table = _table(facts, _records(content.path, content.text[start:], separator, skipped), True, False, False)
    table.require(required)
    return table


def _table(
    facts: Table, records: Iterator[tuple[int, list[str]]], short_rows: bool, escaped: bool, find_header: bool
) -> Table:
    path = facts.path
    if escaped:
        records = ((line, [restore_formula(cell) for cell in record]) for line, record in records)
    if find_header:
        records = without_titles(records)
    header, names = next(records, (0, []))
    columns = _columns(path, names)
    lines, cells = [], []
    for line, record in records:
        lines.append(line)
        cells.append(_fitted(path, line, record, len(columns), short_rows))
    return replace(facts, columns=columns, lines=tuple(lines), cells=tuple(cells), header=header)


def columns_of(path: Path, known: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns in the first line of a table, to recognise it; none where it is not a table or cannot be read.

    Args:
        path: The file.
        known: Columns that it may have, to find the separator.
    """
    content = Content(path, read_start(path), "", "")
    start, _, separator = _layout(content, known)
    return tuple(next(iter(_first_lines(content.text[start:], separator, 1)), []))


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


def _layout(content: Content, known: Iterable[str], titles: bool = False) -> tuple[int, int, str]:
    """Where the first line of the table begins, the number of lines before it, and the separator."""
    stated = _STATED.match(content.text)
    return (stated.end(), 1, stated[1]) if stated else (0, 0, _separator(content.text, set(known), titles))


def _separator(text: str, known: set[str], titles: bool = False) -> str:
    names = {name.casefold() for name in known}

    def found(separator: str) -> tuple[int, int]:
        lines = _first_lines(text, separator, MOST_TITLES if titles else 1)
        return max(((len(names & {name.casefold() for name in line}), len(line)) for line in lines), default=(0, 0))

    return max(SEPARATORS, key=found)


def _first_lines(text: str, separator: str, most: int) -> list[list[str]]:
    """The first rows that are not blank, as they are with a separator; none where its quotes are damaged."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [[_stripped(cell) for cell in row] for row in islice(filter(any, rows), most)]
    except csv.Error:
        return []


def _records(path: Path, text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each record that is not blank."""
    # Strict: a quote that is never closed would swallow the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    # Millions of cells: those of most files have no invisible characters, and their own method is three times as fast.
    stripped = _stripped if any(mark in text for mark in _INVISIBLE) else str.strip
    try:
        for record in reader:
            cells = list(map(stripped, record))
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
