"""The lists of CheXpert: train.csv, valid.csv and the labels of the test set, a row for each radiograph."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.config import NO_FINDING
from xraykit.data.formats.chexpert.facts import FINDINGS
from xraykit.data.formats.chexpert.folders import PATIENT, PatientFolders
from xraykit.data.reading.exact_paths import pictures_in
from xraykit.data.reading.labeller_cells import cells_of_label
from xraykit.data.reading.listing import image_names
from xraykit.data.reading.picture_names import listed_name
from xraykit.data.reading.spellings import LATERAL
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table, read_table

_PARTS = ("train", "valid", "val", "test")
_FRONTAL_LATERAL = "Frontal/Lateral"
_VIEW = "AP/PA"


@dataclass(frozen=True, eq=False)
class LabelList:
    """The n radiographs of one list.

    Attributes:
        file: The list.
        lines: Line of each in it.
        images: Such as ``train/patient00001/study1/view1_frontal.jpg``.
        labels: Label to ``(n,)`` numbers of :func:`.cells_of_label`; NaN where the list has no such label.
        unlisted: Labels that the list does not have.
        sexes: Cells of the sex.
        ages: Cells of the age.
        views: Cells of the view, ``lateral`` for lateral radiographs.
        further: The columns of ``data.columns``.
    """

    file: Path
    lines: Sequence[int]
    images: Sequence[str]
    labels: dict[str, np.ndarray]
    unlisted: tuple[str, ...]
    sexes: Sequence[str]
    ages: Sequence[str]
    views: Sequence[str]
    further: dict[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.images)


def read_list_of_pictures(
    file: Path, part: str, labels: Sequence[str], columns: Sequence[str], *, complete: bool = True
) -> LabelList:
    """Read a list with the column ``Path``.

    Args:
        file: The list.
        part: The folder of its pictures where a path begins with the patient: ``train``, ``valid`` or ``test``.
        labels: Labels to read.
        columns: Further columns to read.
        complete: Whether the list must have all labels and columns, as the training list has.

    Raises:
        DataError: a column is missing, or a cell is wrong; the message names the line.
    """
    table = read_table(file, required=("Path",), known=(*FINDINGS, NO_FINDING), short_rows=False)
    images = _images(table, part)
    sides, views = _cells(table, _FRONTAL_LATERAL), _cells(table, _VIEW)
    return LabelList(
        file,
        table.lines,
        images,
        {label: _labels(table, label, complete) for label in labels},
        tuple(label for label in labels if table.place(label) is None),
        _cells(table, "Sex"),
        _cells(table, "Age"),
        [_view(image, side, view) for image, side, view in zip(images, sides, views, strict=True)],
        {name: _further(table, name, complete) for name in columns},
    )


def read_list_of_studies(
    file: Path, part: str, labels: Sequence[str], columns: Sequence[str], folders: PatientFolders
) -> LabelList:
    """Read a list with the column ``Study``: its labels count for each picture in the folder of the study.

    Raises:
        DataError: a column is missing, or a cell is wrong; the message names the line.
    """
    table = read_table(file, required=("Study",), known=(*FINDINGS, NO_FINDING), short_rows=False)
    studies = _named(table, "Study", part)
    pictures = [_pictures_of(folders, study) for study in studies]
    rows = np.repeat(np.arange(len(studies)), [len(each) for each in pictures])
    images = [f"{study}/{name}" for study, names in zip(studies, pictures, strict=True) for name in names]
    blank = [""] * len(images)
    return LabelList(
        file,
        [table.lines[row] for row in rows],
        images,
        {label: _labels(table, label, complete=False)[rows] for label in labels},
        tuple(label for label in labels if table.place(label) is None),
        blank,
        blank,
        [_view(image, "", "") for image in images],
        {name: [cells[row] for row in rows] for name in columns for cells in [_further(table, name, complete=False)]},
    )


def _pictures_of(folders: PatientFolders, study: str) -> list[str]:
    part, patient, rest = study.split("/", 2)
    folder = folders.patient(part, patient)
    inside = "" if folder is None else os.path.join(folder, rest)
    return pictures_in(inside) if inside else []


def _images(table: Table, part: str) -> list[str]:
    return image_names(table, "Path", _named(table, "Path", part))


def _named(table: Table, column: str, part: str) -> list[str]:
    """``part/patient/study...`` of each cell, whatever folders the list writes before."""
    cells = table.column(column)
    names = [_from_part(cell, part) for cell in cells]
    wrong = [
        f"line {line}, column {column}: {cell!r}"
        for line, cell, name in zip(table.lines, cells, names, strict=True)
        if name is None
    ]
    example = "CheXpert-v1.0/train/patient00001/study1" + ("/view1_frontal.jpg" if column == "Path" else "")
    table.complain(wrong, f"Expected: a path such as {example}.")
    return [str(name) for name in names]


def _from_part(cell: str, part: str) -> str | None:
    parts = (listed_name(cell) or "").split("/")
    at = next((place for place, name in enumerate(parts) if PATIENT.fullmatch(name)), None)
    if at is None or at + 1 == len(parts):
        return None
    own = parts[at - 1] if at and parts[at - 1] in _PARTS else part
    return "/".join([own, *parts[at:]])


def _view(image: str, side: str, view: str) -> str:
    """``lateral``, or the cell of AP/PA, which is blank in laterals and contradicts in a few (LL, RL)."""
    lateral = side.casefold() == LATERAL if side else LATERAL in image.rpartition("/")[2].casefold()
    return LATERAL if lateral else view


def _cells(table: Table, column: str) -> list[str]:
    place = table.place(column)
    return [""] * len(table) if place is None else [cells[place] for cells in table.cells]


def _labels(table: Table, label: str, complete: bool) -> np.ndarray:
    place = table.place(label)
    if place is not None:
        return cells_of_label(table, table.columns[place])
    if complete:
        known = [column for column in table.columns if column in (*FINDINGS, NO_FINDING)]
        raise DataError(f"{table.path}: {unknown_name('label', label, known)}")
    return np.full(len(table), np.nan)


def _further(table: Table, name: str, complete: bool) -> list[str]:
    if table.place(name) is None and complete:
        raise DataError(f"`data.columns`: {unknown_name('column', name, [each for each in table.columns if each])}")
    return _cells(table, name)
