"""Spine, ribs, collar bones and shoulder blades, as the length of the rays' way through compact bone in cm."""

import numpy as np

from xraykit.phantoms.simulator.anatomy import Anatomy
from xraykit.phantoms.simulator.grid import Field, Grid, ellipse, ellipsoid, step, tube
from xraykit.phantoms.simulator.patients import SIDES

LAST_RIB_BEHIND = 10
LAST_RIB_BEFORE = 6


def bones_of(grid: Grid, anatomy: Anatomy, wall: Field) -> Field:
    """All bones, ``(N, N)`` cm.

    Args:
        grid: Where.
        anatomy: The chest.
        wall: ``(N, 1)``, half width of the thorax in each row, cm.
    """
    ribs = (
        0.8 * (_ribs_behind(grid, anatomy, wall) + 0.4 * _ribs_before(grid, anatomy, wall)) * _cage(grid, anatomy, wall)
    )
    return anatomy.bone * (
        _spine(grid, anatomy) + ribs + 1.5 * _collar_bones(grid, anatomy) + _shoulders(grid, anatomy)
    )


def _spine(grid: Grid, anatomy: Anatomy) -> Field:
    bend = anatomy.spine_bend * np.sin((grid.y - 4) / 7)
    across = (grid.x - bend) / (1.45 + 0.014 * grid.y)
    bodies = np.sqrt(np.clip(1 - across**4, 0, None)) * (1.3 + 0.012 * grid.y)
    pedicles = 0.4 * np.exp(-np.square((np.abs(across) - 0.62) * 6))
    discs = np.cos(2 * np.pi * grid.y / (2.0 + 0.012 * grid.y)) ** 8
    return 0.5 * (bodies + pedicles) * (1 - 0.35 * discs)


def _outward(grid: Grid, wall: Field) -> Field:
    """0 at the midline, 1 half a centimetre outside the inner wall, where the ribs turn from back to front."""
    return np.abs(grid.x) / (wall + 0.5)


def _cage(grid: Grid, anatomy: Anatomy, wall: Field) -> Field:
    beside_the_spine = step(np.abs(grid.x) - 1.9, 0.8)
    return step(1 - _outward(grid, wall), 0.02) * beside_the_spine * step(grid.y - (anatomy.apex - 0.6), 0.8)


def _ribs_behind(grid: Grid, anatomy: Anatomy, wall: Field) -> Field:
    """All ribs at once: how many ribs down a point lies tells the nearest one and the distance to it."""
    outward = _outward(grid, wall)
    fall = anatomy.rib_slope * (outward**2.4 - 0.3 * np.sin(np.pi * np.minimum(outward, 1)))
    steeper_below = 0.65 + 0.028 * np.maximum(grid.y - anatomy.apex, 0)
    ribs_down = (grid.y - anatomy.rib_start - fall * steeper_below) / anatomy.rib_pitch
    off = (ribs_down - np.clip(np.round(ribs_down), 0, LAST_RIB_BEHIND)) * anatomy.rib_pitch
    return tube(off / np.sqrt(1 + np.square(0.75 * outward)), 0.66, 0.6)


def _ribs_before(grid: Grid, anatomy: Anatomy, wall: Field) -> Field:
    """From the side they fall towards the breastbone and end where cartilage begins, which is not seen."""
    outward = _outward(grid, wall)
    fall = 1.1 * anatomy.rib_slope + 6.5 * np.clip(1 - outward, 0, 1) ** 1.15
    ribs_down = (grid.y - (anatomy.rib_start - 0.4) - fall) / anatomy.rib_pitch
    off = (ribs_down - np.clip(np.round(ribs_down), 0, LAST_RIB_BEFORE)) * anatomy.rib_pitch
    return tube(0.87 * off, 0.8, 0.6) * step(outward - 0.42, 0.15)


def _collar_bones(grid: Grid, anatomy: Anatomy) -> Field:
    out = np.abs(grid.x)
    sweep = np.clip((out - 1.2) / 14, 0, 1)
    line = anatomy.clavicle - 3.0 * sweep - 0.7 * np.sin(2 * np.pi * sweep)
    return tube(0.95 * (grid.y - line), 0.62, 0.75) * step(out - 1.2, 0.4) * step(15.8 - out, 0.6)


def _shoulders(grid: Grid, anatomy: Anatomy) -> Field:
    total = np.zeros((grid.size, grid.size), np.float32)
    for side in SIDES:
        blade = ellipse(grid, (side * (anatomy.scapula + 1.4), 11.5), (2.7, 7.0), side * -14)
        rim = np.exp(-np.square((blade - 1) * 4.5))
        total += 0.42 * step(1 - blade, 0.2) + 0.5 * rim
        total += ellipsoid(grid, (side * 18.0, 7.2), (2.3, 2.3), 2.2)
    return total
