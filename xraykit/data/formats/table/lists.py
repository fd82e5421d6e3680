"""Labels from one column that lists the findings of a radiograph."""

import ast
import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xraykit.data.formats.table.labels import NUMBER_OF, Label, aliases_of, best_match, check_aliases
from xraykit.data.formats.table.names import NO_FINDING, plain
from xraykit.data.formats.table.words import BLANK, NEVER_KNOWN
from xraykit.errors import DataError
from xraykit.registry import unknown_name

if TYPE_CHECKING:
    from xraykit.data.formats.table import TableColumns
    from xraykit.system.tables import Table

LIST_TEXT = "list"
MOST_GUESSED = 30
"""So many different findings are learnt where ``data.labels`` is left out; more must be chosen."""
_SEPARATORS = ("|", ";", "\n", ",", "/")
_RARE = 5  # Findings that fewer cells name are not shown: they may be free text.
_EQUALLY_GOOD = ({"|", ";"}, {",", "/"})
_SHARE_OF_LISTS = 0.9
_LONGEST = 10_000
_ENOUGH_NAMES = 6  # Of fewer, a small table may name each once.


@dataclass(frozen=True, eq=False)
class Lists:
    """The lists of findings of a table.

    Attributes:
        column: Of the table.
        separator: Between findings; :data:`LIST_TEXT` for cells such as ``['Mass', 'Effusion']``.
        findings: Of each row its findings, as the table spells them; None where the cell is blank or says unknown.
        names: All findings, by frequency, as the table spells them most often.
    """

    column: str
    separator: str
    findings: tuple[frozenset[str] | None, ...]
    names: tuple[str, ...]

    def with_findings(self) -> list[str]:
        """:attr:`names` without words for no finding."""
        return [name for name in self.names if plain(name) not in NO_FINDING]


def read_lists(table: "Table", column: str, separator: str | None) -> Lists:
    """The findings of each row.

    Raises:
        DataError: the separator cannot be guessed.
    """
    cells = table.column(column)
    chosen = separator or guessed_separator(table, column)
    rows = [_findings(cell, chosen) for cell in cells]
    counts = Counter(name for names in rows for name in names or ())
    spelling: dict[str, str] = {}
    for name, _ in counts.most_common():
        spelling.setdefault(plain(name), name)
    findings = tuple(None if names is None else frozenset(spelling[plain(name)] for name in names) for names in rows)
    ranked = Counter(name for names in findings for name in names or ()).most_common()
    return Lists(column, chosen, findings, tuple(name for name, _ in sorted(ranked, key=lambda each: (-each[1], each))))


def guessed_separator(table: "Table", column: str) -> str:
    """The separator of a column of lists: that of list texts, or the first of ``| ;``, line breaks, ``, /`` in it.

    Raises:
        DataError: two separate findings equally well.
    """
    filled = {cell for cell in table.column(column) if cell.casefold() not in BLANK}
    lists = [cell for cell in filled if cell.startswith("[") and cell.endswith("]")]
    if lists and len(lists) >= _SHARE_OF_LISTS * len(filled):
        return LIST_TEXT
    found = [separator for separator in _SEPARATORS if any(separator in cell for cell in filled)]
    for pair in _EQUALLY_GOOD:
        if found[:1] and pair <= set(found) and found[0] in pair:
            raise DataError(
                f"{table.path}, column {column}: findings may be separated by {' or '.join(map(repr, sorted(pair)))}. "
                f"Set `data.table.separator` to one of them."
            )
    return found[0] if found else _SEPARATORS[0]


def _findings(cell: str, separator: str) -> tuple[str, ...] | None:
    text = cell.strip()
    if text.casefold() in BLANK | NEVER_KNOWN:
        return None
    parts = _list_text(text) if separator == LIST_TEXT else text.split(separator)
    names = tuple(" ".join(part.split()) for part in parts if part.strip())
    return names or (() if separator == LIST_TEXT else None)


def _list_text(text: str) -> list[str]:
    """The texts of a Python or JSON list; of one that is damaged, what is between its commas."""
    try:
        # A literal alone is read, nothing is run; one that is very long or deep would exhaust memory or stack.
        values = ast.literal_eval(text if len(text) <= _LONGEST else "")
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        values = [part.strip().strip("'\"") for part in text.strip("[]").split(",")]
    return [str(value) for value in values] if isinstance(values, list | tuple) else [str(values)]


def guessed_names(table: "Table", lists: Lists) -> list[str]:
    """The findings that are learnt where ``data.labels`` is left out, in alphabetical order.

    Raises:
        DataError: there are too many, or none, or most occur once, as in free text.
    """
    names = lists.with_findings()
    counts = Counter(name for each in lists.findings for name in each or ())
    once = sum(counts[name] == 1 for name in names)
    if len(names) >= _ENOUGH_NAMES and once > len(names) / 2:
        raise DataError(
            f"{table.path}, column {lists.column}: {len(names):,} different findings, of which {once:,} are named once "
            f"alone, as in free text. Expected: findings that several radiographs have. Name those to learn in "
            f"`data.labels`; or set `data.table.separator`, which is {lists.separator!r}, or `data.table.findings` to "
            f"another column, or to false where each label has a column."
        )
    if not names or len(names) > MOST_GUESSED:
        often = [f"{name} ({counts[name]:,})" for name in _shown(lists)[:MOST_GUESSED]]
        raise DataError(
            f"{table.path}, column {lists.column}: {len(names):,} different findings. Expected, where `data.labels` is "
            f"left out: 1 to {MOST_GUESSED}. Name those to learn in `data.labels`, or set `data.table.separator`, "
            f"which is {lists.separator!r}. The most frequent: {', '.join(often) or 'none'}."
        )
    return sorted(names, key=str.casefold)


def labels_in_lists(table: "Table", settings: "TableColumns", labels: Sequence[str], lists: Lists) -> list[Label]:
    """The labels of the experiment: what a list does not name is absent; a blank one is unknown, or absent by choice.

    Raises:
        DataError: no list names one of them.
    """
    import numpy as np

    check_aliases(settings, labels)
    blank = NUMBER_OF[settings.blank or "unknown"]
    found = []
    for label in labels:
        names = frozenset(_listed(table, lists, label, name) for name in aliases_of(settings, label))
        targets = np.array([blank if each is None else float(bool(each & names)) for each in lists.findings])
        words = {"present": dict.fromkeys(sorted(names), 0)}
        found.append(Label(label, (lists.column,), targets, words))
    return found


def _shown(lists: Lists) -> list[str]:
    """The most frequent findings that a message may show: without those that may be free text."""
    counts = Counter(name for each in lists.findings for name in each or ())
    return [name for name in lists.with_findings()[:50] if counts[name] >= _RARE]


def _listed(table: "Table", lists: Lists, label: str, name: str) -> str:
    where = f"{table.path}, column {lists.column}"
    match = best_match(name, lists.names, where, f"Set `data.table.label_columns.{label}` to one of them.")
    if match is None:
        every = [each.casefold() for each in lists.with_findings()]
        near = difflib.get_close_matches(name.casefold(), every, n=1)
        known = list(dict.fromkeys([*near, *(each.casefold() for each in _shown(lists))]))
        unknown = unknown_name("finding", name, known) if known else f"Unknown finding {name!r}."
        raise DataError(
            f"{where}: {unknown} Correct `data.labels`, or `data.table.separator`, which is {lists.separator!r}."
        )
    return match
