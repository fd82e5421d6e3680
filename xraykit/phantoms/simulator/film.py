"""From what the rays pass through to a grey picture: attenuation, posture, scatter, quantum noise, film response."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.simulator.anatomy import Anatomy
from xraykit.phantoms.simulator.grid import FIELD_CM, Field
from xraykit.phantoms.simulator.patients import Choice, Patient, View
from xraykit.phantoms.simulator.thorax import Chest

SOFT = 0.20
BONE = 0.30
LETTERS = {
    "L": (((0.0, 0.0), (0.0, 1.0), (0.55, 1.0)),),
    "A": (((0.0, 1.0), (0.35, 0.0), (0.7, 1.0)), ((0.15, 0.65), (0.55, 0.65))),
    "P": (((0.0, 1.0), (0.0, 0.0), (0.6, 0.1), (0.6, 0.45), (0.0, 0.5)),),
}


@dataclass(frozen=True)
class Exposure:
    """How one picture was taken; takes no notice of findings.

    Attributes:
        shift: How far the patient stands off the middle, x and y in cm.
        turn: How far the patient leans, in degrees.
        zoom: Magnification.
        middle: Attenuation that comes out middle grey.
        contrast: Steepness of the film's curve.
        noise: Spread of the noise where the film is middle grey, as a share of the exposure.
        scatter: Scattered share of the radiation.
        collimation: Black margin at the left, upper, right and lower edge, as shares of the side.
        letter: Which corner carries the letter L, and whether the view is written below it.
    """

    shift: tuple[float, float]
    turn: float
    zoom: float
    middle: float
    contrast: float
    noise: float
    scatter: float
    collimation: tuple[float, ...]
    letter: tuple[float, float]


def exposure_of(patient: Patient, anatomy: Anatomy, view: View, visit: int) -> Exposure:
    """How the picture of ``patient`` at ``visit`` was taken.

    Args:
        patient: Whose.
        anatomy: The healthy chest: the exposure follows the patient's thickness, as an automatic one does.
        view: A portable AP picture has less contrast and more scatter; a lateral one passes through more tissue.
        visit: 0 for the first.
    """
    lateral = view == "lateral"
    rng = patient.source(Choice.FILM, visit, *([Choice.LATERAL] if lateral else []))
    portable = view == "AP"
    margins = np.where(rng.random(4) < 0.15, rng.uniform(0.01, 0.04, 4), 0.0)
    lung = _side_thickness(anatomy) if lateral else anatomy.depth - 0.6 * anatomy.lung_depth
    return Exposure(
        shift=(float(rng.normal(0, 0.6)), float(rng.normal(0, 0.7))),
        turn=float(np.clip(rng.normal(0, 1.3), -4, 4)),
        zoom=float(np.clip(rng.normal(1.0, 0.035), 0.92, 1.08)),
        middle=SOFT * lung + float(rng.normal(0.1, 0.16)),
        contrast=float(np.clip(rng.normal(1.1 if portable else 1.3, 0.1), 0.8, 1.6)),
        noise=float(rng.uniform(0.006, 0.024)),
        scatter=float(rng.uniform(0.1, 0.2)) + 0.12 * portable,
        collimation=tuple(float(margin) for margin in margins),
        letter=(float(rng.uniform(0.88, 0.93)), float(rng.uniform(0.05, 0.12))),
    )


def _side_thickness(anatomy: Anatomy) -> float:
    """Soft tissue along a ray from side to side through the middle of both lungs, cm."""
    return 33.8 * anatomy.body - (1 - anatomy.lung_density) * 1.5 * (anatomy.half_width - anatomy.mediastinum)


def attenuation(chest: Chest) -> Field:
    """Exponent of Beer and Lambert's law along each ray, ``(N, N)``.

    Attenuation per cm is that of about 70 keV: 0.20 for water and soft tissue, 0.30 more for compact bone.
    """
    density = chest.anatomy.lung_density
    water = np.minimum(chest.water, chest.air)
    tissue = chest.soft - (1 - density) * (chest.air - water) - density * chest.freed
    return SOFT * (np.maximum(tissue, 0) + chest.markings) + BONE * chest.bone


def pose(field: Field, exposure: Exposure) -> Field:
    """``(N, N)`` as the patient stands before the film: shifted, leaning, magnified."""
    side = field.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), exposure.turn, exposure.zoom)
    matrix[:, 2] += np.array(exposure.shift) * (side / FIELD_CM)
    posed: Field = cv2.warpAffine(field, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return posed


def develop(
    attenuated: Field, exposure: Exposure, rng: np.random.Generator, size: int, view: View
) -> NDArray[np.uint8]:
    """The picture, ``(size, size)`` uint8: white where little came through, 0 at the black margins.

    The film's curve is the logistic one of Hurter and Driffield's density over the logarithm of the exposure. Noise is
    that of the counted photons: its share grows as the square root of what is missing.
    """
    through = np.exp(-attenuated)
    through += _scattered(through, exposure.scatter)
    if through.shape[0] != size:
        through = cv2.resize(through, (size, size), interpolation=cv2.INTER_AREA)
    through *= math.exp(exposure.middle)
    grain = rng.standard_normal((size, size), dtype=np.float32) * exposure.noise
    through = np.maximum(through + grain * np.sqrt(through), 1e-4)
    grey: NDArray[np.uint8] = np.round(250 / (1 + through**exposure.contrast)).astype(np.uint8)
    _write_letters(grey, exposure.letter, view)
    return grey * _margins(size, exposure.collimation)


def _scattered(through: Field, share: float) -> Field:
    coarse = cv2.resize(through, (32, 32), interpolation=cv2.INTER_AREA)
    spread = cv2.GaussianBlur(np.minimum(coarse, 0.3), (0, 0), 3, borderType=cv2.BORDER_REPLICATE)
    glare: Field = cv2.resize(spread, through.shape, interpolation=cv2.INTER_LINEAR)
    return glare * share


def _margins(size: int, shares: tuple[float, ...]) -> NDArray[np.uint8]:
    left, upper, right, lower = (round(share * size) for share in shares)
    open_field = np.zeros((size, size), np.uint8)
    open_field[upper : size - lower, left : size - right] = 1
    return open_field


def _write_letters(grey: NDArray[np.uint8], place: tuple[float, float], view: View) -> None:
    _write(grey, "L", place, 0.045)
    if view == "AP":
        _write(grey, "AP", (place[0] - 0.01, place[1] + 0.06), 0.022)


def _write(grey: NDArray[np.uint8], text: str, place: tuple[float, float], height: float) -> None:
    side = grey.shape[0]
    for position, letter in enumerate(text):
        for stroke in LETTERS[letter]:
            points = (np.array(stroke) + np.array([position, 0])) * height + place
            fixed = np.round(points * (side << 4)).astype(np.int32)
            cv2.polylines(grey, [fixed], False, 245, max(side // 200, 1), cv2.LINE_AA, 4)
