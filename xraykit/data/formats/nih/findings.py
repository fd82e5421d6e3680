"""The findings of NIH ChestX-ray14, and cells of its label files that name them."""

import difflib
from functools import lru_cache
from typing import NamedTuple

from xraykit.config import NO_FINDING, plain_name

FINDINGS: tuple[str, ...] = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
"""In the order of CheXNet and ChestMNIST."""


class Findings(NamedTuple):
    """What a cell of findings says.

    Attributes:
        present: The findings that it names, ``No Finding`` among them; None where it is blank and nothing is known.
        unknown: Words in it that are no findings.
    """

    present: frozenset[str] | None
    unknown: tuple[str, ...] = ()


@lru_cache(10_000)
def parse_findings(cell: str) -> Findings:
    """The findings of a cell: names separated by ``|``, in any case, with blanks, ``_`` or ``-`` between words."""
    words = [word for word in (plain_name(word) for word in cell.split("|")) if word]
    if not words:
        return Findings(None)
    known = {_FINDING_OF[word] for word in words if word in _FINDING_OF}
    raw = [word.strip() for word in cell.split("|") if plain_name(word)]
    return Findings(frozenset(known), tuple(word for word in raw if plain_name(word) not in _FINDING_OF))


def nearest_finding(word: str) -> str:
    """``; did you mean 'Mass'?`` if a finding is spelled nearly so; else nothing."""
    near = difflib.get_close_matches(plain_name(word), _FINDING_OF, n=1)
    return f"; did you mean {_FINDING_OF[near[0]]!r}?" if near else ""


_FINDING_OF = {
    **{plain_name(finding): finding for finding in (*FINDINGS, NO_FINDING)},
    # The spelling of NIH's file of boxes.
    "infiltrate": "Infiltration",
    "oedema": "Edema",
    "no findings": NO_FINDING,
}
