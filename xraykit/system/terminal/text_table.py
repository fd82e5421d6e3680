"""Tables of plain text that fit into 80 columns."""

import textwrap
from collections.abc import Mapping, Sequence

WIDTH = 80
"""Columns of a terminal, as it opens; a table never needs more."""

_GAP = 2
_NAME = 26


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int = WIDTH) -> list[str]:
    """The lines of a table: names to the left, cells to the right.

    Where it would be wider, a blank line and a second table of the further columns follow, with the names again. Names
    that are too long are continued on the next line; a single cell that is too long is left as it is.

    Args:
        header: The heading of the names, then that of each column.
        rows: A name and its cells each, as many as in the header.
        width: In characters.
    """
    names = [textwrap.wrap(row[0], _NAME) or [""] for row in [header, *rows]]
    first = max(len(line) for name in names for line in name)
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(1, len(header))]
    lines: list[str] = []
    for block in _blocks(widths, width - first):
        lines += [""] if lines else []
        for name, row in zip(names, [header, *rows], strict=True):
            if block[0] > 0 and not any(row[column + 1] for column in block):
                # Shown above already, and it has no cell here.
                continue
            cells = "".join(" " * _GAP + row[column + 1].rjust(widths[column]) for column in block)
            # A long name ends beside its cells.
            lines += [*name[:-1], f"{name[-1]:<{first}}{cells}".rstrip()]
    return lines


def named_rows(rows: Mapping[str, Mapping[str, str]]) -> list[str]:
    """:func:`text_table` of rows by their names, whose cells are by the names of their columns.

    Args:
        rows: All with the same columns as the first; at least one.
    """
    columns = list(next(iter(rows.values())))
    return text_table(["", *columns], [[name, *(row[column] for column in columns)] for name, row in rows.items()])


def _blocks(widths: Sequence[int], room: int) -> list[list[int]]:
    """The columns of each table."""
    blocks: list[list[int]] = [[]]
    left = room
    for column, width in enumerate(widths):
        if blocks[-1] and width + _GAP > left:
            blocks.append([])
            left = room
        blocks[-1].append(column)
        left -= width + _GAP
    if len(blocks) > 1 and len(blocks[-1]) == 1 and len(blocks[-2]) > 2:
        last = blocks[-2][-1]
        if widths[last] + widths[-1] + 2 * _GAP <= room:
            # Two columns are more of a table than one.
            blocks[-2:] = [blocks[-2][:-1], [last, *blocks[-1]]]
    return blocks
