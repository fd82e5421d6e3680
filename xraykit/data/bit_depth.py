"""The depth of 16-bit pictures that do not declare it, once for a data set.

A detector of 12 bits often fills a 16-bit PNG up to 4,095. From one picture alone its depth can only be guessed from
the brightest pixel, and a single hot pixel turns the picture black. So the depth is determined on a sample of the
training part, and belongs to the model: the same greys mean the same in training and in use.
"""

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from xraykit.data.decoders.pictures import undeclared_bits
from xraykit.errors import BrokenImageError
from xraykit.system import counted

SAMPLE = 100
"""How many pictures are looked at, evenly taken; files of 8 bits are not decoded."""
FITTING = 0.95
"""Share of these that the depth must hold: a few that were scaled otherwise do not darken all others."""
MUCH_DARKER = 2
"""A picture that takes so many bits less than the depth does not fit it: white would be below a quarter of it."""

logger = logging.getLogger(__name__)


def find_bit_depth(paths: Sequence[str], max_megapixels: float = 64) -> int | None:
    """The depth of a data set's 16-bit pictures, from a sample; None where no sampled picture needs one.

    Args:
        paths: Of the training part, in an order that does not depend on the folder.
        max_megapixels: Files with more pixels, and others that cannot be read, are passed over; they are reported when
            all are decoded.
    """
    rows = np.unique(np.linspace(0, len(paths) - 1, min(SAMPLE, len(paths))).round().astype(int))
    return _determined(tuple(_as_found(paths[row]) for row in rows), max_megapixels)


def depth_fits(sample_bits: int, bit_depth: int) -> bool:
    """Whether samples that take so many bits are neither cut off nor much darker than others at a depth."""
    return bit_depth - MUCH_DARKER < sample_bits <= bit_depth


def _as_found(path: str) -> tuple[str, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return path, 0, 0
    return path, status.st_size, status.st_mtime_ns


@lru_cache(16)
def _determined(files: tuple[tuple[str, int, int], ...], max_megapixels: float) -> int | None:
    """Once for a process, unless a file is changed."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = pool.map(lambda file: _bits(file[0], max_megapixels), files)
        bits = sorted(each for each in found if each is not None)
    if not bits:
        return None
    depth = bits[int(np.ceil(FITTING * len(bits))) - 1]
    others = sum(not depth_fits(each, depth) for each in bits)
    logger.info("16-bit pictures without a declared depth: %d bits, from %s", depth, counted(len(bits), "picture"))
    if others:
        logger.warning(
            "%d of %d sampled 16-bit pictures do not fit the depth of %d bits of the data set: they are too bright or "
            "much too dark. Are they of another detector? Set data.bit_depth if the depth is wrong.",
            others,
            len(bits),
            depth,
        )
    return depth


def _bits(path: str, max_megapixels: float) -> int | None:
    try:
        return undeclared_bits(path, max_megapixels)
    except BrokenImageError:
        return None
