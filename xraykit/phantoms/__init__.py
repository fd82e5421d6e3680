"""Made-up radiographs with known findings: for demonstrations, tests and anyone without the real ones.

The picture comes about as a real one does: rays pass through simple solids (trunk, lungs, heart, ribs, vessels), what
comes through follows Beer and Lambert's law, and a film turns it into grey. Each of the 14 findings of NIH
ChestX-ray14 changes these solids where and as the disease does. They are no substitute for real radiographs: a model
trained on them knows nothing of patients.
"""

from xraykit.phantoms.dataset import write_phantoms
from xraykit.phantoms.patients import Patient, View, Visit, draw_patient, draw_visits
from xraykit.phantoms.radiograph import Box, Radiograph, draw_radiograph

__all__ = [
    "Box",
    "Patient",
    "Radiograph",
    "View",
    "Visit",
    "draw_patient",
    "draw_radiograph",
    "draw_visits",
    "write_phantoms",
]
