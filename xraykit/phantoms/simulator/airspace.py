"""Findings inside the lungs: round, patchy, lobar, perihilar and reticular opacities.

Each function puts the finding into the chest and returns where it is to be seen: for every box one ``(N, N)`` field
that is 1 there.
"""

import numpy as np

from xraykit.phantoms.simulator.grid import Field, clouds, ellipse, ellipsoid, step
from xraykit.phantoms.simulator.patients import SIDES, Lesion
from xraykit.phantoms.simulator.thorax import Chest


def between(low: float, high: float, share: float) -> float:
    """``low`` at 0, ``high`` at 1."""
    return low + (high - low) * share


def where(condition: Field) -> Field:
    """1 where the condition holds, 0 elsewhere."""
    return condition.astype(np.float32)


def draw_nodule(chest: Chest, lesion: Lesion) -> list[Field]:
    """One to four round opacities of less than 3 cm."""
    rng = lesion.source()
    seen = []
    for number in range(1 + int(rng.binomial(3, 0.4))):
        along, across = rng.random(2) if number else (lesion.along, lesion.across)
        side = int(rng.choice(SIDES)) if number else lesion.side
        centre = chest.place(side, between(0.15, 0.86, along), between(0.2, 0.85, across))
        diameter = between(1.8, 2.9, lesion.severity) * float(rng.uniform(0.85, 1.0))
        ball = ellipsoid(chest.grid, centre, (diameter / 2, diameter / 2 * float(rng.uniform(0.9, 1.0))), diameter)
        chest.water += ball * 3.0
        seen.append(where(ball > 0))
    return seen


def draw_mass(chest: Chest, lesion: Lesion) -> list[Field]:
    """One lobed opacity of more than 3 cm."""
    rng = lesion.source()
    radius = between(1.8, 3.6, lesion.severity)
    x, y = chest.place(lesion.side, between(0.2, 0.8, lesion.along), between(0.3, 0.7, lesion.across))
    whole = ellipsoid(chest.grid, (x, y), (radius, radius * 0.92), 2 * radius, float(rng.uniform(0, 180)))
    for turn in rng.uniform(0, 2 * np.pi, 3):
        off, small = radius * 0.5, radius * float(rng.uniform(0.5, 0.62))
        centre = (x + off * float(np.cos(turn)), y + off * float(np.sin(turn)))
        whole = np.maximum(whole, ellipsoid(chest.grid, centre, (small, small), 2 * small))
    chest.water += whole * 1.8
    return [where(whole > 0)]


def draw_infiltration(chest: Chest, lesion: Lesion) -> list[Field]:
    """Faint small patches without a clear edge, spread over a good part of one lung or both."""
    grid, s = chest.grid, lesion.severity
    patches = np.clip(0.55 + 0.5 * clouds(lesion.source(), grid, 20, 3), 0, 1.5)
    seen = []
    for side in lesion.sides:
        centre = chest.place(side, between(0.42, 0.68, lesion.along), between(0.35, 0.6, lesion.across))
        zone = np.exp(-(ellipse(grid, centre, (5.0, 6.6)) ** 2)) * chest.lung(side)
        chest.water += chest.air * zone * patches * between(0.16, 0.34, s)
        seen.append(where(zone > 0.2))
    return seen


def draw_pneumonia(chest: Chest, lesion: Lesion) -> list[Field]:
    """One fluffy shadow in a middle or lower zone, dense in its middle, with a blurred edge."""
    grid, s = chest.grid, lesion.severity
    centre = chest.place(lesion.side, between(0.6, 0.85, lesion.along), between(0.4, 0.65, lesion.across))
    radii = (between(2.6, 4.6, s), between(2.4, 4.2, s))
    ragged = 0.17 * clouds(lesion.source(), grid, 16, 3)
    fluff = step(0.8 - np.sqrt(ellipse(grid, centre, radii)) + ragged, 0.95) * chest.lung(lesion.side)
    chest.water += chest.air * fluff * between(0.38, 0.62, s)
    return [where(fluff > 0.15)]


def draw_consolidation(chest: Chest, lesion: Lesion) -> list[Field]:
    """A good part of a lobe, evenly white as far as the fissure, with dark branches of air in it."""
    grid, rng, s = chest.grid, lesion.source(), lesion.severity
    upper = lesion.along < 0.6
    x, fissure = chest.place(lesion.side, between(0.4, 0.54, lesion.across), 0.5)
    slope = rng.uniform(-0.12, 0.12)
    beyond = (grid.y - fissure - slope * (grid.x - x)) * (-1 if upper else 1)
    ragged = 0.8 * clouds(rng, grid, 9, 2)
    lobe = step(beyond, 0.4) * step(between(4.0, 8.0, s) - beyond + ragged, 3.0) * chest.lung(lesion.side)
    bronchi = np.clip(0.6 * (chest.markings - 0.3), 0, 0.5)
    chest.water += chest.air * lobe * (1 - bronchi) * between(0.5, 0.78, s)
    return [where(lobe > 0.15)]


def draw_edema(chest: Chest, lesion: Lesion) -> list[Field]:
    """Bat's wings: haze around both hila that spares the outer third of the lungs, and Kerley's B lines."""
    grid, s = chest.grid, lesion.severity
    fluff = 1 + 0.3 * clouds(lesion.source(), grid, 16, 2)
    seen = []
    for side in SIDES:
        wing = np.exp(-(ellipse(grid, chest.place(side, 0.52, 0.28), (4.6, 6.6), side * 12) ** 2)) * chest.lung(side)
        outer = step(np.abs(grid.x) - chest.wall + 2.2, 0.5) * step(grid.y - (chest.dome(side) - 4.5), 1.0)
        lines = outer * chest.lung(side) * np.maximum(np.sin(grid.y * (2 * np.pi / 0.95)), 0) ** 4
        chest.water += chest.air * np.clip(wing * fluff, 0, 1) * between(0.2, 0.45, s) + lines
        seen.append(where(wing + lines > 0.15))
    return seen


def draw_fibrosis(chest: Chest, lesion: Lesion) -> list[Field]:
    """A net of fine lines, densest at the bases and along the chest wall of both lungs."""
    grid, rng, s = chest.grid, lesion.source(), lesion.severity
    meshes = [np.clip(1 - np.abs(clouds(rng, grid, cells)) * 2.4, 0, 1) for cells in (29, 48)]
    outward = np.clip((np.abs(grid.x) - chest.medial) / (chest.wall - chest.medial), 0, 1)
    along = np.clip((grid.y - chest.anatomy.apex) / (chest.diaphragm - chest.anatomy.apex), 0, 1)
    zone = step(0.5 * outward + along - between(0.95, 0.7, s), 0.5) * chest.lungs
    chest.water += np.minimum((meshes[0] + meshes[1]) * zone * between(3.2, 6.0, s), chest.air)
    return [where(zone > 0.2) * chest.half(side) for side in SIDES]
