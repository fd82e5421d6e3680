"""Nearly identical pictures of a cache: searched for once, and kept beside its pictures."""

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

from xraykit.data.cache.picture_cache import PictureCache
from xraykit.data.leakage.near_duplicates import LEAST_SIDE, Pair, near_duplicates
from xraykit.errors import DataError
from xraykit.system import held_lock, regular_bytes, write_atomically

_VERSION = 1
"""Raised by one whenever other pairs are found."""

_FILE = f"near-duplicates-{_VERSION}.json"
_MOST_BYTES = 2**30

logger = logging.getLogger(__name__)


def near_duplicates_in(cache: PictureCache) -> list[Pair]:
    """All pairs of rows of a cache that show nearly the same picture; see :func:`.near_duplicates`.

    They depend on the pictures alone, so that each split and each trial of a search finds them in the cache's folder.
    None are searched for among pictures smaller than :data:`.LEAST_SIDE`.
    """
    if cache.size < LEAST_SIDE:
        return []
    path = cache.folder / _FILE
    pairs = _read(path, len(cache))
    if pairs is not None:
        return pairs
    try:
        with held_lock(cache.folder / "near-duplicates.lock", "the near-duplicates of a picture cache"):
            pairs = _read(path, len(cache))  # another process may have searched while this one waited
            return _search(cache, path) if pairs is None else pairs
    except OSError as error:  # a cache that cannot be written to
        logger.warning("%s cannot be written: %s. It is searched for again the next time.", path, error.strerror)
        return _searched(cache)


def _searched(cache: PictureCache) -> list[Pair]:
    readable = cache.readable
    logger.info("Comparing %s pictures with each other, to find copies", f"{len(readable):,}")
    pairs = near_duplicates(lambda rows: cache.pictures(readable[rows]), len(readable), os.cpu_count() or 1)
    return [Pair(int(readable[each.first]), int(readable[each.second]), each.correlation) for each in pairs]


def _search(cache: PictureCache, path: Path) -> list[Pair]:
    pairs = _searched(cache)
    content = json.dumps([[each.first, each.second, each.correlation] for each in pairs]).encode()
    for leftover in path.parent.glob(f".{path.name}.*.part"):
        leftover.unlink(missing_ok=True)
    try:
        write_atomically(path, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    except DataError as error:
        logger.warning("%s It is searched for again the next time.", error)
    return pairs


def _read(path: Path, count: int) -> list[Pair] | None:
    """None where the file is missing or damaged."""
    try:
        digest, _, content = regular_bytes(path, _MOST_BYTES).partition(b"\n")
        if digest != hashlib.sha256(content).hexdigest().encode():
            return None
        values: Any = json.loads(content)
        pairs = [Pair(int(first), int(second), float(correlation)) for first, second, correlation in values]
    except (OSError, ValueError, TypeError):
        return None
    return pairs if all(0 <= each.first < each.second < count for each in pairs) else None
