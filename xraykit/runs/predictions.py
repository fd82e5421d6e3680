"""The table of predictions on disk: its writer, its reader, and how a change of the file is noticed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd

from xraykit.errors import DataError
from xraykit.system import table_as_csv, write_atomically
from xraykit.system.tables import Table, number, read_table, wrong_cell

KEY = "predictions"
"""Where ``metrics.json`` keeps what :func:`write_predictions` returns."""

_REQUIRED = ("image", "patient", "part")
_SUFFIXES = ("_logit", "_probability")


def write_predictions(path: Path, predictions: pd.DataFrame) -> dict[str, Any]:
    """Write a table of predictions completely or not at all.

    Returns:
        ``rows`` and ``sha256`` of the file, for ``metrics.json`` under :data:`KEY`.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    content = table_as_csv(predictions).encode()
    write_atomically(path, content)
    return {"rows": len(predictions), "sha256": hashlib.sha256(content).hexdigest()}


def read_predictions(path: Path, metrics: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Read a table of predictions; one that the metrics were not computed from is refused.

    Args:
        path: The ``predictions.csv`` of a run.
        metrics: The content of the run's ``metrics.json``. Of a run of version 0.1, which kept no checksum, the number
            of radiographs of the test part is compared. None: nothing is known to compare with.

    Returns:
        ``image``, ``patient``, ``part`` and other columns as text, NaN where blank (of these three none is); ``age``,
        and for each label ``LABEL``, ``LABEL_logit`` and ``LABEL_probability``, as float64, NaN where blank.

    Raises:
        DataError: the file cannot be read, names a radiograph twice, or is not the one that the run wrote.
    """
    table = read_table(path, _REQUIRED, short_rows=False, escaped=True)
    numbers = _numbers(table.columns)
    columns: dict[str, Any] = {
        name: _as_numbers(table, name) if name in numbers else _as_text(table, name) for name in table.columns
    }
    predictions = pd.DataFrame(columns)
    _check_images(table, predictions)
    _check_unchanged(table, predictions, metrics or {})
    return predictions


def same_names(predictions: pd.DataFrame, images: Iterable[str]) -> dict[str, int]:
    """How many radiographs have the file name of one in a table of predictions, by its part; without parts of none.

    Args:
        predictions: From :func:`read_predictions`.
        images: Their names; folders before the file name do not count.
    """
    part_of = {
        PurePath(image).name: part for image, part in zip(predictions["image"], predictions["part"], strict=True)
    }
    met = pd.Series([part_of.get(PurePath(image).name) for image in images], dtype=object)
    return {str(part): int(number) for part, number in met.value_counts().items()}


def read_frame(path: Path, text: Sequence[str]) -> pd.DataFrame:
    """Read another table that xraykit wrote, such as ``history.csv``.

    Args:
        path: The file.
        text: Columns that are text whatever they contain, such as file names. Of the others, those that contain numbers
            alone are numbers, NaN where blank.

    Raises:
        DataError: the file cannot be read.
    """
    table = read_table(path, short_rows=False, escaped=True)
    return pd.DataFrame({name: _as_found(table, name, name in text) for name in table.columns})


def _as_found(table: Table, name: str, is_text: bool) -> np.ndarray | pd.Series:
    numeric = not is_text and all(cell == "" or number(cell) is not None for cell in table.column(name))
    if not numeric:
        return _as_text(table, name)
    values = _as_numbers(table, name)
    whole = all(cell.removeprefix("-").isdecimal() for cell in table.column(name))
    return values.astype(np.int64) if whole else values


def _numbers(columns: tuple[str, ...]) -> set[str]:
    """The columns of numbers: ages, and for each label the truth and what the network predicts."""
    predicted = {name for name in columns if name.endswith(_SUFFIXES)}
    labels = {name.rpartition("_")[0] for name in predicted}
    return {"age", *predicted, *(labels & set(columns))}


def _as_numbers(table: Table, name: str) -> np.ndarray:
    """A column as float64 ``(n,)``, NaN where blank."""
    values = np.full(len(table), np.nan)
    for row, cell in enumerate(table.column(name)):
        if cell:
            value = number(cell)
            if value is None:
                raise wrong_cell(table.path, table.lines[row], name, cell, "a finite number or a blank cell")
            values[row] = value
    return values


def _as_text(table: Table, name: str) -> pd.Series:
    """A column as text, NaN where blank."""
    cells = table.column(name)
    if name in _REQUIRED and "" in cells:
        raise wrong_cell(table.path, table.lines[cells.index("")], name, "", "a text in each row")
    return pd.Series([cell or np.nan for cell in cells], dtype=object)


def _check_images(table: Table, predictions: pd.DataFrame) -> None:
    twice = np.flatnonzero(predictions["image"].duplicated().to_numpy())
    if len(twice):
        image, line = predictions["image"].iloc[twice[0]], table.lines[twice[0]]
        raise DataError(
            f"{table.path}, line {line}: the radiograph {image!r} is already in the table. Expected: each once. The "
            f"table was changed; restore it from a copy of the run."
        )


def _check_unchanged(table: Table, predictions: pd.DataFrame, metrics: Mapping[str, Any]) -> None:
    known, remedy = metrics.get(KEY), "Metrics computed from it would contradict metrics.json; restore it from a copy."
    if isinstance(known, Mapping):
        rows, same = known.get("rows"), table.sha256 == known.get("sha256")
        if not same:
            raise DataError(
                f"{table.path} is not the table that the run wrote: it was changed. Expected: {rows} rows, SHA-256 "
                f"{known.get('sha256')}. Received: {len(table)} rows, SHA-256 {table.sha256}. {remedy}"
            )
        return
    images, part = metrics.get("images"), metrics.get("part")
    received = int((predictions["part"] == part).sum())
    if isinstance(images, int) and isinstance(part, str) and received != images:
        raise DataError(
            f"{table.path} is not the table that the run wrote: it has {received} rows of the {part} part. Expected: "
            f"{images}, as in metrics.json. {remedy}"
        )
