"""Pictures to logits and flags: decoded by threads a batch ahead, so that memory stays bounded."""

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xraykit.errors import DataError
from xraykit.system import counted, progress_bar

if TYPE_CHECKING:
    from xraykit.bundle import Classifier, OpenedPicture

logger = logging.getLogger(__name__)

BATCH = 32
_NAMED = 10


@dataclass(frozen=True, eq=False)
class ScoredPictures:
    """The network's outputs for the pictures that can be read.

    Attributes:
        rows: Number of each of the k readable pictures among those given ``(k,)``.
        logits: ``(k, L)``.
        flags: Of each readable picture the names of its flags, joined by ``;``; empty if it has none.
        broken: Number of each broken picture to the reason.
        frequencies: Of each readable picture ``(k, 143)``; see :func:`xraykit.data.frequencies`.
    """

    rows: np.ndarray
    logits: np.ndarray
    flags: tuple[str, ...]
    broken: dict[int, str]
    frequencies: np.ndarray


class _Read(NamedTuple):
    opened: "OpenedPicture"
    flags: str
    frequencies: np.ndarray | None


def score_pictures(
    classifier: "Classifier", names: Sequence[str], paths: Sequence[str | Path], batch_size: int = BATCH
) -> ScoredPictures:
    """Read pictures as in training, screen them, and run the network on them; broken ones are counted and left out.

    Args:
        classifier: The network; its picture size, limits and input check are used as they are.
        names: How each picture is called.
        paths: Where each is.
        batch_size: Pictures at a time.

    Raises:
        DataError: none can be read.
    """
    rows, logits, flags, broken = [], [], [], {}
    low: list[np.ndarray] = []
    bar = progress_bar(total=len(names), desc="radiographs", unit="picture")
    with bar:
        for start, batch in _read_ahead(classifier, names, paths, batch_size):
            pictures = []
            for row, (opened, flagged, found) in enumerate(batch, start):
                if opened.radiograph is None or found is None:
                    broken[row] = opened.error
                    if len(broken) <= _NAMED:
                        logger.warning("Left out: %s", opened.error)
                    continue
                rows.append(row)
                flags.append(flagged)
                low.append(found)
                pictures.append(opened.radiograph.picture)
            if pictures:
                logits.append(classifier.logits(np.stack(pictures), batch_size))
            bar.update(len(batch))
    if not rows:
        raise DataError(
            f"None of the {counted(len(names), 'radiograph')} can be read, so nothing can be scored. The first: "
            f"{next(iter(broken.values()), 'none was given')}"
        )
    if len(broken) > _NAMED:
        logger.warning("Left out: %s in all that cannot be read.", counted(len(broken), "radiograph"))
    return ScoredPictures(np.array(rows), np.concatenate(logits), tuple(flags), broken, np.stack(low))


def _read_ahead(
    classifier: "Classifier", names: Sequence[str], paths: Sequence[str | Path], batch_size: int
) -> Iterator[tuple[int, list[_Read]]]:
    """Batches with the number of their first picture; the next is decoded while the network runs on this one."""

    from xraykit.data import frequencies

    def read(row: int) -> _Read:
        (opened,) = classifier.open([(names[row], paths[row])])
        found = () if opened.radiograph is None else classifier.screen.flags(opened.radiograph)
        low = None if opened.radiograph is None else frequencies(opened.radiograph.picture)
        return _Read(opened, ";".join(flag.name for flag in found), low)

    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        waiting: tuple[int, list[Future[_Read]]] | None = None
        for start in range(0, len(names), batch_size):
            coming = [pool.submit(read, row) for row in range(start, min(start + batch_size, len(names)))]
            if waiting is not None:
                yield waiting[0], [each.result() for each in waiting[1]]
            waiting = start, coming
        if waiting is not None:
            yield waiting[0], [each.result() for each in waiting[1]]
    finally:
        # After Ctrl-C nothing more is decoded.
        pool.shutdown(cancel_futures=True)
