"""The folder ``tables/``: the tables of a report that have a name, as CSV and LaTeX."""

import re
from collections.abc import Iterable

from xraykit.report.blocks import Section, Table
from xraykit.report.tables.latex import latex_tables
from xraykit.report.tables.plain import PlainTable, plain_table
from xraykit.runs import RunFolder
from xraykit.system import csv_text, write_atomically

# By it, spreadsheets know that the file is UTF-8 and show – and − correctly; other programs skip it.
_UTF8 = "\ufeff"


def named_tables(sections: Iterable[Section]) -> dict[str, PlainTable]:
    """The tables of some sections that have a name, by the names of their files."""
    found: dict[str, PlainTable] = {}
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Table) and block.name and block.rows:
                found[_free(_file_name(block.name), found)] = plain_table(block)
    return found


def write_tables(folder: RunFolder, sections: Iterable[Section]) -> None:
    """Write ``tables/NAME.csv`` and ``tables/NAME.tex`` of each table that has a name.

    Raises:
        DataError: the folder cannot be written.
    """
    for name, table in named_tables(sections).items():
        # The caption is in each row, so that one that was copied elsewhere says what it is of.
        rows = [(*map(_without_plus, row), table.caption) for row in table.rows]
        csv = _UTF8 + csv_text((*table.columns, "Table"), rows)
        write_atomically(folder.tables / f"{name}.csv", csv.encode(), durable=False)
        write_atomically(folder.tables / f"{name}.tex", latex_tables(table, name).encode(), durable=False)


def _without_plus(cell: str) -> str:
    """A cell as a spreadsheet takes it for text: one that begins with a plus it takes for a formula."""
    return re.sub(r"^\+(?=\d)", "", cell)


def _file_name(name: str) -> str:
    """A name that every system takes; those of subgroups come from the columns of a label file."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:80] or "table"


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number if another column has the same one."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
