"""One row per radiograph: where it is, whose it is, and what it shows."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xraykit.data.understood import Understood
from xraykit.errors import DataError
from xraykit.system import Displayed, counted, sha256_of

ABOUT = ("image", "path", "patient", "sex", "age", "view")


@dataclass(frozen=True)
class UnclearLabels:
    """How the cells of labels that say neither present nor absent were read.

    Attributes:
        blank: Number of blank cells.
        blank_as: What they mean: ``absent`` or ``unknown``.
        uncertain: Label to number of radiographs for which it is uncertain; none of those that are certain for all.
        training: Of the same labels, what the training learns from them, such as ``ignore`` or ``smooth 0.55-0.85``.
        incomplete: Number of radiographs by what their report says instead of naming all that is there, such as that
            nothing has changed.
        incomplete_as: What a finding is that such a report does not name: ``absent`` or ``unknown``.
    """

    blank: int = 0
    blank_as: str = "unknown"
    uncertain: Mapping[str, int] = field(default_factory=dict)
    training: Mapping[str, str] = field(default_factory=dict)
    incomplete: Mapping[str, int] = field(default_factory=dict)
    incomplete_as: str = "unknown"


@dataclass(frozen=True)
class SourceReading:
    """What was read of one of several collections.

    Attributes:
        name: Of the source.
        format: Its data format.
        labels: The labels that it annotates.
        missing_lists: What its official split would be read from, where one is wanted and missing; else None.
        weight: Its share of the training batches, relative to the others; None: as many as it has radiographs.
        facts: Its label file, and what :func:`~xraykit.data.reading.remarks.reading_facts` gives for it alone.
        understood: What was understood of its label file, column by column.
        test_list: The file that its official test part is read from, where a collection has several; else blank.
        patients_known: Whether it names patients.
    """

    name: str
    format: str
    labels: tuple[str, ...]
    missing_lists: str | None = None
    weight: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    understood: Understood | None = None
    test_list: str = ""
    patients_known: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class Catalog(Displayed):
    """The radiographs that a label file names and that exist.

    Attributes:
        table: Index 0 … n-1; the columns ``image`` (file name as in the label file), ``path`` (absolute),
            ``patient``, ``sex`` ("M", "F" or NaN), ``age`` (years, NaN where unknown), ``view`` ("PA", "AP",
            "lateral", another word of the collection or NaN), then the further columns, then one float32 column per
            label: 1 present, 0 absent, NaN unknown.
        labels: The labels, in the order of their columns and of the model's outputs.
        source: Name of the label file.
        label_file_sha256: Hash of the label files' bytes, as their versions differ; see :func:`hash_of_files`.
        missing_images: Rows of the label file that were left out because their image file does not exist.
        missing_examples: The first few names of such files.
        official: The official lists of file names, ``train_val``, ``test`` and perhaps ``validation``, where the data
            come with them. Of several sources also ``train`` and ``undivided``; see
            :func:`~xraykit.data.mixing.official.merged_official`.
        columns: The further columns: those of ``data.columns``, as text.
        not_understood: For ``sex``, ``age`` and ``view``: the cells of the label file that were not understood and so
            count as unknown, each with its number of rows.
        normalised: For ``image``, ``patient`` and so on: how many rows are spelled otherwise in the label file or, for
            ``image``, on disk.
        several_spellings: Patients whose id the label file spells in more than one way.
        laterals: Radiographs that were left out because they are lateral by their view.
        other_views: Radiographs that were left out because of another view, known or not; see ``data.views``.
        further_radiographs: Radiographs that were left out by ``data.one_per``.
        left_out: Other picture files that were left out, number by reason, each a short phrase such as ``masks``.
        label_files: Paths of all label files, whose hash is checked again when the test part is unsealed; empty if
            ``label_file_sha256`` is not theirs.
        soft_targets: What the training learns from where it is not the label itself: float32 ``(n, len(labels))``,
            0-1 or NaN, such as the share of readers; None: the labels. Metrics never use them.
        studies: ``(n,)`` the study of each radiograph as text; None where the collection does not name them.
        test_list: The file that the official test part is read from, where a collection has several; else blank.
        unclear_labels: How blank and uncertain cells of labels were read.
        from_header: For ``view``, ``sex`` and ``age``: how many rows were filled in from the header of the picture
            file; see :func:`.with_header_facts`.
        other_body_parts: Of the headers that were read for this, the body parts that are not the chest, with their
            number; these radiographs are used.
        patients_known: False where the collection does not name patients, so that each radiograph counts as one, and
            nobody can know whether a patient is in two parts.
        understood: What was understood of the label file, column by column; None where its format says nothing.
        sources: The collections that it was merged from, which the column ``source`` names; empty if it is one alone.

    Raises:
        DataError: The table has other columns, other label values, a radiograph twice or one without patient.
    """

    table: pd.DataFrame
    labels: tuple[str, ...]
    source: str
    label_file_sha256: str
    missing_images: int = 0
    missing_examples: tuple[str, ...] = ()
    official: Mapping[str, frozenset[str]] | None = None
    columns: tuple[str, ...] = ()
    not_understood: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    normalised: Mapping[str, int] = field(default_factory=dict)
    several_spellings: int = 0
    laterals: int = 0
    other_views: int = 0
    further_radiographs: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    label_files: tuple[Path, ...] = ()
    soft_targets: np.ndarray | None = None
    studies: np.ndarray | None = None
    patients_known: bool = True
    test_list: str = ""
    unclear_labels: UnclearLabels = field(default_factory=UnclearLabels)
    understood: Understood | None = None
    sources: tuple[SourceReading, ...] = ()
    from_header: Mapping[str, int] = field(default_factory=dict)
    other_body_parts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_names(self.columns, self.labels)
        _check_columns(self.table, (*self.columns, *self.labels), self.source)
        _check_rows(self.table, self.source)
        _check_values(self.targets(), self.labels, self.source)
        _check_row_values(self)

    def _display(self) -> dict[str, str]:
        return {
            "label file": self.source,
            "radiographs": f"{len(self):,}",
            "patients": f"{self.table['patient'].nunique():,}",
            "labels": ", ".join(self.labels),
        }

    def __len__(self) -> int:
        return len(self.table)

    def targets(self) -> np.ndarray:
        """Labels as float32 ``(n, len(labels))``: 1 present, 0 absent, NaN unknown."""
        return self.table[list(self.labels)].to_numpy(dtype=np.float32, na_value=np.nan)

    def training_targets(self) -> np.ndarray:
        """What the network learns, float32 ``(n, len(labels))``: 0-1, NaN unknown; mostly the labels themselves."""
        return self.targets() if self.soft_targets is None else self.soft_targets

    def all_understood(self) -> list[Understood]:
        """What was understood of each label file whose format says so."""
        each = [self.understood, *(source.understood for source in self.sources)]
        return [understood for understood in each if understood]

    def take(self, rows: np.ndarray) -> "Catalog":
        """The catalog of some rows.

        Args:
            rows: ``(n,)`` bool mask, or ``(k,)`` row numbers in the order wanted.
        """
        rows = np.asarray(rows)
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self,
            table=self.table.iloc[index].reset_index(drop=True),
            soft_targets=None if self.soft_targets is None else self.soft_targets[index],
            studies=None if self.studies is None else self.studies[index],
        )

    def fingerprint(self) -> str:
        """SHA-256 over the label file's hash, the labels and the sorted file names."""
        content = [self.label_file_sha256, list(self.labels), sorted(self.table["image"])]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def summary(self) -> dict[str, Any]:
        """Counts as plain values: radiographs, patients, rows left out, and for each label 1, 0 and NaN."""
        targets = self.targets()
        return {
            "label_file": self.source,
            "images": len(self),
            "patients": int(self.table["patient"].nunique()),
            "missing_images": self.missing_images,
            "positive": dict(zip(self.labels, np.sum(targets == 1, axis=0).tolist(), strict=True)),
            "negative": dict(zip(self.labels, np.sum(targets == 0, axis=0).tolist(), strict=True)),
            "unknown": dict(zip(self.labels, np.isnan(targets).sum(axis=0).tolist(), strict=True)),
        }

    def describe(self) -> str:
        """:meth:`summary` as text for a person, one line per label."""
        counts = self.summary()
        lines = [f"{self.source}: {counted(len(self), 'radiograph')} of {counted(counts['patients'], 'patient')}"]
        if self.missing_images:
            examples = ", ".join(self.missing_examples)
            lines.append(f"left out: {counted(self.missing_images, 'row')} without an image file ({examples}, ...)")
        for label in self.labels:
            unknown = counts["unknown"][label]
            note = f", {unknown:,} unknown" if unknown else ""
            lines.append(f"  {label}: {counts['positive'][label]:,} positive{note}")
        return "\n".join(lines)


def hash_of_files(files: Sequence[Path]) -> str:
    """SHA-256 of one file's bytes; of several, over their names and hashes in the given order.

    Raises:
        OSError: one cannot be read.
    """
    hashes = [sha256_of(file) for file in files]
    if len(files) == 1:
        return hashes[0]
    return hash_of_parts([f"{file.name} {sha256}" for file, sha256 in zip(files, hashes, strict=True)])


def hash_of_parts(lines: Sequence[str]) -> str:
    """SHA-256 over some lines, such as hashes of parts of the data."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check_names(columns: tuple[str, ...], labels: tuple[str, ...]) -> None:
    """See that no column has the name of another one, here or in the table of predictions.

    Raises:
        DataError: one has.
    """
    own = [*ABOUT, "part", *labels, *(f"{label}{kind}" for label in labels for kind in ("_logit", "_probability"))]
    twice = sorted(name for name, times in Counter([*own, *columns]).items() if times > 1)
    # The reader of predictions knows the columns of numbers by these endings.
    twice += [name for name in columns if name.endswith(("_logit", "_probability")) and name not in twice]
    if twice:
        raise DataError(
            f"Columns have names that xraykit uses itself: {', '.join(twice)}. `data.columns` and `data.labels` must "
            f"name others than {', '.join((*ABOUT, 'part'))}, and `data.columns` none that is a label or ends with "
            f"_logit or _probability. Rename the column in the label file."
        )


def _check_columns(table: pd.DataFrame, names: tuple[str, ...], source: str) -> None:
    expected = [*ABOUT, *names]
    if list(table.columns) != expected:
        raise DataError(
            f"The table read from {source} has the wrong columns. Expected: {', '.join(expected)}. "
            f"Received: {', '.join(map(str, table.columns))}. The reader of the data format must return these."
        )


def _check_rows(table: pd.DataFrame, source: str) -> None:
    if not table.index.equals(pd.RangeIndex(len(table))):
        raise DataError(f"The table read from {source} must have the index 0 ... n-1: use reset_index(drop=True).")
    for column in ("image", "path", "patient"):
        if table[column].isna().any():
            row = int(table[column].isna().to_numpy().argmax())
            raise DataError(f"Row {row} of the table read from {source} has no {column}. Expected: a text in each row.")
        wrong = [cell for cell in table[column] if not isinstance(cell, str) or cell != cell.strip() or not cell]
        if wrong:
            raise DataError(
                f"The table read from {source} has {counted(len(wrong), 'cell')} in {column} without plain text, such "
                f"as {wrong[0]!r}. Expected: text without blanks around it; ids are text too."
            )
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise DataError(
            f"The table read from {source} names {counted(len(twice), 'radiograph')} more than once, such as "
            f"{twice.iloc[0]!r}. Expected: one row for each."
        )


def _check_row_values(catalog: Catalog) -> None:
    soft, studies = catalog.soft_targets, catalog.studies
    if soft is not None and (soft.shape != catalog.targets().shape or bool(((soft < 0) | (soft > 1)).any())):
        raise DataError(
            f"The soft targets read from {catalog.source} must be (radiographs, labels), 0-1 or NaN. Received: "
            f"{soft.shape}, up to {np.nanmax(soft):g}."
        )
    if studies is not None and len(studies) != len(catalog):
        raise DataError(
            f"{catalog.source}: {len(studies)} studies were read for {counted(len(catalog), 'radiograph')}. "
            f"Expected: one for each."
        )


def _check_values(targets: np.ndarray, labels: tuple[str, ...], source: str) -> None:
    wrong = ~(np.isnan(targets) | (targets == 0) | (targets == 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"Row {row} of the table read from {source} has {targets[row, column]:g} for {labels[column]}. "
            f"Expected: 1 (present), 0 (absent) or NaN (unknown)."
        )
