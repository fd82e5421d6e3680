"""From the experiment's ``data`` section to the catalog of PadChest."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xraykit.config import Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.padchest.facts import (
    BIRTH,
    COLUMNS,
    DATE,
    FOLDER,
    HINTS,
    IMAGE,
    METHOD,
    PATIENT,
    SEX,
    STUDY,
    VIEW,
)
from xraykit.data.formats.padchest.files import find_paths, table_file
from xraykit.data.formats.padchest.findings import EXCLUDED
from xraykit.data.formats.padchest.labels import (
    check_occur,
    findings_table,
    incomplete_reports,
    read_lists,
    targets_of,
)
from xraykit.data.reading.listing import Listing, image_names
from xraykit.data.reading.picture_files import data_root
from xraykit.data.reading.spellings import LATERAL, OLDEST_YEARS
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table, number, read_table

_VIEWS = {"PA": "PA", "AP": "AP", "AP_HORIZONTAL": "AP", "L": LATERAL}
_METHODS = {"physician": "physician", "rnn_model": "network"}
_DATE = re.compile(r"(\d{4})(?:\d{4}|-\d\d-\d\d|/\d\d/\d\d)", re.ASCII)
_LABELLED_BY_OTHERS = {"physician": "labelled by a network", "network": "labelled by a physician"}


def read_padchest(data: Data) -> Catalog:
    """Read the radiographs of the table that exist.

    Label values: 1 for a finding of which a label is named, 0 where none is, NaN where the list is empty, or where the
    report does not name all that is there (``data.padchest.not_named``). Ages are years of study minus years of birth,
    so that they may be one too high.

    Raises:
        DataError: The folder or the table is missing; ``data.labels`` or ``data.columns`` name no finding or column; a
            cell is wrong; or none of the radiographs exists.
    """
    settings = data.settings
    findings = findings_table(settings, data.labels)
    root = data_root(data.root, HINTS)
    table = read_table(table_file(root, data.labels_file), required=COLUMNS, short_rows=False)
    lists = read_lists(table)
    check_occur(settings, lists, table.path.name)
    images = image_names(table, IMAGE, table.column(IMAGE))
    found = find_paths(root, data.images, _folders(table), images)
    exists = np.array([path is not None for path in found.paths])
    unused = _unused(table, lists, settings.labelled_by)
    used = np.flatnonzero(~np.any(list(unused.values()), axis=0)).tolist()
    if not used:
        raise DataError(
            f"{table.path}: no radiograph is left (data.padchest.labelled_by: {settings.labelled_by}). Expected: rows "
            f"whose {METHOD} is Physician or RNN_model."
        )

    def cells(name: str) -> list[str]:
        place = table.place(name)
        return [""] * len(used) if place is None else [table.cells[row][place] for row in used]

    listing = Listing(
        table.path,
        [table.lines[row] for row in used],
        [images[row] for row in used],
        cells(PATIENT),
        targets_of([lists[row] for row in used], findings, data.labels, settings),
        sexes=cells(SEX),
        ages=[_age(birth, date) for birth, date in zip(cells(BIRTH), cells(DATE), strict=True)],
        views=cells(VIEW),
        studies=cells(STUDY),
        further={name: cells(_column(table, name)) for name in data.columns},
        patient_column=PATIENT,
        parse_view=_parse_view,
        left_out={reason: count for reason, rows in unused.items() if (count := int((rows & exists).sum()))},
    )
    catalog = listing.catalog(
        [found.paths[row] for row in used],
        respelled=[found.respelled[row] for row in used],
        looked_in=[root],
        hints=HINTS,
    )
    present = [lists[row] for row in used if exists[row]]
    return replace(catalog, unclear_labels=incomplete_reports(present, settings))


def _unused(table: Table, lists: Sequence[frozenset[str]], labelled_by: str) -> dict[str, np.ndarray]:
    """Why which rows are left out: reason to ``(n,)`` bool."""
    unused = {"marked as excluded": np.array([EXCLUDED in labels for labels in lists], dtype=bool)}
    if labelled_by != "all":
        methods = [_METHODS.get(cell.casefold()) for cell in table.column(METHOD)]
        others = np.array([method != labelled_by for method in methods], dtype=bool)
        unused[_LABELLED_BY_OTHERS[labelled_by]] = others & ~unused["marked as excluded"]
    return unused


def _folders(table: Table) -> list[str]:
    """The folder of each picture as a plain number: a spreadsheet writes 0.0 for 0."""
    place = table.place(FOLDER)
    cells = [""] * len(table) if place is None else [row[place] for row in table.cells]
    folder_of = {cell: number(cell) for cell in set(cells)}
    wrong = [
        f"line {line}, column {FOLDER}: {cell!r}"
        for line, cell in zip(table.lines, cells, strict=True)
        if cell and (folder_of[cell] is None or folder_of[cell] != int(folder_of[cell] or 0))
    ]
    table.complain(wrong, "Expected: the number of a folder, 0 to 54.")
    return [str(int(folder_of[cell] or 0)) if cell else "" for cell in cells]


def _age(birth: str, date: str) -> str:
    """Whole years; blank where a year is missing or the age is absurd. Years of birth are never logged."""
    born, taken = number(birth), _DATE.match(date)
    years = int(taken[1]) - int(born) if born is not None and taken else -1
    return str(years) if 0 <= years <= OLDEST_YEARS else ""


def _parse_view(cell: str) -> str | None:
    """PA and AP, upright or lying, are frontal; COSTAL shows ribs; EXCLUDE is no chest radiograph."""
    return _VIEWS.get(cell.upper(), cell.upper()) if cell else None


def _column(table: Table, name: str) -> str:
    if table.place(name) is None:
        raise DataError(f"`data.columns`: {unknown_name('column', name, [each for each in table.columns if each])}")
    return name
