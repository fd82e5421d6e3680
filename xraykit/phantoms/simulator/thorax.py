"""The solids of a healthy chest, each as the length of the rays' way through it in cm."""

from dataclasses import dataclass

import numpy as np

from xraykit.phantoms.simulator.anatomy import Anatomy
from xraykit.phantoms.simulator.bones import bones_of
from xraykit.phantoms.simulator.grid import Field, Grid, curve, ellipsoid, step, tube
from xraykit.phantoms.simulator.patients import SIDES

WIDEST = 23.5


@dataclass(eq=False)
class Chest:
    """What the rays pass through. All fields are ``(N, N)`` float32 in cm unless said otherwise.

    Attributes:
        grid: Where.
        anatomy: The numbers it was built from.
        healthy: The same without findings.
        wall: ``(N, 1)``, half width of the thorax in each row.
        medial: ``(N, 1)``, half width of what lies between the lungs.
        diaphragm: ``(1, N)``, y of the diaphragm in each column.
        lungs: 0 to 1, where the lungs are, above the diaphragm and beside the mediastinum.
        air: Lung.
        heart: Heart.
        soft: All other soft tissue, less the windpipe and the gas below the diaphragm.
        bone: Compact bone.
        markings: Vessels and septa, as water.
        water: What findings put in the place of lung.
        freed: Lung that a finding has rid of its tissue, so that pure air is left.
    """

    grid: Grid
    anatomy: Anatomy
    healthy: Anatomy
    wall: Field
    medial: Field
    diaphragm: Field
    lungs: Field
    air: Field
    heart: Field
    soft: Field
    bone: Field
    markings: Field
    water: Field
    freed: Field

    def half(self, side: int) -> Field:
        """``(1, N)``: 1 on one side of the body (-1 right, 1 left), 0 on the other."""
        return (self.grid.x * side > 0).astype(np.float32)

    def lung(self, side: int) -> Field:
        """``(N, N)``, 0 to 1: the lung of that side."""
        return self.lungs * self.half(side)

    def dome(self, side: int) -> float:
        """y of the top of the diaphragm on that side, cm."""
        return self.anatomy.dome_right if side < 0 else self.anatomy.dome_left

    def place(self, side: int, along: float, across: float) -> tuple[float, float]:
        """x and y in cm of a place in a lung: from apex to diaphragm and from hilum to chest wall, both 0 to 1."""
        y = self.anatomy.apex + along * (self.dome(side) - self.anatomy.apex)
        row = int(np.clip(y / self.grid.pixel, 0, self.grid.size - 1))
        inner, outer = float(self.medial[row, 0]), float(self.wall[row, 0])
        return side * (inner + float(across) * (outer - inner)), float(y)


def build_chest(grid: Grid, anatomy: Anatomy, healthy: Anatomy, markings: Field) -> Chest:
    """All solids of a chest.

    Args:
        grid: Where.
        anatomy: The chest to be built.
        healthy: The same without findings.
        markings: Vessels wherever they may run, cm of water.
    """
    wall, medial, diaphragm = wall_of(grid, anatomy), medial_of(grid, anatomy), diaphragm_of(grid, anatomy)
    out, edge = np.abs(grid.x), max(0.18, grid.pixel)
    lungs = step(wall - out, edge) * step(out - medial, edge) * step(diaphragm - grid.y, edge)
    heart = heart_of(grid, anatomy)
    path = _lung_path(grid, anatomy, wall, medial, diaphragm)
    empty = np.zeros((grid.size, grid.size), np.float32)
    return Chest(
        grid=grid,
        anatomy=anatomy,
        healthy=healthy,
        wall=wall,
        medial=medial,
        diaphragm=diaphragm,
        lungs=lungs,
        air=np.maximum(path - heart - _great_vessels(grid, anatomy), 0),
        heart=heart,
        soft=_trunk(grid, anatomy) + _breasts(grid, anatomy) - _airways(grid) - _gas(grid, anatomy),
        bone=bones_of(grid, anatomy, wall),
        markings=markings * lungs * anatomy.markings,
        water=empty,
        freed=empty.copy(),
    )


def wall_of(grid: Grid, anatomy: Anatomy) -> Field:
    """``(N, 1)``: half of the inner width of the thorax in cm; the thorax is the half of a drop."""
    down = np.clip((grid.y - anatomy.apex) / (WIDEST - anatomy.apex), 0, 1)
    rise = np.sqrt(1 - (1 - down) ** 2.6)
    below = np.clip((grid.y - WIDEST) / 10, 0, 1) ** 2
    return 4.3 + (anatomy.half_width - 4.3) * rise - below


def medial_of(grid: Grid, anatomy: Anatomy) -> Field:
    """``(N, 1)``: half width of what lies between the lungs, cm."""
    m = anatomy.mediastinum
    return curve(grid.y, [(0, 4.3), (anatomy.apex, 4.2), (anatomy.apex + 3, m), (16, m + 0.2), (38, m + 0.2)])


def diaphragm_of(grid: Grid, anatomy: Anatomy) -> Field:
    """``(1, N)``: y of the diaphragm in cm; two domes that fall steeply towards the costophrenic angles."""
    half, out = anatomy.half_width, np.abs(grid.x)
    middle = half * 0.46
    outward = np.clip((out - middle) / (half - middle), 0, None) ** 2.3
    inward = np.clip((middle - out) / middle, 0, 1) ** 2
    left = step(grid.x, 6.0)
    top = anatomy.dome_right * (1 - left) + anatomy.dome_left * left
    return top + anatomy.dome_fall * (outward + 0.5 * inward)


def heart_of(grid: Grid, anatomy: Anatomy) -> Field:
    """The heart, ``(N, N)`` cm: the left ventricle, a slanting egg; the right atrium; the way out to the vessels."""
    a, y, tall = anatomy, anatomy.heart_y, anatomy.heart_height
    reach = a.heart_left + 2.5
    ventricle = ellipsoid(grid, (a.heart_left - reach * 0.52, y), (reach * 0.6, tall * 0.74), 12.5, 38)
    atrium = ellipsoid(grid, (3.6 - a.heart_right, y - 1.2), (3.6, tall * 1.05), 11.5)
    outflow = ellipsoid(grid, (1.9, y - tall * 0.75), (2.9, tall), 11.0, -20)
    return np.maximum(np.maximum(ventricle, atrium), outflow)


def _great_vessels(grid: Grid, anatomy: Anatomy) -> Field:
    knob = ellipsoid(grid, (2.1, 12.2), (anatomy.aorta, anatomy.aorta * 1.15), 5.0)
    trunk = ellipsoid(grid, (2.5, 15.3), (1.9, 2.2), 5.0)
    right_hilum = ellipsoid(grid, (-3.5, 16.2), (1.3, 2.3), 3.2, -20)
    left_hilum = ellipsoid(grid, (3.7, 15.3), (1.3, 1.9), 3.2, 20)
    cava = ellipsoid(grid, (-2.0, 12.5), (1.3, 6.0), 4.0)
    together: Field = np.maximum.reduce([knob, trunk, right_hilum, left_hilum, cava])
    return together


def _lung_path(grid: Grid, anatomy: Anatomy, wall: Field, medial: Field, diaphragm: Field) -> Field:
    """Before the domes the lung is whole; behind them it reaches farther down, thinner and thinner."""
    span = np.maximum((wall - medial) / 2, 0.05)
    inside = np.clip(1 - ((np.abs(grid.x) - (wall + medial) / 2) / span) ** 4, 0, None)
    thickness = anatomy.lung_depth * np.clip((grid.y - anatomy.apex) / 13, 0, 1) ** 0.6
    front = step(diaphragm - grid.y, max(0.2, grid.pixel))
    behind = step(diaphragm + 2.0 - grid.y, 3.5)
    return np.sqrt(inside) * thickness * (0.86 * front + 0.14 * behind)


def _trunk(grid: Grid, anatomy: Anatomy) -> Field:
    neck, shoulders = [(0, 6.2), (2, 6.4), (4, 10), (5.5, 16)], [(7.5, 21), (11, 23), (15, 21.5)]
    width = anatomy.body * curve(grid.y, [*neck, *shoulders, (18, 18.5), (22, 16.9), (38, 17.2)])
    depth = anatomy.depth * curve(grid.y, [(0, 0.55), (3, 0.58), (8, 0.8), (14, 0.96), (22, 1.0), (38, 1.04)])
    return np.sqrt(np.clip(1 - (np.abs(grid.x) / width) ** 2.6, 0, None)) * depth


def _breasts(grid: Grid, anatomy: Anatomy) -> Field:
    if anatomy.breast <= 0:
        return np.zeros((1, 1), np.float32)
    y, wide = 23.2 + anatomy.breast_drop, 4.6 + 0.45 * anatomy.breast
    right, left = (ellipsoid(grid, (side * 8.2, y), (wide, wide * 0.95), anatomy.breast) for side in SIDES)
    hanging = step(grid.y - (y - wide * 0.5), wide)
    return (right + left) * hanging


def _airways(grid: Grid) -> Field:
    windpipe = tube(grid.x - 0.15, 0.95) * step(13.2 - grid.y, 1.0)
    right = ellipsoid(grid, (-1.7, 14.3), (2.4, 0.6), 1.1, 128)
    left = ellipsoid(grid, (2.0, 14.4), (2.6, 0.55), 1.0, 52)
    open_ways: Field = np.maximum.reduce([windpipe, right, left])
    return open_ways


def _gas(grid: Grid, anatomy: Anatomy) -> Field:
    if anatomy.gas <= 0.15:
        return np.zeros((1, 1), np.float32)
    size = min(anatomy.gas, 2.0)
    y = anatomy.dome_left + 1.6 + 0.7 * size
    bubble = ellipsoid(grid, (5.6, y), (1.3 + 1.2 * size, 0.5 + 0.65 * size), 2.0 + 2.0 * size)
    return bubble * step(grid.y - (y - 1.5), 3.0)
