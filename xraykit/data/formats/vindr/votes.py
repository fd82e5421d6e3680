"""What the readers of each radiograph say of it, and one label from their votes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.config import NO_FINDING
from xraykit.data.formats.vindr.facts import FOLDERS, OTHER_SPELLINGS, SUFFIX
from xraykit.data.reading.picture_files import is_file_name
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table, read_table

_VALUE_OF = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "": np.nan, "nan": np.nan}


@dataclass(frozen=True, eq=False)
class Votes:
    """The readers' votes on n radiographs.

    Attributes:
        images: Path of each picture below the root, as the collection has it.
        lines: Where each begins in its label file.
        shares: Label to the share ``(n,)`` of readers who see it, NaN where none says anything.
    """

    images: list[str]
    lines: list[int]
    shares: Mapping[str, np.ndarray]


def read_votes(file: Path, part: str, labels: Sequence[str]) -> Votes:
    """Read a label file: a row for each radiograph and reader, or for each radiograph.

    Args:
        file: ``image_labels_train.csv`` or ``image_labels_test.csv``.
        part: ``train_val`` or ``test``, whose folder has the pictures.
        labels: Of the columns.

    Raises:
        DataError: A column is missing, a cell is not 0 or 1, or a reader has two rows for a radiograph.
    """
    table = read_table(file, ["image_id"], labels, short_rows=False)
    if not len(table):
        raise DataError(f"{file} has a header but no rows. Expected: one for each radiograph and reader.")
    ids = table.column("image_id")
    check_image_ids(table, ids)
    _check_readers(table, ids)
    position = {image: at for at, image in enumerate(dict.fromkeys(ids))}
    of_row = np.array([position[image] for image in ids])
    first = dict(zip(reversed(ids), reversed(table.lines), strict=True))
    values = _values(table, labels)
    return Votes(
        [image_of(image, part) for image in position],
        [first[image] for image in position],
        {label: _share(each, of_row, len(position)) for label, each in values.items()},
    )


def image_of(image_id: str, part: str) -> str:
    """Path of a radiograph below the root, as the collection has it."""
    return f"{FOLDERS[part]}/{image_id}{SUFFIX}"


def check_image_ids(table: Table, ids: Sequence[str]) -> None:
    """Check that ids are plain file names.

    Raises:
        DataError: Some are not; the message names their lines.
    """
    wrong = {each for each in set(ids) if not is_file_name(each)}
    mistakes = [
        f"line {line}, column image_id: {each!r}" for line, each in zip(table.lines, ids, strict=True) if each in wrong
    ]
    table.complain(mistakes, "Expected: the name of a DICOM file without its ending.")


def present(label: str, shares: np.ndarray, readers: str) -> np.ndarray:
    """One label from the shares of readers who see it.

    Args:
        label: ``No Finding`` is the absence of the others.
        shares: ``(n,)`` 0-1 or NaN.
        readers: ``majority``, ``any`` or ``share``, which is judged by majority.

    Returns:
        ``(n,)`` 1, 0, or NaN where nobody votes or just half of the readers see it.
    """
    if readers == "any":
        yes = shares == 1 if label == NO_FINDING else shares > 0
        return np.where(np.isnan(shares), np.nan, yes.astype(float))
    return np.where(np.isnan(shares) | (shares == 0.5), np.nan, (shares > 0.5).astype(float))


def _check_readers(table: Table, ids: Sequence[str]) -> None:
    place = table.place("rad_id")
    readers = [cells[place] if place is not None else "" for cells in table.cells]
    line_of: dict[tuple[str, str], int] = {}
    mistakes = []
    for line, image, reader in zip(table.lines, ids, readers, strict=True):
        earlier = line_of.setdefault((image, reader), line)
        if earlier != line:
            by = f" by {reader}" if reader else ""
            mistakes.append(f"line {line}: {image}{by} is in line {earlier} already")
    table.complain(mistakes, "Expected: one row for each radiograph and reader.")


def _values(table: Table, labels: Sequence[str]) -> dict[str, np.ndarray]:
    mistakes: list[str] = []
    found = {}
    for label in labels:
        place = table.place(label, *OTHER_SPELLINGS.get(label, ()))
        if place is None:
            raise DataError(f"{table.path}: {unknown_name('column', label, list(table.columns))}")
        cells = [row[place].casefold() for row in table.cells]
        mistakes += [
            f"line {line}, column {table.columns[place]}: {cell!r}"
            for line, cell in zip(table.lines, cells, strict=True)
            if cell not in _VALUE_OF
        ]
        found[label] = np.array([_VALUE_OF.get(cell, np.nan) for cell in cells])
    table.complain(mistakes, "Expected: 1 (present), 0 (absent) or nothing.")
    return found


def _share(values: np.ndarray, of_row: np.ndarray, count: int) -> np.ndarray:
    known = ~np.isnan(values)
    votes = np.bincount(of_row[known], minlength=count)
    positive = np.bincount(of_row[known], values[known], minlength=count)
    return np.where(votes > 0, positive / np.maximum(votes, 1), np.nan)
