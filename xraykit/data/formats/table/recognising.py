"""What of a folder the format ``table`` can read, and the values of an experiment that it finds in the files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xraykit.data.formats.table.columns import Columns, find_columns
from xraykit.data.formats.table.facts import HINTS
from xraykit.data.formats.table.files import open_table, other_spreadsheets, tables_in
from xraykit.data.formats.table.labels import Label
from xraykit.data.formats.table.lists import Lists
from xraykit.data.formats.table.reading import find_labels, known_otherwise
from xraykit.errors import DataError
from xraykit.registry import Recognised
from xraykit.system import counted
from xraykit.system.tables import Table

if TYPE_CHECKING:
    from xraykit.config import Data


class _Content(NamedTuple):
    table: Table
    columns: Columns
    labels: list[Label]
    lists: Lists | None


def _content(data: "Data") -> _Content:
    from xraykit.data.reading.picture_files import data_root

    table = open_table(data_root(data.root, HINTS), data)
    columns = find_columns(table, data.settings, known_otherwise(data))
    return _Content(table, columns, *find_labels(table, data.settings, data.labels, columns))


def found_values(data: "Data") -> Mapping[str, Any]:
    """Values of ``data`` that an experiment leaves out: its labels, and how patients are divided.

    Args:
        data: The section; its labels may be left out.

    Returns:
        Path to value, such as ``{"labels": (...), "split.method": "patient"}``.

    Raises:
        DataError: The table cannot be read, or its labels cannot be guessed.
    """
    content = _content(data)
    return {
        "labels": tuple(label.name for label in content.labels),
        "split.method": "official" if content.columns.of["split"] else "patient",
    }


def recognise(folder: Path) -> Recognised | None:
    """The table of a folder, with the columns that are guessed, and what is missing; None without a table.

    Of several tables the one is proposed that can be read; where there are more, one must be named.
    """
    tables = tables_in(folder)
    readable: list[Recognised] = []
    problems: list[str] = []
    for file in tables:
        try:
            readable.append(_recognised(folder, file, len(tables) > 1))
        except DataError as error:
            problems.append(str(error))
    if len(readable) == 1:
        return readable[0]
    names = ", ".join(file.name for file in tables)
    if readable:
        return Recognised(f"several tables: {names}", missing=(f"`data.labels_file`, one of: {names}",))
    if tables:
        return Recognised(f"the table {names}", missing=tuple(problems))
    others = ", ".join(other_spreadsheets(folder))
    return Recognised(f"the spreadsheet {others}", missing=("it must be saved as .xlsx or CSV",)) if others else None


def _recognised(folder: Path, file: Path, several: bool) -> Recognised:
    from xraykit.config import Data

    # Labels are what is searched for here; everything else is as in an experiment that leaves it out.
    data = Data(format="table", root=str(folder), labels_file=file.name)
    content = _content(data)
    of = {meaning: column for meaning, column in content.columns.of.items() if column}
    settings: dict[str, Any] = dict(of)
    if content.lists:
        settings |= {"findings": content.lists.column, "separator": content.lists.separator}
    values = {
        **({"labels_file": file.name} if several or content.table.sheet else {}),
        "labels": [label.name for label in content.labels],
        "split": {"method": "official" if "split" in of else "patient"},
        "table": {**({"sheet": content.table.sheet} if len(content.table.sheets) > 1 else {}), **settings},
    }
    return Recognised(f"the table {file.name} with {counted(len(content.table), 'row')}", values)
