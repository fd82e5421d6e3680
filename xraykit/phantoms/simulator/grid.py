"""The plane a phantom is drawn on, in centimetres, and the few shapes that everything is made of.

The picture is a square of 38 × 38 cm. ``x`` is 0 in the middle and positive towards the right edge, which is the
patient's left; ``y`` is 0 at the upper edge and grows downwards. Nothing here knows pixels but through :class:`Grid`,
so that the same chest can be drawn at any size.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[Any]  # float32 throughout; numpy's own annotations lose track of it

FIELD_CM = 38.0
SMALLEST_GRID = 128


@dataclass(frozen=True, eq=False)
class Grid:
    """Coordinates of the pixel centres.

    Attributes:
        size: Side in pixels, N.
        x: ``(1, N)`` cm.
        y: ``(N, 1)`` cm.
        pixel: Side of one pixel in cm.
    """

    size: int
    x: Field
    y: Field
    pixel: float


@lru_cache(maxsize=8)
def grid_for(size: int) -> Grid:
    """The grid on which a picture of ``size`` pixels is drawn.

    Small pictures are drawn at a whole multiple of their size, so that thin things are averaged, not missed.
    """
    side = size * -(-SMALLEST_GRID // size)
    pixel = FIELD_CM / side
    centres = ((np.arange(side) + 0.5) * pixel).astype(np.float32)
    return Grid(side, (centres - FIELD_CM / 2)[None, :], centres[:, None], pixel)


def step(distance: Field, width: float) -> Field:
    """0 to 1 as ``distance`` (cm) goes from ``-width / 2`` to ``width / 2``; the soft edge of a solid."""
    return np.clip(distance / width + 0.5, 0, 1)


def curve(at: Field, points: list[tuple[float, float]]) -> Field:
    """A smooth line through ``points`` (position, value), evaluated ``at`` positions in cm; the shape stays."""
    xs, ys = zip(*points, strict=True)
    dense = np.linspace(xs[0], xs[-1], 256)
    blurred = cv2.GaussianBlur(np.interp(dense, xs, ys)[None, :], (0, 0), 5, borderType=cv2.BORDER_REPLICATE)
    values: Field = np.interp(at.ravel(), dense, blurred[0]).astype(np.float32)
    return values.reshape(at.shape)


def ellipsoid(
    grid: Grid, centre: tuple[float, float], radii: tuple[float, float], depth: float, tilt: float = 0.0
) -> Field:
    """Path of the rays through an ellipsoid, ``(N, N)`` cm: ``depth`` in its middle, 0 outside.

    Args:
        grid: Where.
        centre: x and y, cm.
        radii: Half axes in the picture, cm.
        depth: Full axis along the ray, cm.
        tilt: Turn of the first axis, clockwise in the picture, in degrees.
    """
    path: Field = np.sqrt(np.maximum(1 - ellipse(grid, centre, radii, tilt), 0))
    return path * depth


def ellipse(grid: Grid, centre: tuple[float, float], radii: tuple[float, float], tilt: float = 0.0) -> Field:
    """Squared distance from ``centre`` in units of ``radii``, ``(N, N)``: 1 on the ellipse, below 1 inside."""
    dx, dy = grid.x - float(centre[0]), grid.y - float(centre[1])
    if tilt == 0:
        return np.square(dx / radii[0]) + np.square(dy / radii[1])
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    return np.square((dx * cos + dy * sin) / radii[0]) + np.square((dy * cos - dx * sin) / radii[1])


def tube(distance: Field, radius: float, hollow: float = 0.0) -> Field:
    """Path of the rays through a tube, cm, at a ``distance`` (cm) from its axis.

    Args:
        distance: Signed or not, any shape.
        radius: Outer radius, cm.
        hollow: Inner radius as a share of the outer one; bones are dense at the edge.
    """
    square = np.square(distance / radius)
    path: Field = np.sqrt(np.maximum(1 - square, 0))
    if hollow:
        path -= np.sqrt(np.maximum(hollow**2 - square, 0))
    return path * (2 * radius)


def clouds(rng: np.random.Generator, grid: Grid, cells: int, octaves: int = 1) -> Field:
    """Smooth noise of mean about 0 and spread about 1, ``(N, N)``, the same at any size.

    Args:
        rng: Source of randomness.
        grid: Where.
        cells: Number of blobs across the picture.
        octaves: Number of layers; each has twice as many blobs and two thirds of the strength of the one before.
    """
    strengths = (2 / 3) ** np.arange(octaves)
    strengths *= 1.6 / np.sqrt(np.sum(strengths**2))
    total = np.zeros((grid.size, grid.size), np.float32)
    for octave in range(octaves):
        coarse = rng.standard_normal((cells * 2**octave,) * 2, dtype=np.float32)
        total += float(strengths[octave]) * cv2.resize(coarse, (grid.size, grid.size), interpolation=cv2.INTER_CUBIC)
    return total
