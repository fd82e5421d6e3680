"""All pictures below a folder, by their names; hundreds of thousands take a second or two."""

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from xraykit.data.decoders.choice import picture_suffixes
from xraykit.data.reading.picture_files import is_picture_file
from xraykit.errors import DataError

MASKS = "masks"
_MASK_FOLDER = re.compile(r".*masks?", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"\..*|__MACOSX", re.DOTALL)
_OTHER_PICTURES = re.compile(r".*(\.(?:tiff?|bmp|webp|gif|dcm|dicom|nii|nii\.gz))", re.IGNORECASE | re.DOTALL)


class Picture(NamedTuple):
    """A picture file: its folders below the root, and its name."""

    folders: tuple[str, ...]
    name: str

    @property
    def image(self) -> str:
        """Path below the root, with ``/`` between folders."""
        return "/".join((*self.folders, self.name))


@dataclass
class Scan:
    """What a folder contains.

    Attributes:
        pictures: In the order of their paths.
        left_out: Number of picture files that are not used, by reason.
        empty: Folders that contain nothing, or only files of other kinds, as paths below the root.
    """

    pictures: list[Picture] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)


def scan(root: Path, leaves_out: Callable[[str], bool] = lambda folder: False) -> Scan:
    """Find the pictures below ``root``; hidden folders and what macOS leaves behind are passed over.

    Symbolic links are followed, as they are the user's own; a link to a folder above it is not.

    Args:
        root: Absolute folder.
        leaves_out: Whether the pictures in a folder of this name, or below it, are not used.

    Raises:
        DataError: A name is no text.
    """
    found, suffixes = Scan(), picture_suffixes()
    _scan(str(root), (), found, suffixes, leaves_out, None, frozenset())
    found.pictures.sort(key=lambda picture: picture.image)
    return found


def _scan(
    path: str,
    folders: tuple[str, ...],
    found: Scan,
    suffixes: tuple[str, ...],
    leaves_out: Callable[[str], bool],
    reason: str | None,
    above: frozenset[tuple[int, int]],
) -> None:
    """Add one folder and those below it; with a ``reason`` their pictures are counted only."""
    status = os.stat(path)
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    below, count = [], 0
    with os.scandir(path) as entries:
        for entry in entries:
            if _HIDDEN.fullmatch(entry.name):
                continue
            if entry.is_dir():
                below.append(entry.name)
            # DICOM files of archives often have no suffix.
            elif entry.name.lower().endswith(suffixes) or is_picture_file(Path(path), entry.name):
                if not entry.is_file():  # A link to a file that is gone.
                    found.left_out["links to files that do not exist"] += 1
                elif reason is None:
                    found.pictures.append(Picture(folders, _text(entry.name, path)))
                    count += 1
                else:
                    found.left_out[reason] += 1
            elif other := _OTHER_PICTURES.fullmatch(entry.name):
                found.left_out[f"{other[1].lower()} files, which cannot be read"] += 1
    if not count and not below and folders:
        found.empty.append("/".join(folders))
    for name in sorted(below):
        why = reason or _reason(name, leaves_out)
        _scan(os.path.join(path, name), (*folders, _text(name, path)), found, suffixes, leaves_out, why, above | {here})


def _reason(folder: str, leaves_out: Callable[[str], bool]) -> str | None:
    if _MASK_FOLDER.fullmatch(folder):
        return MASKS
    return f"the folder {folder}" if leaves_out(folder) else None


def _text(name: str, folder: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"In {folder} there is a name that is not valid text: {name!r}. Expected: names in UTF-8. Rename it."
        ) from None
    return name
