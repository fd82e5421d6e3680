"""What is seen in healthy lungs: vessels, trees that get thinner with every fork, and the faint net of the septa."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.simulator.grid import FIELD_CM, Field, Grid, clouds, grid_for
from xraykit.phantoms.simulator.patients import Choice, Patient

CANVAS = 512
PER_CM = CANVAS / FIELD_CM
MIDLINE = np.array([FIELD_CM / 2, 0])
FRACTION_BITS = 4
STEMS = 12
RADII_CM = (0.25, 0.17, 0.12, 0.08, 0.05)
SEPTA_CM = 0.2
HILA = ((-1, (-3.2, 15.8)), (1, (3.3, 15.0)))


def vessels_of(patient: Patient, grid: Grid) -> Field:
    """The markings of both lungs, ``(N, N)`` cm of water; they continue beyond the lungs, where they are invisible."""
    how = cv2.INTER_AREA if grid.size < CANVAS else cv2.INTER_CUBIC
    markings: Field = cv2.resize(_drawn(patient), (grid.size, grid.size), interpolation=how)
    return markings


@lru_cache(maxsize=4)
def _drawn(patient: Patient) -> Field:
    rng = patient.source(Choice.VESSELS)
    trees = [_tree(rng, side, hilum) for side, hilum in HILA]
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    for generation in reversed(range(len(RADII_CM))):
        radius = RADII_CM[generation]
        paths = np.concatenate([tree[generation] for tree in trees])
        fixed = np.round((paths + MIDLINE) * (PER_CM * 2**FRACTION_BITS)).astype(np.int32)
        width = max(round(2 * radius * PER_CM), 1)
        cv2.polylines(canvas, list(fixed), False, round(700 * radius), width, cv2.LINE_AA, FRACTION_BITS)
    septa = SEPTA_CM * clouds(rng, grid_for(CANVAS), 56, 2)
    vessels: Field = cv2.GaussianBlur(canvas, (0, 0), 0.8).astype(np.float32) / 110
    return vessels + septa


def _tree(rng: np.random.Generator, side: int, hilum: tuple[float, float]) -> list[NDArray[np.float64]]:
    """Vessels by generation, each ``(branches, points, 2)`` cm: x and y."""
    at = np.array(hilum) + np.stack([side * rng.uniform(-0.4, 0.5, STEMS), rng.uniform(-1.5, 1.5, STEMS)], -1)
    angle = np.deg2rad(np.linspace(-80, 82, STEMS) + rng.normal(0, 7, STEMS))
    generations = []
    for _ in RADII_CM:
        bends = angle[:, None] + np.cumsum(rng.normal(0, 0.17, (len(angle), 4)), 1)
        steps = np.stack([side * np.cos(bends), np.sin(bends)], -1) * rng.uniform(0.45, 0.95, (len(angle), 1, 1))
        path = np.concatenate([at[:, None], at[:, None] + np.cumsum(steps, 1)], 1)
        generations.append(path)
        fork = rng.uniform(0.15, 0.5, (2, len(angle))) * [[-1], [1]]
        at, angle = np.tile(path[:, -1], (2, 1)), (bends[:, -1] + fork).ravel()
    return generations
