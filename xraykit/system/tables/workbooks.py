"""Excel workbooks (.xlsx, .xlsm): the cells of one sheet as text, as a person sees them in the spreadsheet."""

import datetime
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.errors import DataError

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_UNPACKED = 1 << 30
"""Workbooks whose parts have more bytes together are refused: a small archive may unpack to any size."""

MAX_ROWS = 1 << 20
"""The most that a sheet has; a damaged file may number a row with any number, and each before it would be read."""

_EXACT = 10**15  # Excel keeps 15 digits of a number.
_WORKBOOK = "xl/workbook.xml"
_PADDED = re.compile(r"0{2,}")


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet of a workbook.

    Attributes:
        name: Its name.
        names: The names of all sheets of the workbook.
        records: Row number and cells of each row that is not blank.
        sha256: Hash of the file's bytes, in hexadecimal.
    """

    name: str
    names: tuple[str, ...]
    records: tuple[tuple[int, list[str]], ...]
    sha256: str


def is_workbook(data: bytes) -> bool:
    """Whether a file's bytes are those of an Excel workbook of the present format; other archives are not."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def read_sheet(path: Path, data: bytes, sheet: str | None = None) -> Sheet:
    """The cells of a sheet as text.

    Whole numbers have no ``.0`` and keep the zeros in front that their number format shows; dates are ISO
    (``2023-05-31``); truth values are ``true`` and ``false``; a formula is its value. Numbers of more than 15 digits,
    of which a spreadsheet has lost the last ones, are in scientific notation, as it shows them too.

    Args:
        path: The file, for messages.
        data: Its bytes.
        sheet: Name of the sheet; None: the first one.

    Raises:
        DataError: The workbook is damaged or too large, has no such sheet, or has formulas whose values were not saved.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if (path, sha256, sheet) not in _latest:
        _latest.clear()
        _latest[path, sha256, sheet] = _read(path, data, sheet, sha256)
    return _latest[path, sha256, sheet]


# The sheet that was read last: an experiment is checked before its data are read, and a large sheet takes a minute.
_latest: dict[tuple[Path, str, str | None], Sheet] = {}


def _read(path: Path, data: bytes, sheet: str | None, sha256: str) -> Sheet:
    import openpyxl

    _check_size(path, data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        chosen = _chosen(path, book, sheet)
        records = tuple(_records(path, book[chosen]))
    except DataError:
        raise
    except Exception as error:  # openpyxl raises errors of many kinds for a damaged file.
        raise DataError(
            f"{path} cannot be read as an Excel workbook: {type(error).__name__}: {error}. It may be damaged. Open it "
            f"in a spreadsheet and save it again, as .xlsx or as CSV."
        ) from error
    _check_formulas(path, data, chosen)
    return Sheet(chosen, tuple(book.sheetnames), records, sha256)


def _check_size(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > MAX_UNPACKED:
        raise DataError(f"{path} unpacks to {size:,} bytes. Expected: at most {MAX_UNPACKED:,}. Save the sheet as CSV.")


def _chosen(path: Path, book: "Workbook", sheet: str | None) -> str:
    names = [each.title for each in book.worksheets]
    if not names:
        raise DataError(f"{path} has no sheet with cells. Expected: a table whose first row names its columns.")
    if sheet is None:
        return names[0]
    fitting = [name for name in names if name.casefold() == sheet.casefold()]
    if not fitting:
        raise DataError(f"{path} has no sheet {sheet!r}. It has: {', '.join(names)}. Name one of them.")
    return fitting[0]


def _records(path: Path, sheet: Any) -> Iterator[tuple[int, list[str]]]:
    # Some programs write a wrong size of the sheet, after which rows would be missing.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > MAX_ROWS:
            raise DataError(
                f"{path}, sheet {sheet.title} has rows beyond {MAX_ROWS:,}, the last one of a sheet. The file may be "
                f"damaged. Open it in a spreadsheet and save it again, as .xlsx or as CSV."
            )
        # Looking up the format takes as long as reading the cell, and matters for numbers alone.
        cells = [
            cell_text(cell.value, cell.number_format) if cell.data_type == "n" else cell_text(cell.value)
            for cell in row
        ]
        if any(cells):
            yield number, cells


def cell_text(value: Any, number_format: str = "") -> str:
    """The text of a cell's value, as :func:`read_sheet` describes it.

    Args:
        value: As openpyxl returns it.
        number_format: The format of the cell, of which zeros in front are kept (``00000`` shows 7 as ``00007``).
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value) if abs(value) < _EXACT else value
    if isinstance(value, int):
        padded = len(number_format) if _PADDED.fullmatch(number_format) else 0
        return f"{value:0{padded}d}" if abs(value) < _EXACT else f"{value:.14E}"
    if isinstance(value, float):
        return f"{value:.14E}" if abs(value) >= _EXACT else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value).strip()


def _check_formulas(path: Path, data: bytes, sheet: str) -> None:
    """Programs that write workbooks may save a formula without its value; such a cell would be read as blank."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        if not any(b"<f" in archive.read(name) for name in sheets):
            return
    values, formulas = (
        openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values)[sheet] for values in (True, False)
    )
    for each in (values, formulas):
        each.reset_dimensions()
    for shown, written in zip(values.iter_rows(), formulas.iter_rows(), strict=True):
        for cell, formula in zip(shown, written, strict=True):
            if cell.value is None and formula.data_type == "f":
                raise DataError(
                    f"{path}, sheet {sheet}, cell {formula.coordinate}: a formula whose value was not saved. Expected: "
                    f"values. Open the file in a spreadsheet and save it again, or save the sheet as CSV."
                )
