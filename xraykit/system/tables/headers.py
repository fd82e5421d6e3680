"""The line of column names of a table that has titles above it, as exports and spreadsheets made by hand have."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

MOST_TITLES = 20
"""So many lines are looked at for the column names."""

_SHARE = 0.6  # A line of names fills at least so many of the columns that any of the first lines fills.
_VALUE = re.compile(r"[\d.,:/\s+-]*")

Record = tuple[int, list[str]]


def without_titles(records: Iterator[Record]) -> Iterator[Record]:
    """The rows of a table from its column names on.

    A title, or a row that only groups columns (``Patient``, ``Findings``), fills few columns: the names are the first
    row that fills most of them. Where the row below names what the names leave blank, as under merged cells, the two
    are one: ``ID`` above a blank, and a blank above ``Effusion``.

    Args:
        records: Line and cells of each row that is not blank.
    """
    first = list(islice(records, MOST_TITLES))
    if not first:
        return iter(())
    widest = max(_filled(cells) for _, cells in first)
    place = next(index for index, (_, cells) in enumerate(first) if _filled(cells) >= _SHARE * widest)
    line, names = first[place]
    rest = first[place + 1 :]
    if rest and _is_second_line(names, rest[0][1], [cells for _, cells in rest[1:]]):
        line, lower = rest.pop(0)
        names = _merged(names, lower)
    elif place and _filled(first[place - 1][1]) > 1 and _filled(names) < widest:
        names = _merged(first[place - 1][1], names)
    return chain([(line, names)], rest, records)


def _filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _is_second_line(names: Sequence[str], lower: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether a row continues the names: it fills their gaps, and of the others only those where a group begins."""
    width = max([len(names), len(lower), *map(len, rest)])
    padded, below = _padded(names, width), _padded(lower, width)
    used = [any(index < len(cells) and cells[index] for cells in rest) for index in range(width)]
    gaps = [index for index in range(width) if used[index] and not padded[index]]
    texts = [cell for cell in below if cell]
    return (
        bool(gaps)
        and all(below[index] for index in gaps)
        and all(not below[index] or index + 1 in gaps for index in range(width) if padded[index])
        and len(set(texts)) == len(texts)
        and not any(_VALUE.fullmatch(cell) for cell in texts)
    )


def _merged(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    return [below or above for above, below in zip(_padded(upper, width), _padded(lower, width), strict=True)]


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]
