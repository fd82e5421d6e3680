"""Labels that a radiologist corrected: read, checked, and put in the place of the given ones."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.config import part_text
from xraykit.errors import DataError
from xraykit.system import counted
from xraykit.system.tables import Row, Table, mark, read_table

_EXPECTED = (
    "Expected in each row: image (of the run's test part), label (one of the run's) and corrected: 1 (present), 0 "
    "(absent) or blank (not decided); each radiograph and label once."
)


@dataclass(frozen=True)
class Corrections:
    """What a review decided.

    Attributes:
        table: ``image``, ``label``, ``given`` (1, 0 or NaN) and ``corrected`` (1 or 0): a row per decision, those
            that confirm the label given too.
    """

    table: pd.DataFrame

    @property
    def changed(self) -> pd.DataFrame:
        """The decisions that differ from the label given."""
        return self.table[self.table["given"] != self.table["corrected"]]

    @property
    def radiographs(self) -> int:
        """Number of radiographs of which a label is changed."""
        return int(self.changed["image"].nunique())

    @property
    def stamp(self) -> str:
        """The mark of all metrics with these labels."""
        return f"labels of {counted(self.radiographs, 'radiograph')} corrected by review of the model's disagreements"

    def fingerprint(self, of_data: str) -> str:
        """SHA-256 of the data's fingerprint and the labels that are changed."""
        changed = sorted(self.changed[["image", "label", "corrected"]].itertuples(index=False, name=None))
        return hashlib.sha256(json.dumps([of_data, changed]).encode()).hexdigest()


def read_corrections(path: Path, predictions: pd.DataFrame, labels: Sequence[str], part: str = "test") -> Corrections:
    """Read a worklist that was filled in; rows with a blank ``corrected`` are left out.

    Args:
        path: The file, with the columns ``image``, ``label`` and ``corrected``; others are not read.
        predictions: The run's table of predictions.
        labels: The run's labels.
        part: Whose labels are reviewed; the others stay as they are.

    Raises:
        DataError: the file cannot be read, nothing is filled in, or rows are invalid; each of the first
            ten is reported with its line.
    """
    table = read_table(path, ("image", "label", "corrected"), escaped=True)
    part_of = dict(zip(predictions["image"], predictions["part"], strict=True))
    table.complain(_mistakes(table, part_of, labels, part), _EXPECTED)
    decided = [row for row in table.rows if row.cells["corrected"]]
    if not decided:
        raise DataError(
            f"No row of {path} has a corrected label: {len(table.rows)} rows, all blank. Fill in 1 or 0 in the column "
            f"corrected, also where the label given is right."
        )
    row_of = {image: at for at, image in enumerate(predictions["image"])}
    given = {label: predictions[label].to_numpy(np.float64) for label in labels}
    rows = [
        {
            "image": row.cells["image"],
            "label": row.cells["label"],
            "given": given[row.cells["label"]][row_of[row.cells["image"]]],
            "corrected": mark(row.cells["corrected"]),
        }
        for row in decided
    ]
    return Corrections(pd.DataFrame(rows))


def apply_corrections(predictions: pd.DataFrame, corrections: Corrections) -> pd.DataFrame:
    """A copy of the table of predictions with the corrected labels; nothing else is changed."""
    corrected = predictions.copy()
    row_of = {image: row for row, image in enumerate(predictions["image"])}
    for label, changes in corrections.changed.groupby("label"):
        values = corrected[label].to_numpy(np.float64, copy=True)
        values[[row_of[image] for image in changes["image"]]] = changes["corrected"]
        corrected[label] = values
    return corrected


def _mistakes(table: Table, part_of: dict[str, str], labels: Sequence[str], part: str) -> list[str]:
    first: dict[tuple[str, str], int] = {}
    mistakes = []
    for row in table.rows:
        wrong = _mistake(row, part_of, labels, part)
        of = (row.cells["image"], row.cells["label"])
        if wrong is None and of in first:
            wrong = f"{of[0]}, {of[1]} is already in line {first[of]}"
        first.setdefault(of, row.line)
        mistakes += [f"line {row.line}: {wrong}"] if wrong else []
    return mistakes


def _mistake(row: Row, part_of: dict[str, str], labels: Sequence[str], part: str) -> str | None:
    image, label, corrected = (row.cells[name] for name in ("image", "label", "corrected"))
    if image not in part_of:
        return f"the radiograph {image!r} is not in the run's {part_text(part).lower()}"
    if part_of[image] != part:
        return f"the radiograph {image!r} is of the {part_of[image]} part, whose labels stay as they are"
    if label not in labels:
        return f"the label {label!r} is not one of the run's ({', '.join(labels)})"
    return None if mark(corrected) is not None else f"corrected is {corrected!r}"
