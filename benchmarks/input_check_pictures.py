"""Pictures that a screen should flag: radiographs that were changed, laterals, and pictures that are no radiographs.

All pixels are uint8, ``(H, W)`` grey or ``(H, W, 3)`` red, green, blue.
"""

import gzip
from collections.abc import Callable
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from sklearn.datasets import load_sample_images

from xraykit.phantoms import draw_patient
from xraykit.phantoms.simulator.anatomy import anatomy_of
from xraykit.phantoms.simulator.film import BONE, SOFT, develop, exposure_of
from xraykit.phantoms.simulator.grid import curve, ellipse, ellipsoid, grid_for, step
from xraykit.phantoms.simulator.patients import Choice

Pixels = np.ndarray


def half_chest(pixels: Pixels) -> Pixels:
    """The right half stretched: spine at one edge, one lung in the middle, the chest wall at the other edge."""
    side = pixels.shape[1]
    return cv2.resize(pixels[:, side // 2 :], (side, pixels.shape[0]))


def enlarged(pixels: Pixels) -> Pixels:
    """Shrunk to an eighth and enlarged again by someone else."""
    small = cv2.resize(pixels, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, pixels.shape[::-1], interpolation=cv2.INTER_CUBIC)


def noisy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(0).normal(0, 40, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def tinted(pixels: Pixels) -> Pixels:
    """As a photograph of a film with a blue base."""
    return np.stack([pixels * 0.7, pixels * 0.85, pixels * 1.0], axis=2).astype(np.uint8)


CHANGES: dict[str, tuple[str, Callable[[Pixels], Pixels]]] = {
    "inverted": ("inverted", lambda pixels: 255 - pixels),
    "turned by 90°, left": ("rotated", lambda pixels: np.rot90(pixels).copy()),
    "turned by 90°, right": ("rotated", lambda pixels: np.rot90(pixels, 3).copy()),
    "turned by 180°": ("rotated", lambda pixels: np.rot90(pixels, 2).copy()),
    "mirrored top to bottom": ("rotated", lambda pixels: pixels[::-1].copy()),
    "mirrored left to right": ("", lambda pixels: pixels[:, ::-1].copy()),
    "half a chest, stretched": ("lateral", half_chest),
    "shrunk to 40 pixels": ("too_small", lambda pixels: cv2.resize(pixels, (40, 40), interpolation=cv2.INTER_AREA)),
    "an eighth, enlarged again": ("unlike_training", enlarged),
    "much noise": ("unlike_training", noisy),
    "tinted blue": ("colour", tinted),
    "false colours": ("colour", lambda pixels: cv2.applyColorMap(pixels, cv2.COLORMAP_JET)[..., ::-1].copy()),
}
"""Name to the flag that is expected, if any, and what is done to the pixels of a radiograph."""


def no_radiographs(side: int) -> dict[str, tuple[str, list[Pixels]]]:
    """Name to the flag that is expected, and pictures that are no chest radiographs."""
    rng = np.random.default_rng(7)
    photographs = [np.asarray(photograph) for photograph in load_sample_images().images]
    parts = [_part(photographs[number % 2], rng) for number in range(100)]
    return {
        "one grey": ("constant", [np.full((side, side), grey, np.uint8) for grey in range(0, 256, 5)]),
        "one grey and a little noise": ("constant", [_plain(side, rng) for _ in range(50)]),
        "white noise": ("unlike_training", [rng.integers(0, 256, (side, side), np.uint8) for _ in range(50)]),
        "clouds": ("unlike_training", [_clouds(side, rng) for _ in range(50)]),
        "ramps from black to white": ("unlike_training", [_ramp(side, rng) for _ in range(50)]),
        "pages of text": ("unlike_training", [_page(rng) for _ in range(50)]),
        "colour photographs (2) and parts of them": ("colour", [*photographs, *parts]),
        "the same in grey": ("unlike_training", [_grey(picture) for picture in [*photographs, *parts]]),
        "a slice of a head (MRI)": ("unlike_training", [_head()]),
    }


def _grey(picture: Pixels) -> Pixels:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def _part(picture: Pixels, rng: np.random.Generator) -> Pixels:
    side = int(min(picture.shape[:2]) * rng.uniform(0.3, 1))
    row, column = (int(rng.integers(extent - side + 1)) for extent in picture.shape[:2])
    return picture[row : row + side, column : column + side].copy()


def _plain(side: int, rng: np.random.Generator) -> Pixels:
    return np.clip(rng.integers(20, 236) + rng.normal(0, 2, (side, side)), 0, 255).astype(np.uint8)


def _to_grey(field: np.ndarray) -> Pixels:
    return (255 * (field - field.min()) / (field.max() - field.min())).astype(np.uint8)


def _clouds(side: int, rng: np.random.Generator) -> Pixels:
    return _to_grey(cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), side * rng.uniform(0.02, 0.15)))


def _ramp(side: int, rng: np.random.Generator) -> Pixels:
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    angle = rng.uniform(0, 2 * np.pi)
    return _to_grey(np.cos(angle) * across + np.sin(angle) * down)


def _page(rng: np.random.Generator) -> Pixels:
    page = np.full((1100, 850), 255, np.uint8)
    for row in range(60, 1050, 26):
        words = "".join(rng.choice(list("abcdefghij klmnop  "), int(rng.integers(5, 60))))
        cv2.putText(page, words, (50, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
    return page


def _head() -> Pixels:
    """Matplotlib's sample slice, 256×256 16-bit samples without a header."""
    with gzip.open(Path(matplotlib.get_data_path()) / "sample_data" / "s1045.ima.gz") as file:
        return _to_grey(np.frombuffer(file.read(), np.uint16).reshape(256, 256).astype(float))


def draw_lateral(number: int, side: int) -> Pixels:
    """A phantom seen from its side, cut to its trunk; half of them look to the left. No real lateral stood model."""
    patient = draw_patient(number, seed=9)
    anatomy, grid, rng = anatomy_of(patient), grid_for(side), np.random.default_rng(number)
    depth = anatomy.depth / 2
    half = depth * curve(grid.y, [(0, 0.9), (6, 0.95), (12, 1.0), (24, 1.02), (38, 1.05)])
    wide = 2 * anatomy.half_width * curve(grid.y, [(0, 1.1), (8, 1.3), (14, 1.1), (38, 1.08)])
    centre = rng.uniform(0.05, 0.2) * (19 - grid.y)  # the trunk leans forward
    x = grid.x - centre
    inside = np.clip(1 - (np.abs(x) / (half - 2)) ** 4, 0, None)
    dome = anatomy.dome_right - 1.5 + 0.03 * np.clip(x + 4, 0, None) ** 2
    air = np.sqrt(inside) * 1.5 * anatomy.half_width * step(dome - grid.y, 0.6)
    air *= np.clip((grid.y - anatomy.apex) / 9, 0, 1) ** 0.6
    air = np.maximum(air - ellipsoid(grid, (-0.3 * depth, anatomy.heart_y), (0.5 * depth, 6.0), 11, 25), 0)
    soft = np.sqrt(np.clip(1 - (np.abs(x) / half) ** 3, 0, None)) * wide
    soft += 8 * np.exp(-(ellipse(grid, (2.0, 3.0), (11, 5.5)) ** 2))  # shoulders and lifted arms
    bone = 3 * np.exp(-(((x - half + 4) / 1.5) ** 4)) + 0.9 * np.exp(-(((x + half - 1.3) / 0.5) ** 2))
    through = SOFT * (soft - (1 - anatomy.lung_density) * air) + BONE * anatomy.bone * bone
    exposure = exposure_of(patient, anatomy, "PA", 0)
    through += exposure.middle - SOFT * 1.3 * anatomy.half_width
    film = develop(through.astype(np.float32), exposure, patient.source(Choice.GRAIN, 0), side, "PA")
    margin = round(side * rng.uniform(0.1, 0.2))
    cut = cv2.resize(film[:, margin : side - margin], (side, side))
    return cut if number % 2 else cut[:, ::-1].copy()
