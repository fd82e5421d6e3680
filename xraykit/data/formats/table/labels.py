"""Labels in a column each: which columns are labels, and what their cells mean."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xraykit.data.formats.table.columns import known_column
from xraykit.data.formats.table.names import NO_FINDING, OTHER_FACTS, plain, plain_column, without_accents
from xraykit.data.formats.table.words import meaning
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import shown_cell

if TYPE_CHECKING:
    import numpy as np

    from xraykit.data.formats.table import TableColumns
    from xraykit.system.tables import Table

NUMBER_OF = {"unknown": float("nan"), "absent": 0.0, "present": 1.0}
_EXPECTED = (
    "Expected in a cell of a label: 1 (present), 0 (absent), -1 (uncertain) or nothing, or words for these such as "
    "yes, nein, x. Other words can be set in `data.table.present` and `data.table.absent`."
)


@dataclass(frozen=True, eq=False)
class Label:
    """A label of the table.

    Attributes:
        name: As in the experiment.
        columns: The columns that it is read from.
        targets: ``(n,)`` float: 1, 0 or NaN.
        words: Cells by what they mean, ``present``, ``absent`` or ``unknown``, each with its number of rows.
        note: What to check.
    """

    name: str
    columns: tuple[str, ...]
    targets: "np.ndarray"
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    note: str = ""


def aliases_of(settings: "TableColumns", label: str) -> tuple[str, ...]:
    """The columns or listed findings that the experiment names for a label; itself where it names none."""
    named = settings.label_columns.get(label, label)
    return (named,) if isinstance(named, str) else named


def check_aliases(settings: "TableColumns", labels: Sequence[str]) -> None:
    """See that ``label_columns`` names labels of the experiment alone.

    Raises:
        DataError: it names another.
    """
    for label in settings.label_columns:
        if label not in labels:
            raise DataError(f"`data.table.label_columns`: {unknown_name('label', label, tuple(labels))}")


def best_match(name: str, names: Sequence[str], where: str, remedy: str) -> str | None:
    """The one of some names that is the same but for case, blanks, signs, accents and the spelling of umlauts.

    Args:
        name: Such as a label.
        names: Such as columns.
        where: What has these names, for the message.
        remedy: What to do where two fit, as a sentence.

    Raises:
        DataError: two fit equally well.
    """
    for key in (str, str.casefold, plain, without_accents):
        fitting = [other for other in names if other and key(other) == key(name)]
        if len(fitting) > 1:
            raise DataError(f"{where}: {name!r} may be {' or '.join(map(repr, fitting))}. {remedy}")
        if fitting:
            return fitting[0]
    return None


def label_column(table: "Table", settings: "TableColumns", label: str, name: str) -> str:
    """The column of a label.

    Raises:
        DataError: there is none, or two fit equally well.
    """
    key = f"data.table.label_columns.{label}"
    match = best_match(name, table.columns, str(table.path), f"Set `{key}` to one of them.")
    return match or known_column(table, name, key)


def looks_like_label(cells: Sequence[str], settings: "TableColumns") -> bool:
    """Whether a column's cells are those of a label: words for present and absent, or marks and blanks."""
    present, absent = _own_words(settings)
    meanings = {meaning(cell, present, absent) for cell in set(cells)}
    understood = None not in meanings and ("minus" not in meanings or "mark" in meanings)
    return understood and bool(meanings & {"present", "mark"}) and bool(meanings & {"absent", "blank", "minus"})


def guessed_labels(table: "Table", settings: "TableColumns", used: frozenset[str]) -> list[str]:
    """The columns that are labels by their cells, in the order of the table.

    Args:
        table: The table.
        settings: Of the experiment.
        used: Columns that mean something else.
    """
    return [
        name
        for name in table.columns
        if name and name not in used and not is_other_fact(name) and looks_like_label(table.column(name), settings)
    ]


def is_other_fact(name: str) -> bool:
    """Whether a column of yes and no is no finding: ``Portable``, ``Raucher``; or the absence of findings."""
    return plain_column(name) in OTHER_FACTS | NO_FINDING


def labels_in_columns(table: "Table", settings: "TableColumns", labels: Sequence[str]) -> list[Label]:
    """The labels of the experiment, each from its column.

    Raises:
        DataError: A column is missing, or cells are no values of a label.
    """
    check_aliases(settings, labels)
    mistakes: list[str] = []
    found = []
    for label in labels:
        columns = tuple(label_column(table, settings, label, name) for name in aliases_of(settings, label))
        parts = [_read(table, settings, label, column, mistakes) for column in columns]
        found.append(parts[0] if len(parts) == 1 else _any_of(label, parts))
    table.complain(mistakes, _EXPECTED)
    return found


def _own_words(settings: "TableColumns") -> tuple[frozenset[str], frozenset[str]]:
    present, absent = (frozenset(word.casefold() for word in words) for words in (settings.present, settings.absent))
    return present, absent


def _read(table: "Table", settings: "TableColumns", label: str, column: str, mistakes: list[str]) -> Label:
    import numpy as np

    cells = table.column(column)
    present, absent = _own_words(settings)
    raw = {cell: meaning(cell, present, absent) for cell in set(cells)}
    means, note = _resolved(raw, settings)
    mistakes += [
        f"line {line}, column {column}: {shown_cell(cell)}"
        for line, cell in zip(table.lines, cells, strict=True)
        if means[cell] is None
    ]
    words: dict[str, dict[str, int]] = {name: {} for name in ("present", "absent", "unknown")}
    for cell, count in Counter(cells).most_common():
        words[means[cell] or "unknown"][cell] = count
    targets = np.array([NUMBER_OF[means[cell] or "unknown"] for cell in cells])
    return Label(label, (column,), targets, words, note)


def _resolved(raw: Mapping[str, str | None], settings: "TableColumns") -> tuple[dict[str, str | None], str]:
    """``present``, ``absent`` or ``unknown`` for each cell of one column; and what to check."""
    kinds = set(raw.values())
    marks_alone = "mark" in kinds and not kinds & {"present", "absent"}
    blank = settings.blank or ("absent" if marks_alone and "minus" not in kinds else "unknown")
    of = {"mark": "present", "minus": "absent" if "mark" in kinds else None, "blank": blank}
    of["uncertain"] = settings.uncertain
    means = {cell: of.get(str(kind), kind) for cell, kind in raw.items()}
    one_sided = "absent" not in means.values() and "blank" in kinds and settings.blank is None
    note = "no cell means absent: set data.table.blank to absent if a blank cell does" if one_sided else ""
    return means, note


def _any_of(label: str, parts: Sequence[Label]) -> Label:
    """Present where one column says so, absent where all do, else unknown."""
    import numpy as np

    values = np.stack([part.targets for part in parts])
    unknown = np.isnan(values).any(axis=0)
    targets = np.where((values == 1).any(axis=0), 1.0, np.where(unknown, np.nan, 0.0))
    return Label(label, tuple(column for part in parts for column in part.columns), targets)
