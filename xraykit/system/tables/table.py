"""A table of text: columns, and rows that know their line in the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xraykit.errors import DataError

_MOST_SHOWN = 10


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        line: Where it begins in the file, whose first line is 1.
        cells: Column to text, without white space around.
    """

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, eq=False)
class Table:
    """The table in a file.

    Attributes:
        path: The file.
        columns: Its columns in order, each name once; blank where the first line names none.
        lines: Where each row begins in the file, whose first line is 1.
        cells: The rows that are not blank; each has one text for each column, without white space around.
        separator: The character between cells; blank in a workbook.
        encoding: Of the file, as Python names it; blank in a workbook.
        sha256: Hash of the file's bytes.
        header: Line of the column names.
        sheet: Name of the sheet of a workbook.
        sheets: Names of all its sheets.
    """

    path: Path
    columns: tuple[str, ...]
    lines: tuple[int, ...]
    cells: tuple[tuple[str, ...], ...]
    separator: str = ","
    encoding: str = "utf-8"
    sha256: str = ""
    header: int = 1
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Each row as a mapping; columns without a name are left out."""
        named = [(index, name) for index, name in enumerate(self.columns) if name]
        return tuple(
            Row(line, {name: cells[index] for index, name in named})
            for line, cells in zip(self.lines, self.cells, strict=True)
        )

    def place(self, *names: str) -> int | None:
        """Place of the first of these columns that the table has, whatever their case; None if it has none."""
        lower = [column.casefold() for column in self.columns]
        for name in names:
            if name in self.columns:
                return self.columns.index(name)
            if name.casefold() in lower:
                return lower.index(name.casefold())
        return None

    def column(self, name: str) -> list[str]:
        """The cells of an existing column, from the first row to the last."""
        index = self.columns.index(name)
        return [cells[index] for cells in self.cells]

    def require(self, names: Sequence[str]) -> None:
        """Check that the table has these columns.

        Raises:
            DataError: some are not.
        """
        absent = [name for name in names if name not in self.columns]
        if absent:
            raise DataError(
                f"{self.path} has no column {', '.join(absent)}. Expected: {', '.join(names)}, each once. Received: "
                f"{', '.join(self.columns)[:300]}."
            )

    def complain(self, mistakes: Sequence[str], expected: str) -> None:
        """Report the mistakes in the rows, if there are any.

        Args:
            mistakes: Each ``line N, column C: what is wrong``; the first ten are shown.
            expected: What a row must contain, as a sentence.

        Raises:
            DataError: there are mistakes.
        """
        if mistakes:
            more = len(mistakes) - _MOST_SHOWN
            shown = "; ".join(mistakes[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")
            raise DataError(f"{self.path} cannot be used. {shown}. {expected} Correct the file and start again.")


def wrong_cell(path: Path | str, line: int, column: str, received: str, expected: str) -> DataError:
    """The error about one cell: its position, what was expected and what was received."""
    shown = received if len(received) <= 80 else received[:77] + "..."
    return DataError(f"{path}, line {line}, column {column!r}: {shown!r}. Expected: {expected}.")
