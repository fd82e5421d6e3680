"""The appearance of each of the 14 findings.

A finding is drawn in two steps. ``reshape`` changes the numbers of the chest before anything is drawn: a larger heart,
a lower diaphragm. ``draw`` puts the finding into the solids and returns where it is visible, for every box one
``(N, N)`` field. The appearances follow Hansell et al., Fleischner Society:
glossary of terms for thoracic imaging, Radiology 246 (2008) 697-722.
"""

from collections.abc import Callable
from dataclasses import dataclass

from xraykit.phantoms.simulator import airspace, pleura, shape
from xraykit.phantoms.simulator.anatomy import Anatomy
from xraykit.phantoms.simulator.grid import Field
from xraykit.phantoms.simulator.patients import Lesion
from xraykit.phantoms.simulator.thorax import Chest


def _unchanged(anatomy: Anatomy, lesion: Lesion) -> Anatomy:
    return anatomy


@dataclass(frozen=True)
class Appearance:
    """The appearance of a finding.

    Attributes:
        draw: Puts it into the solids; returns where it is visible.
        reshape: Changes the numbers of the chest beforehand.
    """

    draw: Callable[[Chest, Lesion], list[Field]]
    reshape: Callable[[Anatomy, Lesion], Anatomy] = _unchanged


APPEARANCES: dict[str, Appearance] = {
    "Atelectasis": Appearance(shape.draw_atelectasis, shape.lift_diaphragm),
    "Cardiomegaly": Appearance(shape.draw_large_heart, shape.enlarge_heart),
    "Effusion": Appearance(pleura.draw_effusion),
    "Infiltration": Appearance(airspace.draw_infiltration),
    "Mass": Appearance(airspace.draw_mass),
    "Nodule": Appearance(airspace.draw_nodule),
    "Pneumonia": Appearance(airspace.draw_pneumonia),
    "Pneumothorax": Appearance(pleura.draw_pneumothorax),
    "Consolidation": Appearance(airspace.draw_consolidation),
    "Edema": Appearance(airspace.draw_edema),
    "Emphysema": Appearance(shape.draw_inflated_lungs, shape.inflate_lungs),
    "Fibrosis": Appearance(airspace.draw_fibrosis),
    "Pleural_Thickening": Appearance(pleura.draw_pleural_thickening),
    "Hernia": Appearance(shape.draw_hernia),
}
