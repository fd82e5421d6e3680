"""The check of the picture files by ``--check``: those that cannot be read, and copies."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from xraykit.config import Data
from xraykit.data.decoders.choice import ends_whole
from xraykit.data.decoders.pictures import Radiograph, open_radiograph
from xraykit.data.leakage.duplicates import Duplicates, find_duplicates, same_files
from xraykit.data.parts import Parts
from xraykit.errors import BrokenImageError
from xraykit.system import progress_bar

SAMPLE = 500
"""How many radiographs are decoded, evenly taken from the label file, besides those whose file does not begin and end
as a whole one does; a training decodes all."""

_LISTED = 20


@dataclass(frozen=True, eq=False)
class PictureCheck:
    """What was found.

    Attributes:
        decoded: Number of radiographs that were decoded.
        of: Number of all radiographs.
        unreadable: Why some of those cannot be read, each with its path.
        training: Names of those of the training part that can be read.
        radiographs: These radiographs.
        sources: Columns, rows and bits per sample of all that can be read.
        duplicates: Files with the same bytes, among all radiographs.
    """

    decoded: int
    of: int
    unreadable: tuple[str, ...]
    training: tuple[str, ...]
    radiographs: tuple[Radiograph, ...]
    sources: tuple[tuple[int, int, int], ...]
    duplicates: Duplicates


def check_pictures(parts: Parts, data: Data) -> PictureCheck:
    """Decode a sample of the radiographs and all that seem damaged, and search for copies among the files of all."""
    total = len(parts.paths)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        damaged = np.flatnonzero([not whole for whole in pool.map(ends_whole, parts.paths)])
        rows = np.union1d(np.linspace(0, total - 1, min(SAMPLE, total)).round().astype(int), damaged)
        opened = pool.map(lambda row: _opened(parts.paths[row], data, parts.bit_depth), rows)
        bar = progress_bar(opened, "Checking radiographs", len(rows), unit="file", file=sys.stderr)
        found = list(zip(rows, bar, strict=True))
    division = parts.division
    training = [
        (division["image"].iloc[row], each)
        for row, each in found
        if isinstance(each, Radiograph) and division["part"].iloc[row] == "train"
    ]
    return PictureCheck(
        len(rows),
        total,
        tuple(each for _, each in found if isinstance(each, str)),
        tuple(name for name, _ in training),
        tuple(each for _, each in training),
        tuple((each.width, each.height, each.depth) for _, each in found if isinstance(each, Radiograph)),
        find_duplicates(parts, same_files(parts.paths), "files"),
    )


def describe_unreadable(check: PictureCheck) -> str:
    """How many radiographs were decoded, and which of them cannot be read."""
    which = "all" if check.decoded == check.of else f"{check.decoded:,} of {check.of:,}, evenly taken,"
    if not check.unreadable:
        return f"# Pictures: {which} were decoded and can be read."
    more = f"\n... and {len(check.unreadable) - _LISTED:,} more" if len(check.unreadable) > _LISTED else ""
    listed = "\n".join(check.unreadable[:_LISTED])
    return f"# Pictures: {which} were tried, and {len(check.unreadable):,} of them cannot be read:\n{listed}{more}"


def _opened(path: str, data: Data, bit_depth: int | None) -> Radiograph | str:
    try:
        return open_radiograph(path, data.image_size, data.max_megapixels, bit_depth=bit_depth)
    except BrokenImageError as error:
        return str(error)
