"""Labels of studies, for each of their radiographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.config import NO_FINDING
from xraykit.data.formats.mimic_cxr.facts import FINDINGS, OTHER_NAMES
from xraykit.data.reading.labeller_cells import cells_of_label
from xraykit.system.tables import read_table

STUDY = "study_id"
ALL_LABELS = (*FINDINGS, NO_FINDING)


@dataclass(frozen=True, eq=False)
class StudyLabels:
    """The labels in one file.

    Attributes:
        file: The file.
        row_of: Study to its row.
        cells: Label to the numbers of :func:`.cells_of_label` of all rows; NaN where the file has no such label.
    """

    file: Path
    row_of: dict[str, int]
    cells: dict[str, np.ndarray]

    def has(self, studies: Sequence[str]) -> np.ndarray:
        """Whether the file has each study ``(n,)`` bool."""
        return np.array([study in self.row_of for study in studies], dtype=bool)

    def of(self, label: str, studies: Sequence[str]) -> np.ndarray:
        """A label of each study ``(n,)``; NaN where the file does not have the study."""
        cells = np.append(self.cells[label], np.nan)
        return np.asarray(cells[[self.row_of.get(study, -1) for study in studies]])


def read_study_labels(file: Path, labels: Sequence[str]) -> StudyLabels:
    """Read a label file.

    Raises:
        DataError: a column is missing, a study is listed twice, or a cell is wrong; the message names the line.
    """
    table = read_table(file, required=(STUDY,), known=ALL_LABELS, short_rows=False)
    row_of: dict[str, int] = {}
    twice = []
    for row, (line, study) in enumerate(zip(table.lines, table.column(STUDY), strict=True)):
        if row_of.setdefault(study, row) != row:
            twice.append(f"line {line}: {study} is in line {table.lines[row_of[study]]} already")
    table.complain(twice, "Expected: one row for each study.")
    column_of = {OTHER_NAMES.get(column, column): column for column in table.columns}
    if not set(labels) & column_of.keys():
        table.require(labels)
    cells = {
        label: cells_of_label(table, column_of[label]) if label in column_of else np.full(len(table), np.nan)
        for label in labels
    }
    return StudyLabels(file, row_of, cells)
