"""Names of findings that mean the same: the table by which the labels of several collections are aligned.

Only synonyms are in the table. Findings that are related, or of which one includes the other, stay apart: Infiltration,
Consolidation and Lung Opacity; Cardiomegaly and Enlarged Cardiomediastinum; Nodule, Mass, Nodule/Mass and Lung Lesion;
Hernia and Hiatal Hernia; Fracture and Rib Fracture; No Finding and Normal. The terms follow Hansell et al., "Fleischner
Society: Glossary of Terms for Thoracic Imaging", Radiology 2008;246:697-722. What a user's own collection means by a
name is the user's knowledge: ``data.synonyms`` adds to the table, ``rename`` of a source changes the name of a label.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

NO_FINDING = "No Finding"
"""What collections call a radiograph without any of their findings."""

SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("Atelectasis", "Atelectases"),
    ("Calcification", "Calcifications"),
    ("Consolidation", "Pulmonary Consolidation", "Lung Consolidation"),
    ("COPD", "Chronic Obstructive Pulmonary Disease"),
    ("COVID-19", "COVID"),
    ("Edema", "Pulmonary Edema", "Lung Edema", "Oedema", "Pulmonary Oedema"),
    ("Effusion", "Pleural Effusion", "Pleural Effusions"),
    ("Emphysema", "Pulmonary Emphysema"),
    ("Enlarged Cardiomediastinum", "Enlarged Cardiomediastinal Silhouette"),
    ("Enlarged PA", "Enlarged Pulmonary Artery"),
    ("Fibrosis", "Pulmonary Fibrosis", "Lung Fibrosis"),
    ("Fracture", "Fractures"),
    ("ILD", "Interstitial Lung Disease"),
    ("Infiltration", "Infiltrate", "Infiltrates"),
    ("Lung Cavity", "Pulmonary Cavity"),
    ("Lung Opacity", "Lung Opacities", "Pulmonary Opacity"),
    ("Lung Tumor", "Lung Tumour", "Pulmonary Tumor"),
    (NO_FINDING, "No Findings"),
    ("Nodule", "Pulmonary Nodule", "Lung Nodule"),
    ("Pleural Thickening", "Thickening of the Pleura"),
    ("Pneumothorax", "Pneumothoraces"),
    ("Rib Fracture", "Rib Fractures"),
    ("Support Devices", "Support Device"),
    ("Tuberculosis", "Pulmonary Tuberculosis", "TB"),
)
"""Groups of names that mean the same finding; in each, any case, and blanks, ``_`` or ``-`` between words."""


class LabelNames:
    """Which names mean the same finding.

    Args:
        further: A name to its synonyms, besides :data:`SYNONYMS`; ``data.synonyms`` of an experiment.
        built_in: Whether :data:`SYNONYMS` counts. Without it, names are the same that differ in case, blanks, ``_``
            and ``-`` alone.
    """

    def __init__(self, further: Mapping[str, Sequence[str]] | None = None, *, built_in: bool = True) -> None:
        self._key: dict[str, str] = {}
        groups = [*(SYNONYMS if built_in else ()), *((name, *others) for name, others in (further or {}).items())]
        for first, *others in groups:
            for other in others:
                self._join(first, other)

    def key(self, name: str) -> str:
        """A text that is the same for all names of a finding."""
        plain = plain_name(name)
        return self._key.get(plain, plain)

    def same(self, name: str, others: Iterable[str]) -> tuple[str, ...]:
        """Those of ``others`` that mean the same as ``name``, in their order."""
        return tuple(other for other in others if self.key(other) == self.key(name))

    def union(self, labels: Iterable[str]) -> tuple[str, ...]:
        """The first name of each finding, in the order given."""
        first: dict[str, str] = {}
        for label in labels:
            first.setdefault(self.key(label), label)
        return tuple(first.values())

    def _join(self, name: str, other: str) -> None:
        kept, merged = self.key(name), self.key(other)
        self._key |= {plain: kept for plain, key in self._key.items() if key == merged}
        self._key |= {plain_name(name): kept, plain_name(other): kept, merged: kept}


def plain_name(name: str) -> str:
    """A name in one form: lower case, single blanks instead of ``_`` and ``-``."""
    return " ".join(re.split(r"[\s_\-]+", name.casefold())).strip()
