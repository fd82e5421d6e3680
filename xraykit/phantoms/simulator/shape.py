"""Findings that change the shape of the chest: heart, diaphragm, volume of the lungs, stomach in the chest.

Each has two functions: one changes the numbers of the chest before it is drawn; the other draws what is left to draw
and returns where the finding is to be seen: for every box one ``(N, N)`` field that is 1 there.
"""

from dataclasses import replace

import numpy as np

from xraykit.phantoms.simulator.airspace import between, where
from xraykit.phantoms.simulator.anatomy import Anatomy
from xraykit.phantoms.simulator.grid import Field, ellipse, ellipsoid, step
from xraykit.phantoms.simulator.patients import Lesion
from xraykit.phantoms.simulator.thorax import Chest


def enlarge_heart(anatomy: Anatomy, lesion: Lesion) -> Anatomy:
    """Cardiomegaly: a heart from 0.54 to 0.70 times as wide as the thorax; above 0.5 it is enlarged."""
    width = between(0.54, 0.70, lesion.severity) * 2 * anatomy.half_width
    return replace(
        anatomy,
        heart_right=width * 0.36,
        heart_left=width * 0.64,
        heart_height=anatomy.heart_height * between(1.12, 1.3, lesion.severity),
        heart_y=anatomy.heart_y - between(0.6, 1.2, lesion.severity),
    )


def draw_large_heart(chest: Chest, lesion: Lesion) -> list[Field]:
    """Cardiomegaly is drawn with the heart itself; seen is the heart above the diaphragm."""
    return [where(chest.heart > 0.5) * where(chest.grid.y < chest.diaphragm)]


def inflate_lungs(anatomy: Anatomy, lesion: Lesion) -> Anatomy:
    """Emphysema: large, light lungs with few vessels over a low, flat diaphragm, beside a narrow heart."""
    s = lesion.severity
    return replace(
        anatomy,
        dome_right=anatomy.dome_right + between(1.4, 3.0, s),
        dome_left=anatomy.dome_left + between(1.4, 3.0, s),
        dome_fall=anatomy.dome_fall * between(0.5, 0.25, s),
        lung_density=anatomy.lung_density * between(0.68, 0.48, s),
        lung_depth=anatomy.lung_depth + between(1.2, 2.8, s),
        heart_right=anatomy.heart_right * between(0.94, 0.84, s),
        heart_left=anatomy.heart_left * between(0.94, 0.84, s),
        markings=anatomy.markings * between(0.75, 0.45, s),
    )


def draw_inflated_lungs(chest: Chest, lesion: Lesion) -> list[Field]:
    """Emphysema is drawn with the lungs themselves; seen is both lungs."""
    return [chest.lungs]


def lift_diaphragm(anatomy: Anatomy, lesion: Lesion) -> Anatomy:
    """Atelectasis: the lung has lost volume, so the diaphragm stands higher on that side."""
    lift = _lost_height(lesion)
    if lesion.side < 0:
        return replace(anatomy, dome_right=anatomy.dome_right - lift)
    return replace(anatomy, dome_left=anatomy.dome_left - lift)


def _lost_height(lesion: Lesion) -> float:
    return between(0.9, 2.8, lesion.severity)


def draw_atelectasis(chest: Chest, lesion: Lesion) -> list[Field]:
    """One to three white lines, nearly level, above a raised diaphragm."""
    grid, rng = chest.grid, lesion.source()
    lung = chest.lung(lesion.side)
    plates = np.zeros_like(chest.air)
    for number in range(1 + int(rng.binomial(2, 0.5))):
        x, y = chest.place(lesion.side, between(0.74, 0.9, lesion.along) - 0.09 * number, float(rng.uniform(0.5, 0.65)))
        half, tilt = float(rng.uniform(2.6, 4.2)), float(rng.normal(0, 9)) + 6 * lesion.side
        thick = between(0.38, 0.6, lesion.severity)
        plates = np.maximum(plates, np.exp(-(ellipse(grid, (x, y), (half, thick), tilt) ** 2)))
    plates *= lung
    chest.water += np.minimum(plates * between(4.5, 7.0, lesion.severity), chest.air)
    inside = chest.half(lesion.side) * (np.abs(grid.x) < chest.wall) * (np.abs(grid.x) > chest.medial)
    raised = (grid.y > chest.diaphragm) * (grid.y < chest.diaphragm + _lost_height(lesion))
    return [np.maximum(where(plates > 0.15), inside * raised)]


def draw_hernia(chest: Chest, lesion: Lesion) -> list[Field]:
    """Hiatal hernia: a round pouch of stomach behind the heart, with gas above a level of fluid."""
    grid, rng = chest.grid, lesion.source()
    radius = between(2.2, 3.8, lesion.severity)
    centre = (float(rng.normal(0.6, 0.7)), chest.anatomy.heart_y + 4.2 - radius)
    wide = (radius * float(rng.uniform(1.0, 1.25)), radius)
    pouch = ellipsoid(grid, centre, wide, 2 * radius)
    chest.water += np.minimum(pouch, chest.air)
    chest.soft += pouch * 0.25
    level = centre[1] + radius * float(rng.uniform(-0.2, 0.3))
    gas = ellipsoid(grid, centre, (wide[0] - 0.45, wide[1] - 0.45), 2 * radius - 0.9) * step(level - grid.y, 0.25)
    chest.soft -= gas * 1.2
    return [where(pouch > 0)]
