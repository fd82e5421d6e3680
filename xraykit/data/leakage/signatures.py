"""Perceptual signatures: numbers that hardly change when a picture is stored, resized or brightened in another way.

The perceptual hash of Zauner (2010) takes the low frequencies of the discrete cosine transform of a small picture and
keeps a bit of each. Radiographs of the chest are all alike in these, so that too few of the bits differ between two
patients. Here the frequencies stay numbers, each as its difference from what is usual in a set of radiographs, in
standard deviations; and the histogram of the picture is equalised first, so that brightness, contrast and gamma do not
matter. Two signatures are compared by their correlation. ``benchmarks/near_duplicates.py`` measures both.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

SIDE = 12
"""Frequencies along each axis."""

LENGTH = SIDE**2 - 1
"""Numbers of a signature: all but the mean grey."""

_SMALL_SIDE = 32
_WEIGHT = 100
_LEAST_NORM = 1e-3

LOW = np.array([row * SIDE + column - 1 for row in range(8) for column in range(8) if row or column])
"""The lowest frequencies of a signature, 63: robust against cropping, and cheap to compare."""


def frequencies(picture: np.ndarray) -> np.ndarray:
    """The low frequencies of a picture ``(S, S)`` uint8 with an equalised histogram, ``(143,)`` float32.

    They are all 0 for a picture of one grey.
    """
    small = cv2.equalizeHist(cv2.resize(picture, (_SMALL_SIDE, _SMALL_SIDE), interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.dct(small.astype(np.float32)))[:SIDE, :SIDE].ravel()[1:]


def all_frequencies(pictures: Iterable[np.ndarray], count: int) -> np.ndarray:
    """:func:`frequencies` of ``count`` pictures, ``(count, 143)`` float32."""
    found = np.zeros((count, LENGTH), np.float32)
    for row, picture in enumerate(pictures):
        found[row] = frequencies(picture)
    return found


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual in a set of radiographs.

    Attributes:
        mean: ``(143,)`` float32, of each frequency.
        deviation: ``(143,)`` float32, its standard deviation.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, found: np.ndarray) -> "Usual":
        """Of the frequencies ``(n, 143)`` of a set, together with what is usual in radiographs of the chest.

        The latter weighs as much as 100 radiographs, so that small sets are compared well too.
        """
        usual = _chest_radiographs()
        found = found[np.abs(found).sum(1) > 0]
        if not len(found):
            return usual
        share = len(found) / (len(found) + _WEIGHT)
        mean = share * found.mean(0, dtype=np.float64) + (1 - share) * usual.mean
        square = share * ((found - mean) ** 2).mean(0) + (1 - share) * (usual.deviation**2 + (usual.mean - mean) ** 2)
        return cls(mean.astype(np.float32), np.sqrt(square).astype(np.float32))

    def signatures(self, found: np.ndarray) -> np.ndarray:
        """The signatures of frequencies ``(n, 143)``: in standard deviations; 0 for pictures of one grey."""
        blank = np.abs(found).sum(1, keepdims=True) == 0
        return np.where(blank, np.float32(0), (found - self.mean) / self.deviation).astype(np.float32)


def unit(signatures: np.ndarray) -> np.ndarray:
    """Signatures, or some of their numbers, of length 1, so that their products are correlations; 0 stays 0."""
    norms = np.linalg.norm(signatures, axis=1, keepdims=True)
    return np.where(norms > _LEAST_NORM, signatures / np.maximum(norms, _LEAST_NORM), 0).astype(np.float32)


@cache
def _chest_radiographs() -> Usual:
    """Of the 9,493 radiographs that the thresholds were measured on; written by ``benchmarks/near_duplicates.py``."""
    values = json.loads(Path(__file__).with_name("usual_radiographs.json").read_text(encoding="utf-8"))
    return Usual(np.array(values["mean"], np.float32), np.array(values["std"], np.float32))
