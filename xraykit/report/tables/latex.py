"""Tables as LaTeX: ``booktabs`` rules, all text escaped, as many ``table`` environments as fit on the width of a page.

The text is for pdfLaTeX, XeLaTeX and LuaLaTeX, with the package ``booktabs`` alone. Signs that pdfLaTeX does not know
in UTF-8 become commands; letters of any alphabet stay as they are (pdfLaTeX knows those of Latin alphabets).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from xraykit.report.tables.plain import PlainTable

WIDTH = 80
"""Characters of a line in ``\\footnotesize`` on a page of the class ``article`` as it is."""

_GAP = 3  # between two columns, in characters
_LONGEST = 40  # characters of a line in a cell; what is longer goes below the table
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    # After the end of a row, TeX takes brackets and stars for arguments.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "–": "--",
    "—": "---",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "∞": r"$\infty$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "→": r"$\to$",
    "…": r"\ldots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "\u00a0": "~",
    "\u202f": r"\,",
}


def latex_text(text: str) -> str:
    """Text as LaTeX shows it: signs that are commands are escaped, line breaks and control characters are spaces."""
    return "".join(_SIGNS.get(sign, sign if sign.isprintable() else " ") for sign in text)


def latex_tables(table: PlainTable, name: str) -> str:
    r"""A table as one or several ``table`` environments, each with the first column.

    Args:
        table: Its texts.
        name: Of the labels: ``\ref{tab:NAME}``, then ``\ref{tab:NAME-2}`` where the columns need several tables.
    """
    table = _with_remarks_below(table)
    groups = list(_columns_that_fit(table))
    lines = ["% Made by xraykit. Needs \\usepackage{booktabs}; read it with \\input{" + name + ".tex}."]
    for number, columns in enumerate(groups, start=1):
        part = f" ({number} of {len(groups)})" if len(groups) > 1 else ""
        label = f"tab:{name.replace('_', '-')}" + (f"-{number}" if number > 1 else "")
        notes = table.notes if number == len(groups) else ()
        lines += _environment(table, columns, latex_text(table.caption + part), label, notes)
    return "\n".join(lines) + "\n"


def _environment(
    table: PlainTable, columns: Sequence[int], caption: str, label: str, notes: Sequence[str]
) -> Iterator[str]:
    yield "\\begin{table}[htbp]"
    yield "\\centering"
    yield "\\footnotesize"
    yield f"\\caption{{{caption}}}"
    yield f"\\label{{{label}}}"
    yield f"\\begin{{tabular}}{{l{'r' * len(columns)}}}"
    yield "\\toprule"
    yield _row(_stacked(_head_lines(table.columns[at])) for at in (0, *columns))
    yield "\\midrule"
    for row, total, before in zip(table.rows, table.totals, (False, *table.totals), strict=False):
        if total and not before:
            yield "\\midrule"
        yield _row(_stacked(_cell_lines(row[at])) for at in (0, *columns))
    yield "\\bottomrule"
    yield "\\end{tabular}"
    if notes:
        # A paragraph of its own, so that it does not stand beside the table.
        yield ""
        yield f"\\medskip\\parbox{{\\linewidth}}{{\\scriptsize {' '.join(map(latex_text, notes))}}}"
    yield "\\end{table}"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _stacked(lines: Sequence[str]) -> str:
    """Lines below each other in one cell."""
    texts = list(map(latex_text, lines))
    return texts[0] if len(texts) == 1 else "\\shortstack[r]{" + r"\\".join(texts) + "}"


def _cell_lines(text: str) -> list[str]:
    """A metric with its interval, and each remark on a line below it."""
    return text.split("; ")


def _head_lines(head: str) -> list[str]:
    """A head, and below it the numbers in parentheses: those of radiographs, then those of patients."""
    name, parenthesis, numbers = head.partition(" (")
    return [name, *f"({numbers}".replace(" of ", "\nof ", 1).split("\n")] if parenthesis else [head]


def _with_remarks_below(table: PlainTable) -> PlainTable:
    """The table without the remarks that would make a column wider than the page; they become notes."""
    remarks: list[str] = []

    def short(row: tuple[str, ...], at: int) -> str:
        text = row[at]
        if at == 0 or _width(_cell_lines(text)) <= _LONGEST:
            return text
        first = re.split(r" \(|; ", text)[0]
        remarks.append(f"{row[0]}, {table.columns[at]}: {text}.".replace("..", "."))
        return first if len(first) <= _LONGEST else "see below"

    rows = tuple(tuple(short(row, at) for at in range(len(row))) for row in table.rows)
    return replace(table, rows=rows, notes=(*table.notes, *remarks))


def _width(lines: Sequence[str]) -> int:
    return max(map(len, lines))


def _columns_that_fit(table: PlainTable) -> Iterator[list[int]]:
    """The columns after the first, in groups that are not wider than a page; a wide column is a group of its own."""
    widths = [
        max(_width(_head_lines(head)), *(_width(_cell_lines(row[at])) for row in table.rows)) + _GAP
        for at, head in enumerate(table.columns)
    ]
    group: list[int] = []
    for at in range(1, len(widths)):
        if group and widths[0] + sum(widths[each] for each in group) + widths[at] > WIDTH:
            yield group
            group = []
        group.append(at)
    yield group
