"""Numbers in cells, where a number is expected; nowhere else is a cell anything but text."""

import math
import re

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


def number(text: str) -> float | None:
    """The number in a cell, with a decimal point or, as in many countries, a decimal comma.

    Returns:
        A finite number; None where the cell contains anything else: blank, ``nan``, ``1.234,5`` or ``1_000``.
    """
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None


def mark(text: str) -> float | None:
    """What a person filled in for a finding: 1, 0, or NaN where left blank; None for anything else."""
    if text == "":
        return math.nan
    value = number(text)
    return value if value in (0, 1) else None


def shown_cell(text: str, most: int = 20) -> str:
    """The beginning of a cell in quotes, for a message: enough to recognise a misspelt word.

    A column that was set by mistake may contain remarks or names, which do not belong in a log.
    """
    return repr(text if len(text) <= most else text[: most - 1] + "…")
