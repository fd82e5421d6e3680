"""Tables that a person filled in, and new folders for what is made of them."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import DataError
from xraykit.run_folder import RunFolder
from xraykit.spreadsheets import restore_formula

if TYPE_CHECKING:
    import _csv

_TOLD_AT_MOST = 10


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        line: Where it ends in the file, the header being line 1.
        cells: Column to text, without white space around.
    """

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class FilledIn:
    """A table that a person filled in.

    Attributes:
        path: The file.
        columns: Its columns, in order.
        rows: Those that are not blank.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def complain(self, mistakes: Sequence[str], expected: str) -> None:
        """Raise what is wrong with the rows, if anything.

        Args:
            mistakes: Each ``line N: what is wrong``; the first ten are told.
            expected: What a row holds, as a sentence.

        Raises:
            DataError: there are mistakes.
        """
        if mistakes:
            more = len(mistakes) - _TOLD_AT_MOST
            told = "; ".join(mistakes[:_TOLD_AT_MOST]) + (f"; and {more} more" if more > 0 else "")
            raise DataError(f"{self.path} cannot be used. {told}. {expected} Correct the file and start again.")


def read_filled_in(path: Path, required: Sequence[str]) -> FilledIn:
    """Read a CSV file, separated by commas, or by semicolons as spreadsheets of some countries do.

    Args:
        path: The file, in UTF-8.
        required: Columns that must be there.

    Raises:
        DataError: it cannot be read, a column is missing or stands twice, or a row has more cells than the header.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise DataError(f"{path} cannot be read: {reason}. Expected: a CSV file in UTF-8.") from error
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",")
    try:
        columns = [restore_formula(name.strip()) for name in next(reader, [])]
        table = FilledIn(path, tuple(columns), tuple(_rows(path, columns, required, reader)))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}. Expected: a CSV file.") from error
    return table


def mark(text: str) -> float | None:
    """What a person filled in for a finding: 1, 0, or NaN where left blank; None if it is something else."""
    if text == "":
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value in (0, 1) else None


def fresh_folder(path: Path) -> RunFolder:
    """A folder for new results; it is made when the first file is written.

    Raises:
        DataError: something is there already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path} is there already and is not overwritten. Give another folder with --to.")
    return RunFolder(path)


def check_blank(path: Path, columns: Sequence[str]) -> None:
    """See that nothing is lost if a table is written anew.

    Args:
        path: The table; it need not be there.
        columns: Those that a person fills in.

    Raises:
        DataError: something is filled in, or it cannot be read.
    """
    rows = read_filled_in(path, columns).rows if path.exists() else ()
    filled = [row.line for row in rows if any(row.cells[name] for name in columns)]
    if filled:
        raise DataError(
            f"{path} was filled in (line {filled[0]}) and is not overwritten. Give another folder with --to, or move "
            f"it away; to use it, give it with --corrected."
        )


def _rows(path: Path, columns: list[str], required: Sequence[str], reader: "_csv.Reader") -> list[Row]:
    absent = [name for name in required if name not in columns]
    if absent or len(set(columns)) != len(columns):
        what = f"no column {', '.join(absent)}" if absent else "two columns of one name"
        received = ", ".join(columns) or "nothing"
        raise DataError(f"{path} has {what}. Expected: {', '.join(required)}, each once. Received: {received}.")
    rows = []
    for cells in reader:
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            raise DataError(
                f"{path}, line {reader.line_num}: {len(cells)} cells. Expected: {len(columns)}, as in the header. Put "
                f"a cell that holds a comma in double quotes."
            )
        filled = [restore_formula(cell.strip()) for cell in cells] + [""] * (len(columns) - len(cells))
        if any(filled):
            rows.append(Row(reader.line_num, dict(zip(columns, filled, strict=False))))
    return rows
