"""The local sample: radiographs, patients and findings out of a CSV file that a person wrote."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xraykit.bundle import inside
from xraykit.data import pictures_elsewhere
from xraykit.data.reading.patient_ids import patient_ids
from xraykit.errors import DataError
from xraykit.system.tables import Row, Table, mark

logger = logging.getLogger("xraykit.recalibrate")

_EXPECTED = (
    "Expected in each row: image (a file below the folder of this table, each once), patient if there is such a "
    "column, and for each label 1 (present), 0 (absent) or blank (unknown)."
)


@dataclass(frozen=True, eq=False)
class Sample:
    """Radiographs whose findings are known.

    Attributes:
        images: Name of each of the n radiographs, as in the file.
        paths: Where each is.
        patients: Its patient ``(n,)``.
        patients_known: Whether the file names patients; else each radiograph counts as its own patient.
        targets: Labels ``(n, L)`` in the order of the network's: 1, 0 or NaN = unknown.
        absent: The network's labels without a column.
        unread: Columns of the file that are none of these.
    """

    images: tuple[str, ...]
    paths: tuple[Path, ...]
    patients: np.ndarray
    patients_known: bool
    targets: np.ndarray
    absent: tuple[str, ...]
    unread: tuple[str, ...]

    def take(self, rows: Sequence[int]) -> "Sample":
        """Some of the radiographs, by their numbers."""
        images, paths = tuple(self.images[row] for row in rows), tuple(self.paths[row] for row in rows)
        return replace(self, images=images, paths=paths, patients=self.patients[rows], targets=self.targets[rows])


def read_sample(table: Table, labels: Sequence[str]) -> Sample:
    """The sample that a table describes.

    Args:
        table: With the column ``image``, from :func:`xraykit.system.tables.read_table`.
        labels: The network's labels, in order.

    Raises:
        DataError: no column is one of the labels, or rows are invalid; the first ten are reported with line and
            column.
    """
    present = [label for label in labels if label in table.columns]
    if not present or not table.rows:
        raise DataError(
            f"{table.path} has {'no rows' if present else 'no column of a label'}. Expected: image, patient (may be "
            f"left out), and columns named as the network's labels: {', '.join(labels)}. Received: "
            f"{', '.join(table.columns)}."
        )
    table.complain(_mistakes(table, present), _EXPECTED)
    images = tuple(row.cells["image"] for row in table.rows)
    known = "patient" in table.columns
    patients = _patients(table) if known else images
    marks = [[_value(row, label) if label in present else np.nan for label in labels] for row in table.rows]
    return Sample(
        images,
        _paths(table, images),
        np.array(patients, dtype=object),
        known,
        np.array(marks, np.float64),
        tuple(label for label in labels if label not in present),
        tuple(name for name in table.columns if name not in ("image", "patient", *labels)),
    )


def _folder(table: Table) -> Path:
    return table.path.absolute().parent


def _paths(table: Table, images: Sequence[str]) -> tuple[Path, ...]:
    """Where each radiograph is, also where it is spelled otherwise on disk."""
    elsewhere = pictures_elsewhere(_folder(table), images)
    paths = [Path(elsewhere[image]) if image in elsewhere else inside(_folder(table), image) for image in images]
    twice = [at for at, path in enumerate(paths) if path in paths[:at]] if len(set(paths)) < len(paths) else []
    table.complain([f"line {table.lines[at]}: {paths[at]} is already in another line" for at in twice], _EXPECTED)
    return tuple(paths)


def _patients(table: Table) -> tuple[str, ...]:
    """Each row's patient; that ids are spelled in several ways is reported."""
    found = patient_ids(table.column("patient"), table.lines, table.path.name, "patient")
    if found.several_spellings:
        logger.warning(
            "%s: patients whose id is spelled in several ways (leading zeros, .0, upper or lower case) and taken as "
            "one: %d.",
            table.path,
            found.several_spellings,
        )
    return found.ids


def _value(row: Row, label: str) -> float:
    value = mark(row.cells[label])
    return np.nan if value is None else value


def _mistakes(table: Table, present: Sequence[str]) -> list[str]:
    first: dict[str, int] = {}
    mistakes = []
    for row in table.rows:
        image = row.cells["image"]
        wrong = [f"column {label}: {row.cells[label]!r}" for label in present if mark(row.cells[label]) is None]
        if not row.cells.get("patient", "given"):
            wrong.append("column patient: blank")
        if image in first:
            wrong.append(f"column image: {image!r} is already in line {first[image]}")
        try:
            inside(_folder(table), image)
        except DataError:
            wrong.append(f"column image: {image!r} is no file below the folder of the table")
        first.setdefault(image, row.line)
        mistakes += [f"line {row.line}, {each}" for each in wrong]
    return mistakes
