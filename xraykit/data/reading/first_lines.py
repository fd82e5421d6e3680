"""What a folder contains at first sight: columns of a table, and whether there are pictures; nothing is read whole."""

import gzip
import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from xraykit.data.decoders.choice import picture_suffixes

_ENOUGH = 2000  # entries of a folder
_BYTES = 2**16
_PICTURE = re.compile(r"(?!\._).*\.(png|jpe?g|dcm|dicom|tiff?|bmp|webp)", re.IGNORECASE | re.DOTALL)
_SEPARATORS = ",;\t|"


def columns_of(file: Path) -> tuple[str, ...]:
    """The names in the first line of a text table, with ``.gz`` or without; empty where it cannot be read."""
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as stream:
            start = stream.read(_BYTES)
    except OSError:
        return ()
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    line = next(iter(start.decode(encoding, errors="replace").splitlines()), "")
    separator = max(_SEPARATORS, key=line.count)
    return tuple(cell.strip().strip('"') for cell in line.split(separator))


def has_pictures(folder: Path) -> bool:
    """Whether a folder contains files that are named as pictures are, readable or not."""
    return any(_PICTURE.fullmatch(name) for name in _names(folder))


def unreadable_pictures(folders: Sequence[Path]) -> list[str]:
    """A phrase for each kind of picture file in some folders that no decoder reads, such as DICOM without its extra."""
    suffixes = picture_suffixes()
    names = (name for folder in folders for name in _names(folder) if _PICTURE.fullmatch(name))
    kinds = {os.path.splitext(name)[1].lower() for name in names if not name.lower().endswith(suffixes)}
    return [f"a decoder of {kind} files" for kind in sorted(kinds)]


def _names(folder: Path) -> Iterable[str]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, _ENOUGH)]
