"""Nearly the same picture under two names: re-encoded, resized, slightly cropped, brighter or of another contrast.

Two steps, whose thresholds ``benchmarks/near_duplicates.py`` measures on real radiographs. Pairs with alike signatures
(:mod:`.signatures`) are candidates: some millionths of all pairs of different patients are. Each candidate is then
aligned (Evangelidis & Psarakis 2008, an affine map) and compared in its details: the correlation of what remains of
both pictures without their low frequencies.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from xraykit.data.leakage.signatures import LOW, Usual, all_frequencies, unit

ALIKE = 0.85
"""Least correlation of the 63 lowest frequencies of the signatures of a candidate."""

SAME = 0.92
"""Least correlation of details that makes a candidate the same picture."""

LEAST_SIDE = 32
"""Smaller pictures have too few details to tell two patients apart."""

_BLOCK = 2048
_SIDE = 64
_MARGIN = 4
_BLUR = 3.0
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
_READ = 256

TakePictures = Callable[[np.ndarray], np.ndarray]
"""From rows ``(k,)`` to pictures ``(k, S, S)`` uint8."""


@dataclass(frozen=True)
class Pair:
    """Two rows that show nearly the same picture; ``first`` is the smaller one."""

    first: int
    second: int
    correlation: float


def near_duplicates(pictures: TakePictures, count: int, workers: int = 1) -> list[Pair]:
    """All pairs of nearly the same picture; those of exactly the same are among them.

    Args:
        pictures: Gives the pictures of some rows.
        count: Of all pictures; rows are 0 … count-1. They are at least 32 pixels wide (:data:`LEAST_SIDE`).
        workers: Threads.

    Takes about a minute for 112,120 pictures on two cores, and 0.2 GB of memory.
    """
    found = all_frequencies((each for rows in _blocks(count, _READ) for each in pictures(rows)), count)
    signatures = unit(Usual.of(found).signatures(found)[:, LOW])
    candidates = alike(signatures, signatures, ALIKE, upper=True)

    def details(candidate: np.ndarray) -> float:
        one, other = pictures(candidate)
        return same_details(one, other)

    with ThreadPoolExecutor(workers) as pool:
        correlations = list(pool.map(details, candidates))
    return [
        Pair(int(first), int(second), round(correlation, 4))
        for (first, second), correlation in zip(candidates, correlations, strict=True)
        if correlation >= SAME
    ]


def alike(ones: np.ndarray, others: np.ndarray, least: float, *, upper: bool = False) -> np.ndarray:
    """The pairs of rows with a correlation of at least ``least``, ``(k, 2)`` int64, block by block.

    Args:
        ones: ``(n, d)`` float32, of length 1.
        others: ``(m, d)`` float32, of length 1.
        least: Correlation.
        upper: Only pairs whose second row is beyond the first; ``ones`` and ``others`` are then the same.
    """
    found = []
    for start in range(0, len(ones), _BLOCK):
        block = ones[start : start + _BLOCK]
        for column in range(start if upper else 0, len(others), 2 * _BLOCK):
            products = block @ others[column : column + 2 * _BLOCK].T
            if products.size and products.max() >= least:
                pairs = np.argwhere(products >= least) + np.array([start, column])
                found.append(pairs[pairs[:, 0] < pairs[:, 1]] if upper else pairs)
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def same_details(one: np.ndarray, other: np.ndarray) -> float:
    """The correlation of the details of two pictures ``(S, S)`` uint8, after one was aligned to the other.

    Returns:
        -1 to 1; 0 where a picture has no details.
    """
    first, second = _equalised(one), _equalised(other)
    plain = _correlation(first, second)
    try:
        _, warp = cv2.findTransformECC(
            first, second, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, _STEPS, None, 3
        )
    except cv2.error:  # it does not converge, as for pictures of one grey
        return plain
    moved = cv2.warpAffine(
        second,
        warp,
        (_SIDE, _SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return max(plain, _correlation(first, np.asarray(moved)))


def _equalised(picture: np.ndarray) -> np.ndarray:
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.equalizeHist(small), np.float32)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    one, other = (_details(each) for each in (first, second))
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 0 else 0.0


def _details(picture: np.ndarray) -> np.ndarray:
    fine = picture - cv2.GaussianBlur(picture, (0, 0), _BLUR)
    inner = fine[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN].ravel()
    return np.asarray(inner - inner.mean())


def _blocks(count: int, size: int) -> Sequence[np.ndarray]:
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
