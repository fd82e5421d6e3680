"""The solids of a chest seen from the side, for lateral radiographs: simpler than those from the front.

The patient faces the left edge of the picture. ``x`` of the grid is then depth: negative in front of the middle of the
trunk, positive behind it; the rays run from one side of the body to the other. Heights and sizes are those of the same
patient's frontal radiograph, so a large heart or a low diaphragm is seen in both.
"""

from dataclasses import dataclass

import numpy as np

from xraykit.phantoms.simulator.anatomy import Anatomy
from xraykit.phantoms.simulator.film import BONE, SOFT
from xraykit.phantoms.simulator.grid import Field, Grid, clouds, curve, ellipsoid, step, tube
from xraykit.phantoms.simulator.patients import Choice, Patient
from xraykit.phantoms.simulator.thorax import medial_of, wall_of

LAST_RIB = 9


@dataclass(eq=False)
class Side:
    """What the rays pass through. All fields are ``(N, N)`` float32 in cm unless said otherwise.

    Attributes:
        grid: Where.
        anatomy: The numbers it was built from.
        front: ``(N, 1)``, x of the inside of the wall before the lungs in each row.
        back: ``(N, 1)``, x of the inside of the wall behind them.
        domes: Of the right and the left half of the diaphragm, ``(1, N)``: its y in each column.
        lungs: Of the right and the left lung: the way through it.
        heart: Heart.
        soft: All other soft tissue, less the windpipe.
        bone: Compact bone.
        markings: Vessels, as water.
        water: What findings put in the place of lung.
        freed: Lung that a finding has rid of its tissue, so that pure air is left.
    """

    grid: Grid
    anatomy: Anatomy
    front: Field
    back: Field
    domes: tuple[Field, Field]
    lungs: tuple[Field, Field]
    heart: Field
    soft: Field
    bone: Field
    markings: Field
    water: Field
    freed: Field

    @property
    def air(self) -> Field:
        """Both lungs, where the heart leaves room for them."""
        air: Field = np.maximum(self.lungs[0] + self.lungs[1] - self.heart, 0)
        return air

    def lung(self, side: int) -> Field:
        """The way through one lung: that of the patient's right (-1) or left (1)."""
        return self.lungs[0 if side < 0 else 1]

    def dome(self, side: int) -> float:
        """y of the top of the diaphragm on that side, cm."""
        return self.anatomy.dome_right if side < 0 else self.anatomy.dome_left

    def place(self, side: int, along: float, across: float) -> tuple[float, float]:
        """x and y in cm of a place in a lung: from apex to diaphragm and from front to back, both 0 to 1."""
        y = self.anatomy.apex + along * (self.dome(side) - self.anatomy.apex)
        row = int(np.clip(y / self.grid.pixel, 0, self.grid.size - 1))
        front, back = float(self.front[row, 0]), float(self.back[row, 0])
        return front + across * (back - front), float(y)


def build_side(grid: Grid, anatomy: Anatomy, patient: Patient) -> Side:
    """All solids of a chest seen from the side.

    Args:
        grid: Where.
        anatomy: The chest to be built, with its findings.
        patient: Whose vessels are drawn.
    """
    half = anatomy.lung_depth * 0.5
    shape = curve(grid.y, [(0, 0.42), (anatomy.apex, 0.5), (10, 0.82), (17, 1.0), (24, 1.04), (38, 1.04)])
    front, back = -half * shape - 0.4, half * (0.35 + 0.65 * shape) + 0.6
    domes = tuple(_dome(grid, anatomy, top, half) for top in (anatomy.dome_right, anatomy.dome_left))
    lungs = tuple(_lung(grid, anatomy, front, back, dome) for dome in domes)
    empty = np.zeros((grid.size, grid.size), np.float32)
    both = step(lungs[0] + lungs[1] - 0.5, 1.0)
    return Side(
        grid=grid,
        anatomy=anatomy,
        front=front,
        back=back,
        domes=(domes[0], domes[1]),
        lungs=(lungs[0], lungs[1]),
        heart=_heart(grid, anatomy),
        soft=_trunk(grid, anatomy) + _breast(grid, anatomy) - _windpipe(grid),
        bone=anatomy.bone * (_spine(grid, back) + _breastbone(grid, front) + _ribs(grid, anatomy, front, back)),
        markings=_vessels(grid, anatomy, patient) * both,
        water=empty,
        freed=empty.copy(),
    )


def side_attenuation(side: Side) -> Field:
    """Exponent of Beer and Lambert's law along each ray, ``(N, N)``, as
    :func:`~xraykit.phantoms.simulator.film.attenuation` has it from the front."""
    air, density = side.air, side.anatomy.lung_density
    water = np.minimum(side.water, air)
    tissue = side.soft - (1 - density) * (air - water) - density * np.minimum(side.freed, air)
    return SOFT * (np.maximum(tissue, 0) + side.markings) + BONE * side.bone


def _dome(grid: Grid, anatomy: Anatomy, top: float, half: float) -> Field:
    """Highest a little before the middle; it falls gently to the front and deeply to the back."""
    off = (grid.x + 0.25 * half) / half
    falls = 1.5 * np.clip(off, 0, None) ** 2.2 + 0.45 * np.clip(-off, 0, None) ** 2
    return top + anatomy.dome_fall * falls


def _lung(grid: Grid, anatomy: Anatomy, front: Field, back: Field, dome: Field) -> Field:
    across = np.maximum(wall_of(grid, anatomy) - medial_of(grid, anatomy), 0.05) * step(grid.y - anatomy.apex, 3.0)
    middle, span = (front + back) / 2, np.maximum((back - front) / 2, 0.05)
    profile = np.sqrt(np.clip(1 - ((grid.x - middle) / span) ** 4, 0, None))
    lung: Field = across * profile * step(dome - grid.y, max(0.3, grid.pixel))
    return lung


def _heart(grid: Grid, anatomy: Anatomy) -> Field:
    across = anatomy.heart_left + anatomy.heart_right
    ventricles = ellipsoid(
        grid, (-3.0, anatomy.heart_y), (across * 0.4, anatomy.heart_height * 0.95), 0.75 * across, 55
    )
    arch = ellipsoid(grid, (0.2, 12.2), (3.4, anatomy.aorta * 1.1), 4.5)
    hila = ellipsoid(grid, (0.8, 15.9), (1.7, 1.6), 5.0)
    together: Field = np.maximum.reduce([ventricles, arch, hila])
    return together


def _trunk(grid: Grid, anatomy: Anatomy) -> Field:
    """Both arms are raised; the shoulders are broad above the lungs."""
    half: list[tuple[float, float]] = [(0, 10.5), (4, 13), (8, 16.5), (12, 16.2), (18, 16.5), (22, 16.9), (38, 17.2)]
    deep: list[tuple[float, float]] = [(0, 0.72), (4, 0.74), (10, 0.9), (17, 1.0), (38, 1.06)]
    width, depth = anatomy.body * curve(grid.y, half), 0.5 * anatomy.depth * curve(grid.y, deep)
    trunk: Field = 2 * width * np.sqrt(np.clip(1 - (np.abs(grid.x) / depth) ** 2.6, 0, None))
    return trunk


def _breast(grid: Grid, anatomy: Anatomy) -> Field:
    if anatomy.breast <= 0:
        return np.zeros((1, 1), np.float32)
    centre = (-0.48 * anatomy.depth, 23.2 + anatomy.breast_drop)
    return ellipsoid(grid, centre, (1.0 + 0.6 * anatomy.breast, 4.6), 12.0, 8)


def _windpipe(grid: Grid) -> Field:
    open_way: Field = tube(grid.x - 0.4 - 0.13 * (grid.y - 6), 0.9) * step(14.2 - grid.y, 1.0)
    return open_way


def _spine(grid: Grid, back: Field) -> Field:
    """Vertebral bodies with discs between them, inside the back edge of the lungs."""
    across = (grid.x - back + 1.1) / (1.5 + 0.012 * grid.y)
    bodies = np.sqrt(np.clip(1 - across**4, 0, None)) * (1.7 + 0.015 * grid.y)
    discs = np.cos(2 * np.pi * grid.y / (4.0 + 0.024 * grid.y)) ** 10
    spine: Field = 0.6 * bodies * (1 - 0.45 * discs)
    return spine


def _breastbone(grid: Grid, front: Field) -> Field:
    bone: Field = 1.6 * tube(grid.x - front + 0.8, 0.55, 0.5) * step(grid.y - 8.5, 0.6) * step(23.5 - grid.y, 0.8)
    return bone


def _ribs(grid: Grid, anatomy: Anatomy, front: Field, back: Field) -> Field:
    """Ribs fall from the spine to the front; those of the far side are seen a little apart."""
    total = np.zeros((grid.size, grid.size), np.float32)
    forward = np.clip((back - grid.x) / np.maximum(back - front, 1), 0, 1)
    for offset in (0.0, 0.45):
        fall = (1.2 * anatomy.rib_slope + 2) * forward**1.1
        down = (grid.y - anatomy.rib_start - offset - fall) / anatomy.rib_pitch
        off = (down - np.clip(np.round(down), 0, LAST_RIB)) * anatomy.rib_pitch
        total += 0.35 * tube(0.8 * off, 0.6, 0.6)
    inside = step(grid.x - front, 0.5) * step(back - grid.x, 0.5) * step(grid.y - anatomy.apex + 0.6, 0.8)
    ribs: Field = total * inside
    return ribs


def _vessels(grid: Grid, anatomy: Anatomy, patient: Patient) -> Field:
    """The net of small vessels, densest around the hila."""
    rng = patient.source(Choice.VESSELS, 1)
    near = 0.25 + np.exp(-(np.square(grid.x / 5) + np.square((grid.y - 16) / 7)))
    vessels: Field = anatomy.markings * near * np.clip(0.5 + 0.5 * clouds(rng, grid, 40, 3), 0, 2)
    return vessels
