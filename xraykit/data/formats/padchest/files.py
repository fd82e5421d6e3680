"""Where PadChest's table and pictures are."""

import os
from collections.abc import Sequence
from pathlib import Path

from xraykit.data.formats.padchest.facts import COLUMNS, HINTS, LABEL_FILES
from xraykit.data.reading.exact_paths import pictures_at
from xraykit.data.reading.picture_files import below
from xraykit.data.reading.picture_names import Matches
from xraykit.errors import DataError
from xraykit.registry import Recognised
from xraykit.system.tables import columns_of

_FLAT = ("images", "images-224")


def table_file(root: Path, name: str | None) -> Path:
    """The table in ``root``.

    Raises:
        DataError: there is none, or several fit.
    """
    if name is not None:
        file = below(root, name, "data.labels_file")
        if not file.is_file():
            raise DataError(f"There is no file {file}. Expected: the table of PadChest. Check `data.labels_file`.")
        return file
    named = sorted(root.glob(LABEL_FILES))
    # A table that was unpacked beside its archive is the same.
    fitting = [file for file in named if file.suffix != ".gz" or file.with_suffix("") not in named]
    if len(fitting) != 1:
        found = ", ".join(file.name for file in fitting) or "none"
        raise DataError(
            f"Expected: one file {LABEL_FILES} in {root}. Found: {found}. Check `data.root`, or name the table in "
            f"`data.labels_file`. {HINTS}"
        )
    return fitting[0]


def find_paths(root: Path, images: str | None, folders: Sequence[str], names: Sequence[str]) -> Matches:
    """The picture of each row: in the folder that the table names, or in one folder with all of them.

    Args:
        root: Absolute folder of the data.
        images: ``data.images``.
        folders: ``(n,)`` numbers of the folders, such as ``0``; blank where the table has none.
        names: ``(n,)`` file names.
    """
    bases = [below(root, images, "data.images")] if images is not None else [root, *(root / name for name in _FLAT)]
    candidates = {folder: _candidates(bases, folder) for folder in set(folders)}
    inside = []
    for folder, name in zip(folders, names, strict=True):
        having = (each for each in candidates[folder] if os.path.isfile(os.path.join(each, name)))
        inside.append(next(having, next(iter(candidates[folder]), None)))
    return pictures_at(inside, names)


def _candidates(bases: Sequence[Path], folder: str) -> list[str]:
    """The folders that exist of those in which a picture may be: the numbered one first."""
    numbered = [base / folder for base in bases if folder]
    return [str(each) for each in (*numbered, *bases) if each.is_dir()]


def recognise(folder: Path) -> Recognised | None:
    """What of a folder is PadChest's: a table of its name with its columns."""
    try:
        file = table_file(folder, None)
    except (DataError, OSError):
        return None
    if not set(COLUMNS) <= set(columns_of(file, COLUMNS)):
        return None
    return Recognised(f"{file.name} with the columns of PadChest", {"split": {"method": "patient"}})
