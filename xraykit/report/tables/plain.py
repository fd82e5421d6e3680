"""A table of a page as plain texts: one for each cell, with the interval in it."""

from dataclasses import dataclass

from xraykit.report.blocks import Cell, Table
from xraykit.report.wording import DASH


@dataclass(frozen=True)
class PlainTable:
    """A table whose cells are texts.

    Attributes:
        caption: What it shows, of which part of which split.
        columns: Heads, that of the rows' names first.
        rows: Each as long as ``columns``, with its name first.
        totals: Of each row, whether it is a sum or a mean.
        notes: Sentences below the table.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[bool, ...]
    notes: tuple[str, ...]


def plain_table(table: Table) -> PlainTable:
    """The texts of a table; columns of drawings alone are left out."""
    kept = [at for at in range(len(table.columns) - 1) if _has_text([row.cells[at] for row in table.rows])]
    return PlainTable(
        table.caption,
        (cell_text(table.columns[0]), *(cell_text(table.columns[at + 1]) for at in kept)),
        tuple((row.name, *(cell_text(row.cells[at]) for at in kept)) for row in table.rows),
        tuple(row.total for row in table.rows),
        table.notes,
    )


def cell_text(cell: Cell) -> str:
    """All of a cell in one line: ``0.812 (0.781–0.843)``, ``0.53 (0.31–0.74); 12 pos.``, ``685 (10.3 %)``."""
    text = cell.text
    small = "; ".join(line.strip() for line in cell.small.splitlines() if line.strip())
    if cell.interval:
        text = f"{text} ({cell.interval})"
    elif small and text and not set("()") & set(small):
        return f"{text} ({small})"
    return "; ".join(filter(None, [text, small]))


def _has_text(cells: list[Cell]) -> bool:
    """Whether there is something besides drawings and the dashes in their place."""
    drawn = any(cell.is_drawn for cell in cells)
    return not drawn and any(cell_text(cell) not in ("", DASH) for cell in cells)
