"""What a classifier is given: files, the content of files, or pixels; each opened or with the reason why not."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.data.images import Radiograph, open_radiograph
from xraykit.errors import BrokenImageError, DataError

Source = str | Path | bytes | np.ndarray
"""A file's path, the content of a PNG or JPEG file, or pixels; see :func:`xraykit.data.images.open_radiograph`."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A source, opened.

    Attributes:
        name: What the answer calls it.
        radiograph: As the network takes it; None if it is broken.
        error: Why it is broken; empty if it is not.
    """

    name: str
    radiograph: Radiograph | None
    error: str = ""


def open_source(name: str, source: Source, size: int, max_megapixels: float) -> Opened:
    """Open one source; a broken one is no exception but has its reason.

    Args:
        name: What the answer calls it.
        source: See :data:`Source`.
        size: Side of the network's pictures in pixels.
        max_megapixels: A source with more pixels is broken.
    """
    try:
        return Opened(name, open_radiograph(source, size, max_megapixels))
    except BrokenImageError as error:
        return Opened(name, None, str(error))


def named_sources(images: Source | Sequence[Source]) -> list[tuple[str, Source]]:
    """Name and source of each picture.

    Args:
        images: One source or several; an array of three or more axes holds one picture in each place of its first.
            A file is named by its path, another source by its number, from ``picture 1`` on.
    """
    single = isinstance(images, str | Path | bytes) or (isinstance(images, np.ndarray) and images.ndim < 3)
    sources: Sequence[Source] = [images] if single else images  # type: ignore[assignment, list-item]
    return [
        (str(source) if isinstance(source, str | Path) else f"picture {number}", source)
        for number, source in enumerate(sources, start=1)
    ]


def inside(root: Path, name: str) -> Path:
    """The file that somebody else's table or request names; symbolic links are the folder's owner's and are followed.

    Args:
        root: Absolute folder.
        name: Relative to ``root``, or absolute.

    Raises:
        DataError: it is not below ``root``.
    """
    path = Path(os.path.normpath(root / name))
    if root not in path.parents:
        raise DataError(f"{name!r} leads out of its folder. Expected: the name of a file below that folder.")
    return path
