"""The file of a table below ``data.root``: which it is, and its content."""

from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.data.formats.table.names import NAMES
from xraykit.errors import DataError
from xraykit.system.tables import Table, read_table

if TYPE_CHECKING:
    from xraykit.config import Data

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".csv.gz", ".tsv.gz")
_LEFT_BY_EXCEL = "~$"
_OTHERS = (".xls", ".xlsb", ".ods", ".numbers")


def open_table(root: Path, data: "Data") -> Table:
    """The table of the data; titles above its column names are skipped.

    Raises:
        DataError: There is no table, several are candidates, or it cannot be read.
    """
    known = [*data.labels, *(name for sets in NAMES.values() for names in sets for name in names)]
    known += [name for name in (data.settings.image, data.settings.patient, data.settings.findings) if name]
    file = table_file(root, data.labels_file)
    return read_table(file, known=known, short_rows=False, sheet=data.settings.sheet, find_header=True)


def table_file(root: Path, name: str | None) -> Path:
    """The file of the table; see :func:`open_table`."""
    from xraykit.data.reading.picture_files import below

    if name is not None:
        file = below(root, name, "data.labels_file")
        if not file.is_file():
            raise DataError(
                f"There is no file {file}. Expected: the table of the radiographs. Check `data.labels_file`."
            )
        return file
    tables = tables_in(root)
    if len(tables) != 1:
        others = other_spreadsheets(root)
        also = f"; and {', '.join(others)}, which can be read once saved as .xlsx or CSV" if others else ""
        names = (", ".join(path.name for path in tables[:5]) or "none") + also
        raise DataError(
            f"`data.labels_file` must name the table of the radiographs. Expected, where it is left out: one file "
            f"{' or '.join(SUFFIXES)} in {root}. Found: {names}."
        )
    return tables[0]


def tables_in(root: Path) -> list[Path]:
    """The files directly in a folder that may be tables, without those that a spreadsheet leaves while it is open."""
    return sorted(
        path
        for path in root.iterdir()
        if path.name.lower().endswith(SUFFIXES) and path.is_file() and not path.name.startswith((_LEFT_BY_EXCEL, "._"))
    )


def other_spreadsheets(root: Path) -> list[str]:
    """Names of spreadsheets in a folder that are not read as they are: .xls, .ods and the like."""
    return sorted(path.name for path in root.iterdir() if path.suffix.lower() in _OTHERS and path.is_file())
