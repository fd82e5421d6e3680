"""From the experiment's ``data`` section to the catalog of pictures in class folders."""

import filecmp
import hashlib
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xraykit.config import Data, plain_name
from xraykit.data.catalog import Catalog
from xraykit.data.formats.folder import HINTS, FolderSettings
from xraykit.data.formats.folder.arrangement import Place, arrange
from xraykit.data.formats.folder.classes import Classes
from xraykit.data.formats.folder.patients import patients_of
from xraykit.data.formats.folder.recognising import found_values
from xraykit.data.formats.folder.scanning import Picture, Scan, scan
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import below, data_root
from xraykit.errors import DataError
from xraykit.registry import unknown_name

COLUMN = "class"
"""The one further column that ``data.columns`` may name: the class folder."""


class Sorted(NamedTuple):
    """A picture, its place, and its class."""

    picture: Picture
    place: Place
    name: str

    @property
    def tail(self) -> str:
        """Path below the class folder."""
        return "/".join((*self.place.below, self.picture.name))


def read_folder(data: Data) -> Catalog:
    """Read the pictures in the class folders below ``data.root``.

    A picture has the value 1 for the label of its folder; for the others 0, or NaN where the settings say that a folder
    says nothing of them. The official split is that of the folders ``train``, ``val`` and ``test``.

    Raises:
        DataError: A folder is missing or empty, a class folder has no meaning, or a patient is not known from a name.
    """
    settings: FolderSettings = data.settings
    _check(data)
    root = data_root(data.root, HINTS)
    start = root if data.images is None else below(root, data.images, "data.images")
    if not start.is_dir():
        raise DataError(f"There is no folder {start}. Check `data.images`. {HINTS}")
    classes = Classes.of(data.labels or found_values(data)["labels"], settings)
    unused = frozenset(map(plain_name, settings.leave_out))
    found = scan(start, lambda folder: plain_name(folder) in unused)
    rows = _rows(found, settings, classes, start, unused)
    classes.check(Counter(row.name for row in rows), found.empty, str(start))
    rows = _without_copies(rows, found.left_out, start)
    return _listing(rows, classes, settings, data, start, found.left_out).catalog(
        [os.path.join(start, *row.picture.folders, row.picture.name) for row in rows],
        official=_official(rows, settings),
        hints=HINTS,
    )


def _check(data: Data) -> None:
    if data.labels_file is not None:
        raise DataError(
            "`data.labels_file` has no meaning for class folders, whose names are the labels. Leave it out."
        )
    for name in data.columns:
        if name != COLUMN:
            raise DataError(f"`data.columns`: {unknown_name('column', name, [COLUMN])}")


def _rows(found: Scan, settings: FolderSettings, classes: Classes, start: Path, unused: frozenset[str]) -> list[Sorted]:
    if not found.pictures:
        others = ", ".join(f"{count:,} {reason}" for reason, count in found.left_out.items())
        also = f" It contains {others}." if others else ""
        raise DataError(f"There are no pictures below {start}.{also} Check `data.root`. {HINTS}")
    places = arrange(dict.fromkeys(picture.folders for picture in found.pictures), classes.knows)
    rows = [Sorted(each, places[each.folders], places[each.folders].folder or "") for each in found.pictures]
    if settings.label_pattern is not None:
        names = _from_names(rows, settings.label_pattern)
        rows = [row._replace(name=name) for row, name in zip(rows, names, strict=True)]
    outside = sum(not row.name for row in rows)
    if outside == len(rows):
        raise DataError(
            f"The {outside:,} pictures below {start}, such as {rows[0].picture.image}, are in no class folder. {HINTS} "
            f"Where the file name ends with the class, set `data.folder.label_pattern`; labels in a table need "
            f"`data.format: table`."
        )
    if outside:
        found.left_out["outside of class folders"] += outside
    left_out = Counter(row.name for row in rows if plain_name(row.name) in unused)
    found.left_out.update({f"the class {name}": count for name, count in left_out.items()})
    return [row for row in rows if row.name and row.name not in left_out]


def _from_names(rows: list[Sorted], pattern: str) -> list[str]:
    compiled = re.compile(pattern)
    matches = [compiled.search(row.picture.name) for row in rows]
    names = [match and (match[1] if compiled.groups else match[0]) for match in matches]
    wrong = [row.picture.image for row, name in zip(rows, names, strict=True) if not name]
    if wrong:
        raise DataError(
            f"`data.folder.label_pattern` ({pattern}) finds no class in {len(wrong):,} of {len(rows):,} file names, "
            f"such as {', '.join(wrong[:5])}. Expected: one in each. Correct it, or leave folders out by "
            f"`data.folder.leave_out`."
        )
    return [str(name) for name in names]


def _without_copies(rows: list[Sorted], left_out: Counter[str], start: Path) -> list[Sorted]:
    """Without the second of two equal files of one name in one class and part: some archives contain all twice."""
    first: dict[tuple[str | None, str, str], Sorted] = {}
    kept = []
    for row in sorted(rows, key=lambda row: len(row.picture.folders)):
        earlier = first.setdefault((row.place.part, row.name, row.tail), row)
        if earlier is not row and _same(start / earlier.picture.image, start / row.picture.image):
            left_out["copies of another picture"] += 1
        else:
            kept.append(row)
    return sorted(kept, key=lambda row: row.picture.image)


def _same(one: Path, other: Path) -> bool:
    return os.path.samefile(one, other) or filecmp.cmp(one, other, shallow=False)


def _part(row: Sorted, settings: FolderSettings) -> str | None:
    into_training = settings.validation_into_training and row.place.part == "validation"
    return "train_val" if into_training else row.place.part


def _official(rows: list[Sorted], settings: FolderSettings) -> dict[str, frozenset[str]] | None:
    names: dict[str, set[str]] = {"train_val": set(), "test": set()}
    for row in rows:
        part = _part(row, settings)
        if part is not None:
            names.setdefault(part, set()).add(row.picture.image)
    return {part: frozenset(each) for part, each in names.items()} if any(names.values()) else None


def _listing(
    rows: list[Sorted], classes: Classes, settings: FolderSettings, data: Data, start: Path, left_out: Counter[str]
) -> Listing:
    values = {name: classes.values(name) for name in {row.name for row in rows}}
    targets = np.array([values[row.name] for row in rows], dtype=np.float32)
    content = "\n".join(f"{row.picture.image}\t{row.name}\t{_part(row, settings) or ''}" for row in rows)
    return Listing(
        file=start,
        lines=range(1, len(rows) + 1),
        images=[row.picture.image for row in rows],
        patients=patients_of([row.tail for row in rows], settings.patient),
        targets=dict(zip(classes.of_label, targets.T, strict=True)),
        further={name: [row.name for row in rows] for name in data.columns},
        patient_column="file name",
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        left_out=dict(left_out),
    )
