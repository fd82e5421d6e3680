"""Which column of a table means what: those that the experiment names, and guesses by name and content for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xraykit.data.formats.table.names import NAMES, plain, plain_column
from xraykit.data.formats.table.words import BLANK, PART_OF
from xraykit.errors import DataError
from xraykit.registry import unknown_name

if TYPE_CHECKING:
    from xraykit.data.formats.table import TableColumns
    from xraykit.system.tables import Table

ABOUT = ("study", "sex", "age", "view", "split")
_SHARE_OF_PICTURES = 0.8


@dataclass(frozen=True)
class Columns:
    """The columns of a table by what they mean.

    Attributes:
        of: Meaning, such as ``image`` or ``sex``, to column, as the file spells it; None: there is none.
        guessed: The meanings whose column was guessed.
        warnings: What to check, as sentences.
    """

    of: Mapping[str, str | None]
    guessed: frozenset[str]
    warnings: tuple[str, ...] = field(default=())

    def used(self) -> frozenset[str]:
        """All columns that mean something."""
        return frozenset(column for column in self.of.values() if column)


def column_cells(table: "Table", name: str, key: str) -> list[str]:
    """The cells of a column that the experiment names.

    Args:
        table: The table.
        name: The column, in any case.
        key: Of the experiment, for the message.

    Raises:
        DataError: there is no such column.
    """
    return table.column(known_column(table, name, key))


def known_column(table: "Table", name: str, key: str) -> str:
    """The column as the file spells it; see :func:`column_cells`."""
    place = table.place(name)
    if place is None:
        known = [column for column in table.columns if column]
        where = "the first line of the file" if table.header == 1 else f"line {table.header} of the file"
        raise DataError(
            f"{table.path}: {unknown_name('column', name, known)} Set `{key}` to one of them, as {where} has it."
        )
    return table.columns[place]


def find_columns(table: "Table", settings: "TableColumns", taken: Sequence[str]) -> Columns:
    """The columns of picture, patient, study, sex, age, view, split.

    Args:
        table: The table.
        settings: What the experiment names.
        taken: Columns that are known to be something else, such as labels: they are not guessed.

    Raises:
        DataError: A column that is named does not exist; a guess is ambiguous; or picture or patient is not found.
    """
    finder = _Finder(table, frozenset(map(plain, taken)))
    of: dict[str, str | None] = {}
    guessed: set[str] = set()
    warnings: list[str] = []
    for meaning in ("image", "patient", *ABOUT):
        given = getattr(settings, meaning)
        if isinstance(given, str):
            of[meaning] = known_column(table, given, f"data.table.{meaning}")
        elif given is False or (meaning == "patient" and settings.patient_pattern):
            of[meaning] = None
        else:
            of[meaning], warning = finder.guess(meaning)
            guessed.add(meaning)
            warnings += [warning] if warning else []
    if of["image"] is None:
        raise DataError(_no_image(table))
    if of["patient"] is None and settings.patient is None and not settings.patient_pattern:
        raise DataError(_no_patient(table))
    if isinstance(settings.patient, str) and settings.patient_pattern:
        raise DataError("`data.table.patient` and `data.table.patient_pattern` are both set. Expected: one of them.")
    return Columns(of, frozenset(guessed), tuple(warnings))


class _Finder:
    """Guesses the columns of a table."""

    def __init__(self, table: "Table", taken: frozenset[str]) -> None:
        self._table = table
        self._names = [name for name in table.columns if name and plain(name) not in taken]

    def guess(self, meaning: str) -> tuple[str | None, str]:
        """The column of a meaning, or None; and what to check."""
        for place, names in enumerate(NAMES[meaning]):
            fitting = [name for name in self._names if plain_column(name) in names]
            filled = [name for name in fitting if self._may_be(meaning, name)]
            fitting = filled or ([] if meaning == "split" else fitting[:1])
            if fitting and meaning == "study":
                return self._study(fitting)
            if fitting:
                column = self._only(meaning, fitting)
                return column, (_of_a_stay(column) if meaning == "patient" and place else "")
        return (self._with_pictures() if meaning == "image" else None), ""

    def _study(self, fitting: Sequence[str]) -> tuple[str | None, str]:
        """Few experiments need the study, so that one that is not clear is left out instead of refused."""
        if len({tuple(_groups(self._table.column(name))) for name in fitting}) == 1:
            return fitting[0], ""
        named = ", ".join(fitting)
        return None, f"More than one column may be the study: {named}. Set `data.table.study` where it is needed."

    def _may_be(self, meaning: str, name: str) -> bool:
        """Whether it has cells at all; a split must be one by its cells, as its names are common words."""
        filled = {cell for cell in self._table.column(name) if cell.casefold() not in BLANK}
        return bool(filled) and (meaning != "split" or all(plain(cell) in PART_OF for cell in filled))

    def _only(self, meaning: str, fitting: Sequence[str]) -> str:
        if meaning == "image":
            pictures = [name for name in fitting if _are_pictures(self._table.column(name))]
            fitting = _without_same_names(self._table, pictures or fitting)
        cells = {name: self._table.column(name) for name in fitting}
        if len({tuple(_groups(each) if meaning == "patient" else each) for each in cells.values()}) > 1:
            raise DataError(
                f"{self._table.path}: more than one column may be the {meaning}: {', '.join(fitting)}. Set "
                f"`data.table.{meaning}` to one of them{'' if meaning == 'image' else ', or to false for none'}."
            )
        return fitting[0]

    def _with_pictures(self) -> str | None:
        fitting = [name for name in self._names if _are_pictures(self._table.column(name))]
        return self._only("image", fitting) if fitting else None


def _groups(cells: Sequence[str]) -> list[int]:
    """Which rows have the same cell: the same for two columns that number the same patients in their own way."""
    first: dict[str, int] = {}
    return [first.setdefault(cell, row) for row, cell in enumerate(cells)]


def _are_pictures(cells: Sequence[str]) -> bool:
    from xraykit.data.reading.picture_files import is_picture

    filled = [cell for cell in cells if cell]
    return sum(map(is_picture, filled)) >= _SHARE_OF_PICTURES * max(len(filled), 1)


def _without_same_names(table: "Table", fitting: Sequence[str]) -> list[str]:
    """Columns without those whose cells are the end of another one's, such as the file name beside the path."""
    cells = {name: [cell.replace("\\", "/").casefold() for cell in table.column(name)] for name in fitting}

    def is_end_of(one: str, other: str) -> bool:
        pairs = zip(cells[one], cells[other], strict=True)
        return cells[one] != cells[other] and all(long.endswith(f"/{short}") or long == short for short, long in pairs)

    return [name for name in fitting if not any(is_end_of(name, other) for other in fitting if other != name)]


def _of_a_stay(column: str) -> str:
    return (
        f"{column} is taken for the patient, but may be the number of a stay: a patient who came twice would be two. "
        f"Set `data.table.patient` to a column that is the same at each stay."
    )


def _no_image(table: "Table") -> str:
    return (
        f"{table.path}: no column is recognised as the picture's path or file name. Found: {_listed(table)}. Set "
        f"`data.table.image` to one of them."
    )


def _no_patient(table: "Table") -> str:
    return (
        f"{table.path}: no column is recognised as the patient. Found: {_listed(table)}. A patient in two parts would "
        f"make the test worthless. Set `data.table.patient` to one of them; or `data.table.patient_pattern`, where the "
        f"file name contains the patient, such as 'person(\\d+)_'; or `data.table.patient` to false, where each "
        f"radiograph is of another patient."
    )


def _listed(table: "Table") -> str:
    names = [name for name in table.columns if name]
    return ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
