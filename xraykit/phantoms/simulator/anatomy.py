"""The numbers that describe one chest in one picture, in centimetres.

They follow what textbooks give for adults: lungs about 24 cm high, a thorax 26 to 30 cm wide inside, a heart less than
half as wide as the thorax, ribs a little over 1 cm thick. A patient keeps them over the visits; breath and the view
change some of them a little.
"""

from dataclasses import dataclass, replace

import numpy as np

from xraykit.phantoms.simulator.patients import Choice, Patient, View


@dataclass(frozen=True)
class Anatomy:
    """A chest. Lengths in cm, ``y`` from the upper edge of the picture downwards, right means the patient's right.

    Attributes:
        body: Width of the trunk, 1 for the average.
        depth: Thickness of the trunk from front to back.
        breast: Depth of the breasts, 0 for none.
        breast_drop: How far below the average they hang.
        apex: y of the top of the lungs.
        half_width: Half of the inner width of the thorax at its widest.
        lung_depth: Thickness of the lungs from front to back.
        lung_density: Weight of 1 cm³ of lung in g; the rest is air.
        dome_right: y of the top of the right half of the diaphragm.
        dome_left: The same on the left.
        dome_fall: How much deeper the costophrenic angles lie than the domes.
        heart_right: How far the heart reaches beyond the midline to the right.
        heart_left: The same to the left.
        heart_height: Half height of the heart.
        heart_y: y of the middle of the heart.
        aorta: Radius of the aortic knob.
        mediastinum: Half width of the mediastinum.
        rib_pitch: From one rib to the next.
        rib_start: y of the first rib at the spine.
        rib_slope: How far ribs fall from the spine to the side.
        bone: Density of the bones, 1 for the average.
        clavicle: y of the inner ends of the collar bones.
        scapula: How far the shoulder blades are from the midline.
        spine_bend: Sideways bend of the spine.
        markings: Strength of the vessels in the lungs, 1 for the average.
        gas: Size of the gas bubble in the stomach, 0 for none.
    """

    body: float
    depth: float
    breast: float
    breast_drop: float
    apex: float
    half_width: float
    lung_depth: float
    lung_density: float
    dome_right: float
    dome_left: float
    dome_fall: float
    heart_right: float
    heart_left: float
    heart_height: float
    heart_y: float
    aorta: float
    mediastinum: float
    rib_pitch: float
    rib_start: float
    rib_slope: float
    bone: float
    clavicle: float
    scapula: float
    spine_bend: float
    markings: float
    gas: float


def anatomy_of(patient: Patient, view: View = "PA", visit: int = 0) -> Anatomy:
    """The healthy chest of ``patient`` as it stands in one picture."""
    anatomy = _body(patient)
    breath, gas = patient.source(Choice.POSTURE, visit).normal(0, (0.5, 0.35)).tolist()
    anatomy = replace(
        anatomy,
        dome_right=anatomy.dome_right + breath,
        dome_left=anatomy.dome_left + breath,
        heart_y=anatomy.heart_y + breath,
        gas=max(anatomy.gas + gas, 0.0),
    )
    return _seen_from_the_front(anatomy) if view == "AP" else anatomy


def _body(patient: Patient) -> Anatomy:
    rng = patient.source(Choice.BODY)
    male, old = patient.sex == "M", (patient.age - 50) / 40

    def about(mean: float, spread: float) -> float:
        return float(mean + spread * np.clip(rng.normal(), -2.2, 2.2))

    half_width = about(14.0 if male else 13.1, 0.75)
    heart = half_width * about(0.88 + 0.02 * old, 0.035)
    dome = about(27.6 if male else 26.9, 1.0)
    return Anatomy(
        body=about(1.02 if male else 0.97, 0.055),
        depth=about(22.0, 2.0),
        breast=0.0 if male else max(about(3.6, 1.4), 0.8),
        breast_drop=about(0.0, 1.2) + old,
        apex=about(4.6, 0.5),
        half_width=half_width,
        lung_depth=about(15.0, 0.8),
        lung_density=about(0.27, 0.02),
        dome_right=dome,
        dome_left=dome + about(1.1, 0.5),
        dome_fall=about(4.0, 0.5),
        heart_right=heart * 0.36,
        heart_left=heart * 0.64,
        heart_height=about(5.2, 0.4),
        heart_y=dome + 1.1 - about(3.6, 0.4),
        aorta=about(1.75 + 0.3 * old, 0.2),
        mediastinum=about(2.5, 0.25),
        rib_pitch=about(2.45, 0.12),
        rib_start=about(4.6, 0.4),
        rib_slope=about(4.6, 0.9),
        bone=about(1.0 - 0.12 * old, 0.1),
        clavicle=about(7.4, 0.6),
        scapula=about(15.2, 0.5),
        spine_bend=about(0.0, 0.35),
        markings=about(1.0, 0.15),
        gas=about(1.0, 0.7),
    )


def _seen_from_the_front(anatomy: Anatomy) -> Anatomy:
    """AP, often lying: the heart is farther from the film and so larger, the breath is shallower."""
    return replace(
        anatomy,
        dome_right=anatomy.dome_right - 1.2,
        dome_left=anatomy.dome_left - 1.2,
        heart_y=anatomy.heart_y - 1.2,
        heart_right=anatomy.heart_right * 1.06,
        heart_left=anatomy.heart_left * 1.06,
        mediastinum=anatomy.mediastinum * 1.1,
        clavicle=anatomy.clavicle - 1.2,
        scapula=anatomy.scapula - 2.0,
        apex=anatomy.apex + 0.4,
    )
