"""One radiograph: a patient and findings in, a picture and the boxes around the findings out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xraykit.errors import DataError
from xraykit.phantoms.settings import FINDINGS
from xraykit.phantoms.simulator.anatomy import Anatomy, anatomy_of
from xraykit.phantoms.simulator.film import Exposure, attenuation, develop, exposure_of, pose
from xraykit.phantoms.simulator.findings import APPEARANCES
from xraykit.phantoms.simulator.grid import Field, grid_for
from xraykit.phantoms.simulator.lateral import build_side, side_attenuation
from xraykit.phantoms.simulator.lateral_findings import FROM_THE_SIDE
from xraykit.phantoms.simulator.patients import Choice, Lesion, Patient, View, draw_lesion
from xraykit.phantoms.simulator.thorax import build_chest
from xraykit.phantoms.simulator.vessels import vessels_of

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A simulated radiograph.

    Attributes:
        pixels: ``(size, size)`` uint8, black 0 to white 255; the patient's right is at the left.
        boxes: Finding to its boxes, each x, y of the upper left corner, width and height in pixels; as many as there
            are places.
    """

    pixels: NDArray[np.uint8]
    boxes: dict[str, tuple[Box, ...]]


def draw_radiograph(
    patient: Patient,
    findings: Iterable[str] | Mapping[str, float] = (),
    *,
    size: int = 256,
    view: View = "PA",
    visit: int = 0,
) -> Radiograph:
    """Draw ``patient`` with exactly these ``findings``.

    The same arguments always give the same picture. Without a finding the picture is the same but for that finding.

    Args:
        patient: Whose chest; see :func:`draw_patient`.
        findings: Names from :data:`xraykit.phantoms.settings.FINDINGS`; as a mapping, with the severity of each from 0
            (subtle) to 1 (severe). Without it, severity is drawn from the patient's own random numbers.
        size: Side of the picture in pixels, 32 to 1024.
        view: ``"PA"``, ``"AP"``, or ``"lateral"``: from the side, the patient faces left; a simpler drawing.
        visit: Number of the visit, from 0; posture, exposure and noise differ from visit to visit.

    Raises:
        DataError: a finding is unknown, or ``size`` is out of range.

    Example:
        >>> from xraykit.phantoms import draw_patient
        >>> radiograph = draw_radiograph(draw_patient(1), {"Effusion": 0.8}, size=128)
        >>> radiograph.pixels.shape
        (128, 128)
    """
    _check(findings, size)
    severities = findings if isinstance(findings, Mapping) else dict.fromkeys(findings)
    lesions = [draw_lesion(patient, name, visit, severities[name]) for name in FINDINGS if name in severities]
    if view == "lateral":
        return _from_the_side(patient, lesions, size, visit)
    healthy = anatomy_of(patient, view, visit)
    exposure = exposure_of(patient, healthy, view, visit)
    anatomy = _reshaped(healthy, lesions)
    grid = grid_for(size)
    chest = build_chest(grid, anatomy, healthy, vessels_of(patient, grid))
    seen = {lesion.finding: APPEARANCES[lesion.finding].draw(chest, lesion) for lesion in lesions}
    grain = patient.source(Choice.GRAIN, visit)
    pixels = develop(pose(attenuation(chest), exposure), exposure, grain, size, view)
    return Radiograph(pixels, _boxes(seen, exposure, size))


def _from_the_side(patient: Patient, lesions: Sequence[Lesion], size: int, visit: int) -> Radiograph:
    healthy = anatomy_of(patient, "lateral", visit)
    exposure = exposure_of(patient, healthy, "lateral", visit)
    side = build_side(grid_for(size), _reshaped(healthy, lesions), patient)
    seen = {lesion.finding: FROM_THE_SIDE[lesion.finding](side, lesion) for lesion in lesions}
    grain = patient.source(Choice.GRAIN, visit, Choice.LATERAL)
    pixels = develop(pose(side_attenuation(side), exposure), exposure, grain, size, "lateral")
    return Radiograph(pixels, _boxes(seen, exposure, size))


def _reshaped(healthy: Anatomy, lesions: Sequence[Lesion]) -> Anatomy:
    anatomy = healthy
    for lesion in lesions:
        anatomy = APPEARANCES[lesion.finding].reshape(anatomy, lesion)
    return anatomy


def _check(findings: Iterable[str], size: int) -> None:
    unknown = [name for name in findings if name not in FINDINGS]
    if unknown:
        raise DataError(f"Unknown finding {unknown[0]!r}. Expected some of: {', '.join(FINDINGS)}.")
    if not 32 <= size <= 1024:
        raise DataError(f"A phantom is 32 to 1024 pixels wide. Received: size={size}.")


def _boxes(seen: Mapping[str, list[Field]], exposure: Exposure, size: int) -> dict[str, tuple[Box, ...]]:
    """The boxes around each finding, from the fields that are 1 where it is seen."""
    boxes = {name: (_box_around(pose(part, exposure), size) for part in parts) for name, parts in seen.items()}
    return {name: tuple(box for box in each if box is not None) for name, each in boxes.items()}


def _box_around(seen: Field, size: int) -> Box | None:
    rows, columns = (np.flatnonzero((seen > 0.5).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    scale = size / seen.shape[0]
    left, upper = columns[0] * scale, rows[0] * scale
    return float(left), float(upper), float((columns[-1] + 1) * scale - left), float((rows[-1] + 1) * scale - upper)
