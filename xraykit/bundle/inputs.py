"""The inputs of a classifier: files, the content of files, or pixels; each opened, or with the reason why not."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.config import expand
from xraykit.data import Radiograph, open_radiograph
from xraykit.errors import BrokenImageError, DataError

Source = str | Path | bytes | np.ndarray
"""A file's path, the content of a picture file, or pixels; see :func:`xraykit.data.open_radiograph`."""


_CHANNELS = (1, 3, 4)
_LEAST_WIDTH = 8
"""Radiographs are wider: a shorter last axis is not the width."""


@dataclass(frozen=True, eq=False)
class OpenedPicture:
    """A source, opened.

    Attributes:
        name: Its name in the table of results.
        radiograph: As the network takes it; None if it is broken.
        error: Why it is broken; empty if it is not.
    """

    name: str
    radiograph: Radiograph | None
    error: str = ""


def open_source(
    name: str, source: Source, size: int, max_megapixels: float, bit_depth: int | None = None
) -> OpenedPicture:
    """Open one source; a broken one is no exception but has its reason.

    Args:
        name: Its name in the table of results.
        source: See :data:`Source`.
        size: Side of the network's pictures in pixels.
        max_megapixels: A source with more pixels is broken.
        bit_depth: Of 16-bit samples whose depth the source does not declare.
    """
    try:
        return OpenedPicture(name, open_radiograph(source, size, max_megapixels, bit_depth=bit_depth))
    except BrokenImageError as error:
        return OpenedPicture(name, None, str(error))


def opened_ahead(
    sources: Iterable[tuple[str, Source]],
    open_one: Callable[[str, Source], OpenedPicture],
    ahead: int,
    workers: int | None = None,
) -> Generator[OpenedPicture, None, None]:
    """Open sources in threads while the caller works with those before, and give them in order.

    At most ``ahead`` pictures are opened and not yet taken, so that memory stays bounded. What ``open_one`` raises is
    raised at its picture; then, and when the caller stops, what has not begun is dropped.

    Args:
        sources: Name and source of each picture.
        open_one: Such as :func:`open_source`.
        ahead: Pictures at most, 1 or more.
        workers: Threads; as many as processors by default, 8 at most.
    """
    waiting: deque[Future[OpenedPicture]] = deque()
    pool = ThreadPoolExecutor(workers or reading_threads(), thread_name_prefix="xraykit-reading")
    try:
        for name, source in sources:
            waiting.append(pool.submit(open_one, name, source))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def reading_threads() -> int:
    """Threads that decode pictures: one for each processor of this process, 8 at most."""
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def named_sources(images: Source | Sequence[Source]) -> list[tuple[str, Source]]:
    """Name and source of each picture.

    Args:
        images: One source or several. An array is one picture, ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or
            ``(H, W, 4)``, or several: ``(n, H, W)``, or one of these with n before it. A file is named by its path,
            another source by its number, from ``picture 1`` on.

    Raises:
        DataError: it is neither a picture nor several, or an array whose axes are ambiguous.
    """
    sources: Sequence[Source]
    if isinstance(images, str | Path | bytes):
        sources = [images]
    elif isinstance(images, np.ndarray) and images.dtype != object:
        sources = _pictures_in(images)
    elif isinstance(images, Iterable) and not isinstance(images, Mapping | pd.DataFrame):
        sources = list(images)
    else:
        raise DataError(
            f"Expected a picture (a file's path, the bytes of a file, or pixels) or a list of pictures. Received: "
            f"{type(images).__name__}."
        )
    return [
        (str(source), _at_home(source)) if isinstance(source, str | Path) else (f"picture {number}", source)
        for number, source in enumerate(sources, start=1)
    ]


def _at_home(source: str | Path) -> str | Path:
    """The path with ``~`` expanded, unless a file has this very name."""
    return expand(source) if str(source).startswith("~") and not Path(source).exists() else source


def _pictures_in(pixels: np.ndarray) -> list[np.ndarray]:
    channels = pixels.shape[-1] if pixels.ndim else 0
    if pixels.ndim == 2 or (pixels.ndim == 3 and channels in _CHANNELS):
        return [pixels]
    if (pixels.ndim == 3 and channels >= _LEAST_WIDTH) or (pixels.ndim == 4 and channels in _CHANNELS):
        return list(pixels)
    raise DataError(
        f"An array {pixels.shape} could be read in more than one way, or in none. Expected: one picture (H, W), "
        f"(H, W, 1), (H, W, 3) or (H, W, 4), or several: (n, H, W), (n, H, W, 1), (n, H, W, 3) or (n, H, W, 4). Give "
        f"pictures of different sizes as a list of arrays."
    )


def inside(root: Path, name: str) -> Path:
    """The file that a table or request of somebody else names; symbolic links below the folder are followed.

    Args:
        root: Absolute folder.
        name: Relative to ``root``, or absolute.

    Raises:
        DataError: it is not below ``root``.
    """
    path = Path(os.path.normpath(root / name))
    if root not in path.parents:
        raise DataError(f"{name!r} is outside its folder. Expected: the name of a file below that folder.")
    return path
