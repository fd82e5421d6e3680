"""Radiographs that cannot be read, found before a training meets them."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from xraykit.data.headers import JPEG_SIGNATURE, PNG_SIGNATURE
from xraykit.data.images import open_radiograph
from xraykit.errors import BrokenImageError

DECODED = 400
"""Files that are decoded; of more, so many spread evenly over all of them, and every one that looks damaged."""

_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_WORKERS = 4


def unreadable_pictures(paths: Sequence[str], max_megapixels: float, decoded: int = DECODED) -> list[str]:
    """Why files cannot be read as radiographs.

    Beginning and end of each file are looked at; those that are not as they must be, and some of the others, are
    decoded. Damage in the midst of a file that is not among them is found when the pictures are decoded for training.

    Args:
        paths: Of the files.
        max_megapixels: A picture with more pixels cannot be read.
        decoded: Files that are decoded in any case.

    Returns:
        A sentence for each, in the order of ``paths``.
    """
    chosen = set(np.unique(np.linspace(0, len(paths) - 1, min(decoded, len(paths))).astype(int)).tolist())

    def problem(place: int) -> str | None:
        if place not in chosen and _looks_whole(paths[place]):
            return None
        try:
            open_radiograph(Path(paths[place]), 32, max_megapixels)
        except BrokenImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(_WORKERS) as workers:
        found = workers.map(problem, range(len(paths)))
        bar = tqdm(found, total=len(paths), desc="Checking pictures", unit="picture", disable=None, leave=False)
        return [each for each in bar if each is not None]


def _looks_whole(path: str) -> bool:
    """Whether a file begins and ends as a whole PNG or JPEG file does."""
    try:
        with open(path, "rb") as file:
            start = file.read(len(PNG_SIGNATURE))
            file.seek(-min(len(_PNG_END), os.fstat(file.fileno()).st_size), os.SEEK_END)
            end = file.read()
    except OSError:
        return False
    if start == PNG_SIGNATURE:
        return end.endswith(_PNG_END)
    return start.startswith(JPEG_SIGNATURE) and end.endswith(_JPEG_END)
