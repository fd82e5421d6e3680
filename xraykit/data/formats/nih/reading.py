"""From the experiment's ``data`` section to the catalog of NIH ChestX-ray14."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.config import NO_FINDING, Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.nih.boxes import BOX_FILE, read_boxes
from xraykit.data.formats.nih.facts import HINTS, LABEL_FILES, OFFICIAL_LISTS
from xraykit.data.formats.nih.findings import FINDINGS
from xraykit.data.formats.nih.rows import read_label_file, rows_of
from xraykit.data.formats.nih.table import Labelled, labelled_rows
from xraykit.data.reading.picture_files import (
    below,
    data_root,
    find_pictures,
    folders_with_pictures,
)
from xraykit.data.reading.picture_names import listed_name, match_pictures
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system import counted
from xraykit.system.tables import read_list


def read_nih(data: Data) -> Catalog:
    """Read the radiographs of ``data.root`` that exist and that the label file names.

    Label values: 1 for a finding that is named, 0 for one that is not, NaN for all where the cell is empty; ``No
    Finding`` is such a label too. Patient ids are those of :mod:`xraykit.data.reading.patient_ids`: Kaggle's 00000013
    is NIH's 13. Ages over 120 years count as unknown.

    Raises:
        DataError: The folder or the label file is missing; ``data.labels`` names no finding of this data set; a row is
            damaged, names an unknown finding, a file outside the data, no patient, or contradicts another row; none of
            the radiographs exists; a file name is in both official lists; or a row of the file of boxes is wrong.
    """
    _check_labels(data.labels)
    root = data_root(data.root, HINTS)
    if (root / BOX_FILE).is_file():
        # A wrong row is reported now, not after the training, when heat maps are scored.
        read_boxes(root)
    content = read_label_file(_label_file(root, data.labels_file))
    rows = rows_of(content, data.columns)
    labelled = labelled_rows(rows, content.path.name, data.labels, data.columns)
    names = labelled.table["image"]
    folders = sorted({str(listed_name(row.image)).rpartition("/")[0] for row in rows} - {""})
    found, looked_in = find_pictures(root, data.images, folders)
    matches = match_pictures(names.tolist(), found)
    exists = np.array([path is not None for path in matches.paths])
    if not exists.any():
        raise DataError(_none_found(content.path, labelled, found, looked_in, root))
    table = labelled.table.copy()
    table.insert(1, "path", pd.Series(matches.paths, dtype=object))
    return Catalog(
        table=table[exists].reset_index(drop=True),
        labels=data.labels,
        columns=data.columns,
        source=content.path.name,
        label_file_sha256=content.sha256,
        label_files=(content.path.absolute(),),
        missing_images=int((~exists).sum()),
        missing_examples=tuple(names[~exists][:3]),
        official=read_official_lists(root),
        not_understood=_not_understood(labelled, exists),
        normalised=_normalised(labelled, exists, np.array(matches.respelled)),
        several_spellings=labelled.several_spellings,
    )


def read_official_lists(root: Path) -> dict[str, frozenset[str]] | None:
    """File names of ``train_val_list.txt`` and ``test_list.txt`` as ``train_val`` and ``test``; None without both.

    Raises:
        DataError: A name is in both, or a list cannot be read.
    """
    files = {part: root / name for part, name in OFFICIAL_LISTS.items()}
    if not all(file.is_file() for file in files.values()):
        return None
    lists = {part: frozenset(_listed(file)) for part, file in files.items()}
    both = sorted(lists["train_val"] & lists["test"])
    if both:
        raise DataError(
            f"In both {' and '.join(OFFICIAL_LISTS.values())}: {counted(len(both), 'radiograph')}, such as {both[0]}. "
            f"Expected: each in one. Download the lists again."
        )
    return lists


def _listed(file: Path) -> list[str]:
    """The bare file names of a list."""
    return [(listed_name(name) or name).rpartition("/")[2] for name in read_list(file)]


def _check_labels(labels: tuple[str, ...]) -> None:
    for label in labels:
        if label not in (*FINDINGS, NO_FINDING):
            raise DataError(f"`data.labels`: {unknown_name('finding', label, (*FINDINGS, NO_FINDING))}")


def _label_file(root: Path, name: str | None) -> Path:
    candidates = [root / known for known in LABEL_FILES] if name is None else [below(root, name, "data.labels_file")]
    for file in candidates:
        if file.is_file():
            return file
    raise DataError(
        f"There is no label file in {root}. Expected: {' or '.join(file.name for file in candidates)}. Check "
        f"`data.root` and `data.labels_file`. {HINTS}"
    )


def _not_understood(labelled: Labelled, used: np.ndarray) -> dict[str, dict[str, int]]:
    counts = {name: Counter(filter(None, cells[used])) for name, cells in labelled.unclear.items()}
    return {name: dict(counter.most_common()) for name, counter in counts.items() if counter}


def _normalised(labelled: Labelled, used: np.ndarray, images: np.ndarray) -> dict[str, int]:
    cells = {"image": images, **labelled.respelled}
    counts = {name: int(respelled[used].sum()) for name, respelled in cells.items()}
    return {name: count for name, count in counts.items() if count}


def _none_found(file: Path, labelled: Labelled, found: dict[str, str], looked_in: list[Path], root: Path) -> str:
    names = labelled.table["image"]
    others_found = f"They contain {len(found):,} others, such as {next(iter(found))}. " if found else ""
    others = folders_with_pictures(root)
    hint = f"Folders with pictures are {', '.join(others)}: name one in `data.images`. " if others else ""
    return (
        f"None of the {len(names):,} radiographs that {file} names, such as {names.iloc[0]}, is there. Looked in: "
        f"{_some(looked_in)}. {others_found}{hint}{HINTS}"
    )


def _some(folders: list[Path]) -> str:
    names = ", ".join(map(str, folders[:3]))
    return names if len(folders) <= 3 else f"{names} and {len(folders) - 3} more"
