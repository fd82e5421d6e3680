"""The 14 labels that CheXpert and MIMIC-CXR share, as a labeller of reports writes them.

A label is 1.0 (present), 0.0 (absent), -1.0 (uncertain) or blank (not mentioned). Reports mention few of the findings
that are absent, so most cells are blank. Fractures and devices are not drawn, so they are never present.
"""

import numpy as np

from xraykit.config import NO_FINDING
from xraykit.phantoms.layouts.layout import Drawn

FINDINGS_OF = {
    "Enlarged Cardiomediastinum": ("Cardiomegaly",),
    "Cardiomegaly": ("Cardiomegaly",),
    "Lung Opacity": ("Atelectasis", "Infiltration", "Pneumonia", "Consolidation", "Edema", "Mass", "Nodule"),
    "Lung Lesion": ("Mass", "Nodule"),
    "Edema": ("Edema",),
    "Consolidation": ("Consolidation",),
    "Pneumonia": ("Pneumonia",),
    "Atelectasis": ("Atelectasis",),
    "Pneumothorax": ("Pneumothorax",),
    "Pleural Effusion": ("Effusion",),
    "Pleural Other": ("Pleural_Thickening", "Fibrosis"),
    "Fracture": (),
    "Support Devices": (),
}
"""Each label but No Finding, in the order of CheXpert's files, and the findings of phantoms that it stands for."""

LABELS = (NO_FINDING, *FINDINGS_OF)

_CHEXPERT, _NEGBIO = 1, 2
_PRESENT = ((1.0, 0.88), (-1.0, 0.1), (None, 0.02))
_ABSENT = ((None, 0.7), (0.0, 0.26), (-1.0, 0.04))


def reported(drawn: Drawn, *, negbio: bool = False) -> dict[str, float | None]:
    """What a labeller makes of the report of one study: 1.0, 0.0, -1.0 or None for each label.

    Args:
        drawn: A radiograph of the study.
        negbio: Whether it is the second labeller, which now and then decides otherwise.
    """
    true = expert_labels(drawn)
    cells: dict[str, float | None] = {}
    rng = drawn.source(_NEGBIO if negbio else _CHEXPERT)
    for label in FINDINGS_OF:
        choices = _PRESENT if true[label] else _ABSENT
        number = rng.choice(len(choices), p=np.array([share for _, share in choices]))
        cells[label] = choices[number][0]
    mentioned = any(value in (1.0, -1.0) for value in cells.values())
    return {NO_FINDING: None if mentioned or drawn.visit.findings else 1.0, **cells}


def expert_labels(drawn: Drawn) -> dict[str, float]:
    """1.0 or 0.0 for each label, as those who labelled the official test sets decided."""
    present = {name: float(bool(set(of) & set(drawn.visit.findings))) for name, of in FINDINGS_OF.items()}
    return {NO_FINDING: float(not drawn.visit.findings), **present}
