"""NIH ChestX-ray14: the official label files of 2017 and 2020 and that of Kaggle's sample.

Wang et al., "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks", CVPR 2017.
"""

import hashlib
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.config.sections import Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.nih_rows import Row, parse_age, parse_findings, parse_patient, read_rows
from xraykit.data.picture_files import (
    HOW_TO_GET_THE_DATA,
    below,
    data_root,
    find_pictures,
    folders_with_pictures,
    is_file_name,
)
from xraykit.errors import DataError
from xraykit.labels import FINDINGS
from xraykit.registry import register_format, unknown_name

LABEL_FILES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv", "sample_labels.csv")
OFFICIAL_LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}

logger = logging.getLogger(__name__)


@register_format("nih")
def read_nih(data: Data) -> Catalog:
    """Read the radiographs of ``data.root`` that are there and that the label file names.

    Label values: 1 for a finding that is named, 0 for one that is not, NaN for all where the cell is empty. Patient
    ids lose leading zeros, as Kaggle's 00000013 is NIH's 13. Ages over 120 years are taken as unknown.

    Raises:
        DataError: The folder or the label file is missing; ``data.labels`` names no finding of this data set; a row is
            damaged, names an unknown finding, a file outside the image folders, or contradicts another row; none of
            the radiographs is there; or a file name is in both official lists.
    """
    _check_labels(data.labels)
    root = data_root(data.root)
    file = _label_file(root, data.labels_file)
    content = _read_bytes(file)
    table = _labelled_rows(read_rows(content, file.name, data.columns), file.name, data)
    found, looked_in = find_pictures(root, data.images)
    table.insert(1, "path", table["image"].map(found))
    absent = table["path"].isna().to_numpy()
    if absent.all():
        raise DataError(_none_found(file, table["image"], found, looked_in, root))
    missing = table["image"][absent]
    return Catalog(
        table=table[~absent].reset_index(drop=True),
        labels=data.labels,
        columns=data.columns,
        source=file.name,
        label_file_sha256=hashlib.sha256(content).hexdigest(),
        missing_images=len(missing),
        missing_examples=tuple(missing[:3]),
        official=read_official_lists(root),
    )


def read_official_lists(root: Path) -> dict[str, frozenset[str]] | None:
    """File names of ``train_val_list.txt`` and ``test_list.txt`` as ``train_val`` and ``test``; None without both.

    Raises:
        DataError: A name is in both, or a list cannot be read.
    """
    files = {part: root / name for part, name in OFFICIAL_LISTS.items()}
    if not all(file.is_file() for file in files.values()):
        return None
    lists = {part: frozenset(_read_bytes(file).decode("utf-8-sig").split()) for part, file in files.items()}
    both = sorted(lists["train_val"] & lists["test"])
    if both:
        raise DataError(
            f"{len(both)} radiographs are in both {' and '.join(OFFICIAL_LISTS.values())}, such as {both[0]}. "
            f"Expected: each in one. Download the lists again."
        )
    return lists


def _check_labels(labels: tuple[str, ...]) -> None:
    for label in labels:
        if label not in FINDINGS:
            raise DataError(f"`data.labels`: {unknown_name('finding', label, FINDINGS)}")


def _label_file(root: Path, name: str | None) -> Path:
    candidates = [root / known for known in LABEL_FILES] if name is None else [below(root, name, "data.labels_file")]
    for file in candidates:
        if file.is_file():
            return file
    raise DataError(
        f"There is no label file in {root}. Expected: {' or '.join(file.name for file in candidates)}. Check "
        f"`data.root` and `data.labels_file`. {HOW_TO_GET_THE_DATA}"
    )


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}). Check the file and its permissions.") from error


def _labelled_rows(rows: list[Row], source: str, data: Data) -> pd.DataFrame:
    """All columns of a catalog but ``path``, one row per radiograph."""
    for row in rows:
        if not is_file_name(row.image):
            raise DataError(
                f"{source}, line {row.line}: {row.image!r} is no file name. Expected: a bare name such as "
                f"00000001_000.png, without folder or drive."
            )
    table = pd.DataFrame(
        {
            "image": [row.image for row in rows],
            "patient": [parse_patient(row, source) for row in rows],
            "sex": pd.Series([row.sex if row.sex in ("M", "F") else np.nan for row in rows], dtype=object),
            "age": _ages(rows, source),
            "view": pd.Series([row.view if row.view in ("PA", "AP") else np.nan for row in rows], dtype=object),
        }
    )
    cells = zip(*(row.further for row in rows), strict=True)
    further = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in zip(data.columns, cells)})
    targets = pd.DataFrame(_targets(rows, source, data.labels), columns=list(data.labels))
    return _without_repeats(pd.concat([table, further, targets], axis=1), rows, source)


def _ages(rows: list[Row], source: str) -> np.ndarray:
    known = {text: parse_age(text) for text in {row.age for row in rows}}
    ages = np.array([known[row.age] for row in rows], dtype=float)
    odd = sorted({row.age for row in rows if row.age and np.isnan(known[row.age])})
    if odd:
        logger.warning("%s: these ages are taken as unknown: %s", source, ", ".join(odd[:10]))
    return ages


def _targets(rows: list[Row], source: str, labels: tuple[str, ...]) -> np.ndarray:
    """Float32 ``(rows, labels)``; each distinct cell is parsed once."""
    vectors: dict[str, np.ndarray] = {}
    for row in rows:
        if row.findings not in vectors:
            present = parse_findings(row, source)
            values = [np.nan if present is None else float(label in present) for label in labels]
            vectors[row.findings] = np.array(values, dtype=np.float32)
    return np.stack([vectors[row.findings] for row in rows])


def _without_repeats(table: pd.DataFrame, rows: list[Row], source: str) -> pd.DataFrame:
    if not table["image"].duplicated().any():
        return table
    table = table.drop_duplicates()
    conflict = table["image"].duplicated()
    if conflict.any():
        second = int(table.index[conflict.to_numpy()][0])
        first = int(table.index[(table["image"] == rows[second].image).to_numpy()][0])
        raise DataError(
            f"{source}, lines {rows[first].line} and {rows[second].line} contradict each other about "
            f"{rows[second].image}. Expected: one row for each radiograph. Remove the wrong one."
        )
    return table.reset_index(drop=True)


def _none_found(file: Path, names: pd.Series, found: dict[str, str], looked_in: list[Path], root: Path) -> str:
    holds = f"They hold {len(found):,} others, such as {next(iter(found))}. " if found else ""
    others = folders_with_pictures(root)
    hint = f"Folders with pictures are {', '.join(others)}: name one in `data.images`. " if others else ""
    return (
        f"None of the {len(names):,} radiographs that {file} names, such as {names.iloc[0]}, is there. Looked in: "
        f"{_some(looked_in)}. {holds}{hint}{HOW_TO_GET_THE_DATA}"
    )


def _some(folders: list[Path]) -> str:
    names = ", ".join(map(str, folders[:3]))
    return names if len(folders) <= 3 else f"{names} and {len(folders) - 3} more"
