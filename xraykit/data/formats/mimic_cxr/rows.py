"""The radiographs of the metadata file, and their parts of the official split."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.data.formats.mimic_cxr.labels import STUDY
from xraykit.data.reading.listing import image_names
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table, read_table

_ID, _PATIENT, _VIEW = "dicom_id", "subject_id", "ViewPosition"
_PARTS = {"train": "train_val", "validate": "validation", "test": "test"}
_NUMBER = re.compile(r"\d+", re.ASCII)


@dataclass(frozen=True, eq=False)
class Rows:
    """Of n radiographs the cells of the metadata file.

    Attributes:
        file: The metadata file.
        lines: Line of each in it.
        images: Such as ``files/p10/p10000032/s50414267/<dicom_id>.jpg``.
        ids: The ``dicom_id`` of each.
        studies: The ``study_id`` of each.
        patients: The ``subject_id`` of each.
        views: Cells of the view.
        further: The columns of ``data.columns``.
    """

    file: Path
    lines: Sequence[int]
    images: Sequence[str]
    ids: Sequence[str]
    studies: Sequence[str]
    patients: Sequence[str]
    views: Sequence[str]
    further: dict[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, used: np.ndarray) -> "Rows":
        """The rows where ``used`` ``(n,)`` bool is true."""

        def of(cells: Sequence[str]) -> list[str]:
            return [cell for cell, use in zip(cells, used, strict=True) if use]

        return Rows(
            self.file,
            [line for line, use in zip(self.lines, used, strict=True) if use],
            of(self.images),
            of(self.ids),
            of(self.studies),
            of(self.patients),
            of(self.views),
            {name: of(cells) for name, cells in self.further.items()},
        )


def read_rows(file: Path, columns: Sequence[str]) -> Rows:
    """Read the metadata file.

    Args:
        file: The file.
        columns: Further columns to read.

    Raises:
        DataError: a column is missing, an id is wrong or a radiograph is listed twice; the message names the line.
    """
    table = read_table(file, required=(_ID, _PATIENT, STUDY, _VIEW), short_rows=False)
    ids, patients, studies = (table.column(name) for name in (_ID, _PATIENT, STUDY))
    _check_numbers(table, {_PATIENT: patients, STUDY: studies})
    cells = [
        f"files/p{patient[:2]}/p{patient}/s{study}/{name}.jpg" if name else ""
        for name, patient, study in zip(ids, patients, studies, strict=True)
    ]
    return Rows(
        file,
        table.lines,
        image_names(table, _ID, cells),
        ids,
        studies,
        patients,
        table.column(_VIEW),
        {name: _further(table, name) for name in columns},
    )


def read_split(file: Path, rows: Rows) -> list[str]:
    """The part of each radiograph: ``train_val``, ``validation`` or ``test``; blank where the file does not list it.

    Raises:
        DataError: a column is missing, or a part has another name; the message names the line.
    """
    table = read_table(file, required=(_ID, "split"), short_rows=False)
    cells = table.column("split")
    wrong = [
        f"line {line}, column split: {cell!r}"
        for line, cell in zip(table.lines, cells, strict=True)
        if cell.casefold() not in _PARTS
    ]
    table.complain(wrong, f"Expected: {', '.join(_PARTS)}.")
    part_of = {name: _PARTS[cell.casefold()] for name, cell in zip(table.column(_ID), cells, strict=True)}
    return [part_of.get(name, "") for name in rows.ids]


def _check_numbers(table: Table, columns: dict[str, list[str]]) -> None:
    wrong = [
        f"line {line}, column {name}: {cell!r}"
        for name, cells in columns.items()
        for line, cell in zip(table.lines, cells, strict=True)
        if not _NUMBER.fullmatch(cell)
    ]
    table.complain(wrong, "Expected: the digits of an id, with which the folder of the picture is named.")


def _further(table: Table, name: str) -> list[str]:
    place = table.place(name)
    if place is None:
        raise DataError(f"`data.columns`: {unknown_name('column', name, [each for each in table.columns if each])}")
    return [cells[place] for cells in table.cells]
