"""From the file of a table to a catalog: its columns, labels and pictures, and what was understood of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xraykit.data.formats.table.columns import Columns, column_cells, find_columns, known_column
from xraykit.data.formats.table.explaining import understood
from xraykit.data.formats.table.facts import HINTS
from xraykit.data.formats.table.files import open_table
from xraykit.data.formats.table.labels import (
    Label,
    aliases_of,
    best_match,
    guessed_labels,
    labels_in_columns,
    looks_like_label,
)
from xraykit.data.formats.table.lists import Lists, guessed_names, labels_in_lists, read_lists
from xraykit.data.formats.table.names import NAMES, plain, plain_column
from xraykit.data.formats.table.words import PART_OF, sex_cells, view_cells
from xraykit.errors import DataError
from xraykit.system.tables import Table, shown_cell

if TYPE_CHECKING:
    from xraykit.config import Data
    from xraykit.data.catalog import Catalog
    from xraykit.data.formats.table import TableColumns


def read(data: "Data") -> "Catalog":
    """See :func:`~xraykit.data.formats.table.read_table_format`."""
    from xraykit.data.formats.table.pictures import locate
    from xraykit.data.reading.listing import Listing
    from xraykit.data.reading.picture_files import data_root

    settings: TableColumns = data.settings
    root = data_root(data.root, HINTS)
    table = open_table(root, data)
    columns = find_columns(table, settings, known_otherwise(data))
    labels, lists = find_labels(table, settings, data.labels, columns)
    image = str(columns.of["image"])
    located = locate(table, image, root, data.images)
    patient = columns.of["patient"]
    listing = Listing(
        table.path,
        table.lines,
        located.images,
        table.column(patient) if patient else _patients_of(table, image, settings.patient_pattern),
        {label.name: label.targets for label in labels},
        sexes=_cells(table, columns, "sex", lambda cells: sex_cells(cells, settings.sex_words)),
        ages=_cells(table, columns, "age", list),
        views=_cells(table, columns, "view", lambda cells: view_cells(cells, settings.view_words)),
        studies=_cells(table, columns, "study", list),
        further={name: column_cells(table, name, "data.columns") for name in data.columns},
        patient_column=patient or image,
    )
    catalog = listing.catalog(
        located.matches.paths,
        official=_official(table, columns.of["split"], located.images),
        respelled=located.matches.respelled,
        looked_in=located.looked_in,
        hints=f"The column of pictures is {image!r} (`data.table.image`).",
    )
    return replace(catalog, understood=understood(table, settings, columns, labels, lists, located, catalog))


def known_otherwise(data: "Data") -> list[str]:
    """Columns that are known to be something else than picture, patient and so on."""
    aliases = [name for label in data.labels for name in aliases_of(data.settings, label)]
    findings = data.settings.findings
    return [*aliases, *data.columns, *([findings] if isinstance(findings, str) else [])]


def find_labels(
    table: Table, settings: "TableColumns", labels: Sequence[str], columns: Columns
) -> tuple[list[Label], Lists | None]:
    """The labels of the experiment, or all that the table has; and the lists that they are read from, if any.

    Raises:
        DataError: The labels cannot be found or guessed; or see :func:`.labels_in_columns`, :func:`.labels_in_lists`.
    """
    lists = _lists(table, settings, labels, columns)
    if not labels:
        labels = guessed_names(table, lists) if lists else guessed_labels(table, settings, columns.used())
        if not labels:
            raise DataError(_no_labels(table, columns))
    if lists:
        return labels_in_lists(table, settings, labels, lists), lists
    return labels_in_columns(table, settings, labels), None


def _lists(table: Table, settings: "TableColumns", labels: Sequence[str], columns: Columns) -> Lists | None:
    """The column of lists that the experiment names, or else the one that looks like it; None: a column each."""
    if settings.findings is False:
        return None
    if settings.findings is not None:
        column = known_column(table, settings.findings, "data.table.findings")
        return read_lists(table, column, settings.separator)
    wanted = [name for label in labels for name in aliases_of(settings, label)]
    if wanted and any(best_match(name, table.columns, str(table.path), _CHOOSE) for name in wanted):
        return None
    fitting = [
        name
        for name in table.columns
        if plain_column(name) in NAMES["findings"][0]
        and name not in columns.used()
        and any(table.column(name))
        and not looks_like_label(table.column(name), settings)
    ]
    if len(fitting) > 1:
        raise DataError(_several("may list the findings", table, fitting))
    in_columns = [] if labels else guessed_labels(table, settings, columns.used())
    if fitting and in_columns:
        raise DataError(
            f"{table.path}: findings may be listed in {fitting[0]!r}, or be in a column each: "
            f"{', '.join(in_columns[:10])}. Set `data.table.findings` to {fitting[0]!r}, or to false."
        )
    return read_lists(table, fitting[0], settings.separator) if fitting else None


_CHOOSE = "Set `data.table.label_columns` to choose one."


def _several(what: str, table: Table, fitting: Sequence[str]) -> str:
    return (
        f"{table.path}: more than one column {what}: {', '.join(fitting)}. Set `data.table.findings` to one of them, "
        f"or to false where each label has a column."
    )


def _no_labels(table: Table, columns: Columns) -> str:
    rest = [name for name in table.columns if name and name not in columns.used()]
    return (
        f"{table.path}: no column looks like a label, with cells such as 1 and 0, yes and no, or x and blank, and none "
        f"lists findings. Columns that are not used: {', '.join(rest[:30]) or 'none'}. Name the findings in "
        f"`data.labels`, and their columns in `data.table.label_columns` or the list in `data.table.findings`."
    )


def _cells(table: Table, columns: Columns, meaning: str, form: Callable[[list[str]], list[str]]) -> list[str] | None:
    column = columns.of[meaning]
    return form(table.column(column)) if column else None


def _patients_of(table: Table, column: str, pattern: str | None) -> list[str] | None:
    """The patients that a pattern finds in the pictures' paths; None without a pattern."""
    if pattern is None:
        return None
    cells = [cell.replace("\\", "/") for cell in table.column(column)]
    found = [re.search(pattern, cell) for cell in cells]
    mistakes = [
        f"line {line}, column {column}: {cell!r}"
        for line, cell, match in zip(table.lines, cells, found, strict=True)
        if not (match and patient_in(match))
    ]
    table.complain(mistakes, f"Expected: the patient, as `data.table.patient_pattern` finds it ({pattern}).")
    return [patient_in(match) for match in found if match]


def patient_in(match: "re.Match[str]") -> str:
    """The patient that a pattern found: its first group, or all of it."""
    return (match[1] if match.re.groups else match[0]) or ""


def _official(table: Table, column: str | None, images: Sequence[str]) -> Mapping[str, frozenset[str]] | None:
    """The names of each part of the official split; None without such a column."""
    if column is None:
        return None
    cells = table.column(column)
    parts = [PART_OF.get(plain(cell)) for cell in cells]
    mistakes = [
        f"line {line}, column {column}: {shown_cell(cell)}"
        for line, cell, part in zip(table.lines, cells, parts, strict=True)
        if part is None
    ]
    table.complain(mistakes, "Expected: train, validation or test.")
    names: dict[str, set[str]] = {"train_val": set(), "test": set()}
    for image, part in zip(images, parts, strict=True):
        names.setdefault(str(part), set()).add(image)
    return {part: frozenset(each) for part, each in names.items()}
