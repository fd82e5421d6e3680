"""Words of label files in their usual spellings: sex, view position and findings."""

import difflib
import re
from functools import lru_cache
from typing import NamedTuple

from xraykit.config.labels import FINDINGS, NO_FINDING

LATERAL = "lateral"
"""What :func:`parse_view` returns for a radiograph from the side."""

_SEXES = {"m": "M", "male": "M", "man": "M", "f": "F", "female": "F", "woman": "F"}
_FRONTAL = {
    "PA": "PA",
    "AP": "AP",
    "POSTEROANTERIOR": "PA",
    "ANTEROPOSTERIOR": "AP",
}
_LATERAL = {"LATERAL", "LAT", "LL", "RL", "L", "LLAT", "RLAT"}
_DECUBITUS = {"DECUBITUS", "DECUB", "LLD", "RLD"}


class Findings(NamedTuple):
    """What a cell of findings says.

    Attributes:
        present: The findings that it names, ``No Finding`` among them; None where it is blank and nothing is known.
        unknown: Words in it that are no findings.
    """

    present: frozenset[str] | None
    unknown: tuple[str, ...] = ()


@lru_cache(10_000)
def parse_sex(text: str) -> str | None:
    """``M`` or ``F`` from ``M``, ``male``, ``Female`` and the like; None from anything else."""
    return _SEXES.get(text.strip().casefold())


@lru_cache(10_000)
def parse_view(text: str) -> str | None:
    """The view position.

    Returns:
        ``PA`` or ``AP`` from cells that name it, such as ``AP supine`` or ``pa erect``; :data:`LATERAL` from those that
        name a lateral view alone; None from anything else, such as ``PA and lateral``. A lateral decubitus is no
        lateral view: the patient lies on the side.
    """
    joined = re.sub(r"\b(postero|antero)[\s\-]+(anterior|posterior)\b", r"\1\2", text, flags=re.IGNORECASE)
    joined = re.sub(r"\b([pa])[\s.\-]+([pa])\b", r"\1\2", joined, flags=re.IGNORECASE)
    words = set(re.findall(r"[A-Z]+", joined.upper()))
    frontal = {_FRONTAL[word] for word in words if word in _FRONTAL}
    lateral = bool(words & _LATERAL) and not words & _DECUBITUS
    if len(frontal) == 1 and not lateral:
        return frontal.pop()
    return LATERAL if lateral and not frontal else None


@lru_cache(10_000)
def parse_findings(cell: str) -> Findings:
    """The findings of a cell: names separated by ``|``, in any case, with blanks, ``_`` or ``-`` between words."""
    words = [word for word in (_plain(word) for word in cell.split("|")) if word]
    if not words:
        return Findings(None)
    known = {_FINDING_OF[word] for word in words if word in _FINDING_OF}
    raw = [word.strip() for word in cell.split("|") if _plain(word)]
    return Findings(frozenset(known), tuple(word for word in raw if _plain(word) not in _FINDING_OF))


def nearest_finding(word: str) -> str:
    """``; did you mean 'Mass'?`` if a finding is spelled nearly so; else nothing."""
    near = difflib.get_close_matches(_plain(word), _FINDING_OF, n=1)
    return f"; did you mean {_FINDING_OF[near[0]]!r}?" if near else ""


def _plain(word: str) -> str:
    return " ".join(re.split(r"[\s_\-]+", word.casefold())).strip()


_FINDING_OF = {
    **{_plain(finding): finding for finding in (*FINDINGS, NO_FINDING)},
    # The spelling of NIH's file of boxes.
    "infiltrate": "Infiltration",
    "oedema": "Edema",
    "no findings": NO_FINDING,
}
