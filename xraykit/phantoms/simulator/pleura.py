"""Findings between the lung and the chest wall: fluid, air and thickened pleura.

Each function puts the finding into the chest and returns where it is to be seen: for every box one ``(N, N)`` field
that is 1 there.
"""

import numpy as np

from xraykit.phantoms.simulator.airspace import between, where
from xraykit.phantoms.simulator.grid import Field, step
from xraykit.phantoms.simulator.patients import Lesion
from xraykit.phantoms.simulator.thorax import Chest


def draw_effusion(chest: Chest, lesion: Lesion) -> list[Field]:
    """Fluid that fills the costophrenic angle and rises along the chest wall, on one side or both."""
    grid, a = chest.grid, chest.anatomy
    height = between(2.6, 10.0, lesion.severity**1.3)
    middle, half = (0.45 * a.half_width), a.half_width
    climb = np.clip((np.abs(grid.x) - middle) / (half - middle), 0, 1) ** 3
    seen = []
    for side in lesion.sides:
        angle = chest.dome(side) + chest.healthy.dome_fall
        surface = (angle - height) - 2.2 * climb
        fluid = step(grid.y - surface, 1.4) * chest.half(side) * step(chest.wall - np.abs(grid.x), 0.2)
        chest.water += chest.air * fluid
        seen.append(where(fluid * chest.air > 0.8))
    return seen


def draw_pneumothorax(chest: Chest, lesion: Lesion) -> list[Field]:
    """Air without vessels around a lung that has shrunk away from the wall, behind the fine line of its pleura."""
    grid, s = chest.grid, lesion.severity
    gap, drop = between(1.2, 4.2, s), between(1.8, 6.0, s)
    rows = grid.y.ravel()
    shrunk = np.interp(rows - drop, rows, chest.wall.ravel()).astype(np.float32)[:, None] - gap
    inner = np.where(grid.y < chest.anatomy.apex + drop, 0, shrunk)
    lung = chest.lung(lesion.side)
    rim = lung * step(np.abs(grid.x) - inner, 0.25)
    line = np.exp(-np.square((np.abs(grid.x) - inner - 0.05) * 7)) * lung
    chest.freed += chest.air * rim
    chest.markings *= 1 - rim
    chest.water += line * 0.9 + chest.air * (lung - rim) * between(0.02, 0.08, s)
    return [where(rim > 0.5)]


def draw_pleural_thickening(chest: Chest, lesion: Lesion) -> list[Field]:
    """An uneven band along the inside of the chest wall, away from the costophrenic angle."""
    grid, rng = chest.grid, lesion.source()
    length, thickness = between(8.0, 15.0, float(rng.random())), between(1.0, 2.3, lesion.severity)
    seen = []
    for side in lesion.sides:
        _, middle = chest.place(side, between(0.25, 0.62, lesion.along), 1.0)
        taper = np.clip(1 - np.square((grid.y - middle) * 2 / length), 0, 1)
        waves = 1 + 0.13 * np.sin(grid.y * rng.uniform(0.6, 1.3) + rng.uniform(0, 6))
        inner = chest.wall - thickness * np.sqrt(taper) * waves
        band = step(np.abs(grid.x) - inner, 0.3) * chest.lung(side) * where(taper > 0)
        chest.water += np.minimum(chest.air, 9.0) * band
        seen.append(where(band > 0.3))
    return seen
