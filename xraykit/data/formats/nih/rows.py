"""The rows of an NIH label file as text.

The header's brackets contain unquoted commas (``OriginalImage[Width,Height]``), but as each of their halves stands over
one value, header and rows have the same number of fields. The file of 2017 ends each line with a comma more.
"""

from pathlib import Path
from typing import NamedTuple

from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table, read_table

_COLUMNS = {
    "image": ("Image Index",),
    "findings": ("Finding Labels",),
    "patient": ("Patient ID",),
    "age": ("Patient Age",),
    "sex": ("Patient Gender", "Patient Sex"),
    "view": ("View Position",),
}
_REQUIRED = ("image", "findings", "patient")


class Row(NamedTuple):
    """The cells of one row, stripped; a column that the file lacks is empty. ``line`` counts from 1.

    ``further`` contains the cells of the requested further columns.
    """

    line: int
    image: str
    findings: str
    patient: str
    age: str
    sex: str
    view: str
    further: tuple[str, ...]


def read_label_file(file: Path) -> Table:
    """A label file as text; see :func:`xraykit.system.tables.read_table`.

    Raises:
        DataError: It cannot be read as a table, or has no rows.
    """
    known = [name for names in _COLUMNS.values() for name in names]
    table = read_table(file, known=known, short_rows=False)
    if not len(table):
        raise DataError(f"{file} has a header but no rows. Expected: one row per radiograph. Download it again.")
    return table


def rows_of(table: Table, further: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a label file.

    Args:
        table: From :func:`read_label_file`.
        further: Names of columns to read besides, as the first line has them.

    Raises:
        DataError: It is no such label file or lacks a column.
    """
    positions, others = _positions(table), _further(table, further)
    rows = []
    for line, cells in zip(table.lines, table.cells, strict=True):
        image, findings, patient, age, sex, view = (cells[at] if at is not None else "" for at in positions)
        rows.append(Row(line, image, findings, patient, age, sex, view, tuple(cells[at] for at in others)))
    return rows


def _positions(table: Table) -> list[int | None]:
    """For each column, in the order of :class:`Row`, its place in the file."""
    found = {column: table.place(*names) for column, names in _COLUMNS.items()}
    absent = [_COLUMNS[column][0] for column in _REQUIRED if found[column] is None]
    if absent:
        raise DataError(
            f"{table.path} is not an NIH label file: its first line lacks {', '.join(absent)}. "
            f"Received: {', '.join(table.columns)[:200]!r}."
        )
    return list(found.values())


def _further(table: Table, names: tuple[str, ...]) -> list[int]:
    """Places of further columns."""
    for name in names:
        if name not in table.columns:
            known = [column for column in table.columns if column]
            raise DataError(f"`data.columns`: {unknown_name(f'column of {table.path.name}', name, known)}")
        if name.casefold() in map(str.casefold, _COLUMNS["patient"]):
            raise DataError(f"`data.columns` names {name!r}: metrics by patient would put patient ids in reports.")
    return [table.columns.index(name) for name in names]
