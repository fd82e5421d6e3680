"""What the label files of a collection say, a value for each row; and the catalog of those whose picture exists."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xraykit.data.catalog import Catalog, hash_of_files
from xraykit.data.reading.patient_ids import PatientIds, patient_ids
from xraykit.data.reading.picture_names import listed_name
from xraykit.data.reading.spellings import is_unknown, parse_view, sex_parser, years_parser
from xraykit.errors import DataError
from xraykit.system.tables import Table


@dataclass(frozen=True, eq=False)
class Listing:
    """The n rows of a label file; cells are text, blank where nothing is given.

    Attributes:
        file: The label file, for messages and for its hash.
        lines: Line of each row in it.
        images: Path or name of each picture, from :func:`image_names`.
        patients: Cells of the patients' ids; None: each radiograph counts as a patient.
        targets: Label to ``(n,)`` values: 1 present, 0 absent, NaN unknown.
        soft_targets: Label to ``(n,)`` values 0-1 that the training learns from, of labels where they differ.
        sexes: Cells of the sex; None: not given.
        ages: Cells of the age; None: not given.
        views: Cells of the view; None: not given.
        studies: Id of each row's study, unique in the collection; None: not given.
        further: The columns of ``data.columns``.
        patient_column: Name of the column of patients, for messages.
        parse_view: From a cell to a view, None where it is not understood.
        more_files: Further label files, which are part of the hash.
        sha256: Hash of what the labels are read from where that is no file, such as the names of folders; ``file`` is
            their folder then. Blank: that of the label files.
        left_out: Other picture files that were left out, number by reason.
    """

    file: Path
    lines: Sequence[int]
    images: Sequence[str]
    patients: Sequence[str] | None
    targets: Mapping[str, np.ndarray]
    soft_targets: Mapping[str, np.ndarray] = field(default_factory=dict)
    sexes: Sequence[str] | None = None
    ages: Sequence[str] | None = None
    views: Sequence[str] | None = None
    studies: Sequence[str] | None = None
    further: Mapping[str, Sequence[str]] = field(default_factory=dict)
    patient_column: str = "patient"
    parse_view: Callable[[str], str | None] = parse_view
    more_files: tuple[Path, ...] = ()
    sha256: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)

    def catalog(
        self,
        paths: Sequence[str | None],
        *,
        official: Mapping[str, frozenset[str]] | None = None,
        respelled: Sequence[bool] | None = None,
        looked_in: Sequence[Path] = (),
        hints: str = "",
    ) -> Catalog:
        """The rows whose picture exists.

        Args:
            paths: ``(n,)`` absolute path of each row's picture; None where it does not exist.
            official: The official split, as names among :attr:`images`.
            respelled: ``(n,)`` whether the picture's name is spelled otherwise on disk.
            looked_in: Folders, for the message that no picture exists.
            hints: What to check, for that message.

        Raises:
            DataError: no picture exists, or a patient's id is wrong.
        """
        exists = np.array([path is not None for path in paths], dtype=bool)
        if not exists.any():
            raise DataError(_none_exists(self.file, self.images, looked_in, hints))
        patients = self._patients()
        about = self._about()
        table = self._table(paths, patients.ids, about)
        labels = tuple(self.targets)
        files = () if self.sha256 else (self.file.absolute(), *(file.absolute() for file in self.more_files))
        return Catalog(
            table=table[exists].reset_index(drop=True),
            labels=labels,
            columns=tuple(self.further),
            source=self.file.name,
            label_files=files,
            label_file_sha256=self.sha256 or hash_of_files(files),
            missing_images=int((~exists).sum()),
            missing_examples=tuple(self.images[row] for row in np.flatnonzero(~exists)[:3]),
            official=official,
            not_understood={key: counts for key, each in about.items() if (counts := each.not_understood(exists, key))},
            normalised=self._normalised(exists, respelled, patients.ids),
            several_spellings=patients.several_spellings,
            soft_targets=self._soft(exists),
            studies=None if self.studies is None else np.array(self.studies, dtype=object)[exists],
            patients_known=self.patients is not None,
            left_out=self.left_out,
        )

    def _patients(self) -> PatientIds:
        if self.patients is None:
            return PatientIds(tuple(self.images))
        return patient_ids(self.patients, self.lines, self.file.name, self.patient_column)

    def _about(self) -> dict[str, "_Cells"]:
        blank = [""] * len(self.images)
        parsers: dict[str, tuple[Sequence[str] | None, Callable[[str], Any]]] = {
            "sex": (self.sexes, sex_parser(self.sexes or ())),
            "age": (self.ages, years_parser(self.ages or ())),
            "view": (self.views, self.parse_view),
        }
        return {key: _Cells.of(blank if cells is None else cells, parse) for key, (cells, parse) in parsers.items()}

    def _table(
        self, paths: Sequence[str | None], patients: Sequence[str], about: Mapping[str, "_Cells"]
    ) -> pd.DataFrame:
        texts = {"image": self.images, "path": paths, "patient": patients}
        known = {key: [np.nan if each is None else each for each in cells.values] for key, cells in about.items()}
        columns = {**texts, **known, **self.further}
        frame = {name: pd.Series(list(cells), dtype=object) for name, cells in columns.items()}
        labels = {label: np.asarray(values, dtype=np.float32) for label, values in self.targets.items()}
        return pd.DataFrame({**frame, **labels}).astype({"age": float})

    def _soft(self, exists: np.ndarray) -> np.ndarray | None:
        if not self.soft_targets:
            return None
        columns = [np.asarray(self.soft_targets.get(label, values)) for label, values in self.targets.items()]
        return np.asarray(np.column_stack(columns)[exists], dtype=np.float32)

    def _normalised(
        self, exists: np.ndarray, respelled: Sequence[bool] | None, patients: Sequence[str]
    ) -> dict[str, int]:
        rows = {"image": np.zeros(len(exists), bool) if respelled is None else np.array(respelled, dtype=bool)}
        if self.patients is not None:
            rows["patient"] = np.array([cell != each for cell, each in zip(self.patients, patients, strict=True)])
        return {key: count for key, each in rows.items() if (count := int((exists & each).sum()))}


@dataclass(frozen=True, eq=False)
class _Cells:
    """A column about the patient or the picture, and what each cell means; None where it was not understood."""

    cells: Sequence[str]
    values: Sequence[Any]

    @classmethod
    def of(cls, cells: Sequence[str], parse: Callable[[str], Any]) -> "_Cells":
        meaning = {cell: parse(cell) for cell in set(cells)}
        return cls(cells, [meaning[cell] for cell in cells])

    def not_understood(self, used: np.ndarray, column: str) -> dict[str, int]:
        unclear = {cell for cell in set(self.cells) if not is_unknown(cell, column)}
        rows = zip(self.cells, self.values, used.tolist(), strict=True)
        counts = Counter(cell for cell, value, use in rows if use and value is None and cell in unclear)
        return dict(counts.most_common())


def image_names(table: Table, column: str, cells: Sequence[str]) -> list[str]:
    """Path of each row's picture with ``/`` between its parts, none outside the data, each once.

    Args:
        table: The label file, for messages.
        column: Name of the column, for messages.
        cells: Of each row.

    Raises:
        DataError: cells are no such path, or a picture is named twice; the message says in which lines.
    """
    names = [listed_name(cell) for cell in cells]
    outside = [
        f"line {line}, column {column}: {cell!r}"
        for line, cell, name in zip(table.lines, cells, names, strict=True)
        if name is None
    ]
    table.complain(outside, "Expected: the path of a picture below `data.root`, such as images/0001.png.")
    first: dict[str, int] = {}
    twice = [
        f"line {line}: {name} is in line {first[name]} already"
        for line, name in zip(table.lines, map(str, names), strict=True)
        if first.setdefault(name, line) != line
    ]
    table.complain(twice, "Expected: one row for each radiograph.")
    return list(map(str, names))


def _none_exists(file: Path, images: Sequence[str], looked_in: Sequence[Path], hints: str) -> str:
    folders = ", ".join(map(str, looked_in[:3]))
    where = f" Looked in: {folders}." if folders else ""
    return (
        f"None of the {len(images):,} pictures that {file} names, such as {images[0]}, exists.{where} Check "
        f"`data.root` and `data.images`. {hints}"
    ).rstrip()
