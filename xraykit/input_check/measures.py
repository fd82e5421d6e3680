"""What is measured of a picture: its layout, its greys and grain, and how its middle stands out.

All measures are of one picture ``(S, S)`` uint8 and take some tenths of a millisecond at 224 pixels.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

THUMBNAIL = 10
"""Side of a thumbnail: fine enough for lungs, heart and shoulders, too coarse for findings."""

TONES = 7
"""Number of measures of :func:`tone`."""

CHANGES = {
    "inverted": "With black and white exchanged",
    "turned 90": "Turned by 90 degrees to the left",
    "turned 180": "Turned by 180 degrees or upside down",
    "turned 270": "Turned by 90 degrees to the right",
}
"""What may have been done to a picture: how it would stand if that were undone."""

_LIT = 1e-6  # a thumbnail without any difference of greys has no layout


def contrast(picture: npt.NDArray[Any]) -> float:
    """Standard deviation of the greys."""
    return float(cv2.meanStdDev(picture)[1][0, 0])


def layout(picture: npt.NDArray[Any]) -> Vector:
    """Thumbnail ``(THUMBNAIL²,)`` with mean 0 and standard deviation 1, whatever the exposure; 0 if all is one grey."""
    small = cv2.resize(picture.astype(np.float32), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    centred = small.astype(np.float64).ravel() - small.mean(dtype=np.float64)
    spread = float(centred.std())
    return centred / spread if spread > _LIT else np.zeros_like(centred)


def resemblance(thumbnail: Vector, other: Vector) -> float:
    """Correlation of two layouts, -1 to 1; 0 if one is all one grey."""
    norm = float(np.linalg.norm(thumbnail) * np.linalg.norm(other))
    return float(thumbnail @ other) / norm if norm > _LIT else 0.0


def gains(thumbnail: Vector, mean: Vector) -> dict[str, float]:
    """How much more a layout resembles ``mean`` after each of :data:`CHANGES` than as it is, -2 to 2."""
    square, as_is = thumbnail.reshape(THUMBNAIL, THUMBNAIL), resemblance(thumbnail, mean)
    turns = {f"turned {90 * turn}": resemblance(np.rot90(square, turn).ravel(), mean) - as_is for turn in (1, 2, 3)}
    return {"inverted": -2 * as_is, **turns}


def midline(thumbnail: Vector) -> float:
    """How much brighter the middle is than the lungs' places beside it, in standard deviations of the layout.

    At the height of the lungs: in a frontal radiograph spine and mediastinum lie between two dark lungs.
    """
    lungs = thumbnail.reshape(THUMBNAIL, THUMBNAIL)[3:7]
    beside = np.concatenate([lungs[:, 2:4], lungs[:, 6:8]], axis=1)
    return float(lungs[:, 4:6].mean() - beside.mean())


def tone(picture: npt.NDArray[Any]) -> Vector:
    """Greys and grain ``(TONES,)``.

    Quantiles 0.05, 0.25, 0.5, 0.75 and 0.95 of the greys, 0–1; then the logarithms of what is finer than a pixel or
    two and of what is of middle size, each as a share of the whole contrast.
    """
    grey = picture.astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = cv2.resize(cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA), grey.shape[::-1])
    whole = contrast(grey) + 1
    grain = [np.log((contrast(part) + 0.1) / whole) for part in (grey - smooth, smooth - coarse)]
    return np.array([*_quantiles(picture), *grain], np.float64)


def _quantiles(picture: npt.NDArray[Any]) -> Vector:
    """From counts: sorting the pixels takes ten times as long."""
    below = np.cumsum(np.bincount(picture.ravel(), minlength=256)) / picture.size
    return np.searchsorted(below, (0.05, 0.25, 0.5, 0.75, 0.95)) / 255
