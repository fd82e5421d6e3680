"""The appearance of the 14 findings from the side.

Findings that change the shape of the chest are drawn with it; see :mod:`.shape`. Each function here
puts the rest into the solids and returns where the finding is seen, for every box one ``(N, N)`` field that is 1 there.
"""

from collections.abc import Callable

import numpy as np

from xraykit.phantoms.simulator.airspace import between, where
from xraykit.phantoms.simulator.grid import Field, clouds, ellipse, ellipsoid, step
from xraykit.phantoms.simulator.lateral import Side
from xraykit.phantoms.simulator.patients import Lesion

DEPTH = 100
"""Key of the random numbers for how far front or back a finding is, which the frontal view does not show."""


def _place(side: Side, lesion: Lesion, upper: float, lower: float) -> tuple[float, float]:
    across = float(lesion.source(DEPTH).uniform(0.3, 0.75))
    return side.place(lesion.side, between(upper, lower, lesion.along), across)


def _round(side: Side, lesion: Lesion, diameter: float, density: float) -> list[Field]:
    centre = _place(side, lesion, 0.2, 0.82)
    ball = ellipsoid(side.grid, centre, (diameter / 2, diameter / 2), diameter)
    side.water += ball * density
    return [where(ball > 0)]


def _draw_nodule(side: Side, lesion: Lesion) -> list[Field]:
    return _round(side, lesion, between(1.8, 2.9, lesion.severity), 3.0)


def _draw_mass(side: Side, lesion: Lesion) -> list[Field]:
    return _round(side, lesion, between(3.6, 7.2, lesion.severity), 1.8)


def _patch(side: Side, lesion: Lesion, radii: tuple[float, float], density: float, cells: int) -> list[Field]:
    """A cloudy part of a lung with a blurred edge; ``density`` is the share of its air that is replaced."""
    ragged = np.clip(0.8 + 0.35 * clouds(lesion.source(DEPTH, 1), side.grid, cells, 2), 0, 1.4)
    zone = np.exp(-(ellipse(side.grid, _place(side, lesion, 0.45, 0.8), radii) ** 2))
    side.water += side.lung(lesion.side) * zone * ragged * density
    return [where(zone * side.lung(lesion.side) > 1.0)]


def _draw_infiltration(side: Side, lesion: Lesion) -> list[Field]:
    return _patch(side, lesion, (4.4, 6.0), between(0.25, 0.5, lesion.severity), 20)


def _draw_pneumonia(side: Side, lesion: Lesion) -> list[Field]:
    return _patch(side, lesion, (3.2, 3.4), between(0.6, 0.95, lesion.severity), 16)


def _draw_consolidation(side: Side, lesion: Lesion) -> list[Field]:
    return _patch(side, lesion, (between(3.0, 5.0, lesion.severity), 3.6), 1.0, 9)


def _draw_edema(side: Side, lesion: Lesion) -> list[Field]:
    haze = np.exp(-(ellipse(side.grid, (0.8, 17.5), (5.0, 6.5)) ** 2))
    side.water += side.air * haze * between(0.25, 0.5, lesion.severity)
    return [where(haze * side.air > 2.0)]


def _draw_fibrosis(side: Side, lesion: Lesion) -> list[Field]:
    net = np.clip(1 - np.abs(clouds(lesion.source(DEPTH, 1), side.grid, 40)) * 2.2, 0, 1)
    low_and_behind = step(side.grid.y - (side.dome(lesion.side) - 8) + 0.5 * side.grid.x, 4.0)
    side.water += np.minimum(net * low_and_behind * between(4.0, 8.0, lesion.severity), side.air)
    return [where(low_and_behind * side.air > 2.0)]


def _draw_effusion(side: Side, lesion: Lesion) -> list[Field]:
    """Fluid fills the deep angle behind the dome first, with a surface that rises to the back."""
    level = side.dome(lesion.side) + side.anatomy.dome_fall - between(2.0, 9.0, lesion.severity**1.3)
    surface = level - 1.6 * np.clip(side.grid.x / 7, -0.3, 1.2) ** 3
    fluid = step(side.grid.y - surface, 1.2)
    seen = np.zeros_like(side.water)
    for each in lesion.sides:
        side.water += side.lung(each) * fluid
        seen = np.maximum(seen, where(side.lung(each) * fluid > 1.0))
    return [seen]


def _draw_pneumothorax(side: Side, lesion: Lesion) -> list[Field]:
    """Air collects at the apex and behind the breastbone."""
    gap = between(1.0, 3.2, lesion.severity)
    apex = step(side.anatomy.apex + 2.2 * gap - side.grid.y, 0.3)
    rim = np.maximum(step(side.front + gap - side.grid.x, 0.3), apex) * where(side.lung(lesion.side) > 0.5)
    side.freed += side.lung(lesion.side) * rim
    side.markings = side.markings * (1 - 0.5 * rim)
    return [where(rim > 0.5)]


def _draw_pleural_thickening(side: Side, lesion: Lesion) -> list[Field]:
    _, middle = side.place(lesion.side, between(0.3, 0.7, lesion.along), 1.0)
    taper = np.clip(1 - np.square((side.grid.y - middle) / 6), 0, 1)
    band = step(side.grid.x - side.back + 1.0 + between(1.0, 2.0, lesion.severity) * np.sqrt(taper), 0.3)
    band = band * where(taper > 0) * where(side.lung(lesion.side) > 0.3)
    side.water += np.minimum(side.lung(lesion.side), 6.0) * band
    return [where(band > 0.3)]


def _draw_atelectasis(side: Side, lesion: Lesion) -> list[Field]:
    centre = _place(side, lesion, 0.72, 0.88)
    plate = np.exp(-(ellipse(side.grid, centre, (3.6, between(0.4, 0.6, lesion.severity)), -12) ** 2))
    side.water += np.minimum(plate * 7.0, side.lung(lesion.side))
    return [where(plate * side.lung(lesion.side) > 1.0)]


def _draw_hernia(side: Side, lesion: Lesion) -> list[Field]:
    """A pouch of stomach behind the heart, with gas above a level of fluid."""
    radius = between(2.2, 3.8, lesion.severity)
    centre = (3.0, side.anatomy.heart_y + 4.2 - radius)
    pouch = ellipsoid(side.grid, centre, (radius, radius), 2 * radius)
    gas = ellipsoid(side.grid, centre, (radius - 0.45, radius - 0.45), 2 * radius - 0.9)
    side.water += pouch * 1.2
    side.soft = side.soft - gas * step(centre[1] - side.grid.y, 0.25) * 1.2
    return [where(pouch > 0)]


def _draw_large_heart(side: Side, lesion: Lesion) -> list[Field]:
    return [where(side.heart > 1.0) * where(side.grid.y > side.anatomy.heart_y - side.anatomy.heart_height)]


def _draw_inflated_lungs(side: Side, lesion: Lesion) -> list[Field]:
    return [where(side.air > 1.0)]


FROM_THE_SIDE: dict[str, Callable[[Side, Lesion], list[Field]]] = {
    "Atelectasis": _draw_atelectasis,
    "Cardiomegaly": _draw_large_heart,
    "Effusion": _draw_effusion,
    "Infiltration": _draw_infiltration,
    "Mass": _draw_mass,
    "Nodule": _draw_nodule,
    "Pneumonia": _draw_pneumonia,
    "Pneumothorax": _draw_pneumothorax,
    "Consolidation": _draw_consolidation,
    "Edema": _draw_edema,
    "Emphysema": _draw_inflated_lungs,
    "Fibrosis": _draw_fibrosis,
    "Pleural_Thickening": _draw_pleural_thickening,
    "Hernia": _draw_hernia,
}
