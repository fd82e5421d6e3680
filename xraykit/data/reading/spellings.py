"""Sex, age and view position in the usual spellings of label files."""

import math
import re
from functools import lru_cache

OLDEST_YEARS = 120

LATERAL = "lateral"
"""What :func:`parse_view` returns for a lateral radiograph."""
FRONTAL = ("PA", "AP")
"""What it returns for a frontal one."""

_UNKNOWN = {"", "o", "other", "unknown", "unk", "u", "n/a", "na", "nan", "none", "null", "-"}
_SEXES = {"m": "M", "male": "M", "man": "M", "f": "F", "female": "F", "woman": "F"}
_FRONTAL_OF = {
    "PA": "PA",
    "AP": "AP",
    "POSTEROANTERIOR": "PA",
    "ANTEROPOSTERIOR": "AP",
}
_LATERAL = {"LATERAL", "LAT", "LL", "RL", "L", "LLAT", "RLAT"}
_DECUBITUS = {"DECUBITUS", "DECUB", "LLD", "RLD"}
_AGE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([A-Z]*)", re.IGNORECASE | re.ASCII)
_PER_YEAR = {
    **dict.fromkeys(("", "Y", "YR", "YRS", "YEAR", "YEARS"), 1.0),
    **dict.fromkeys(("M", "MO", "MONTH", "MONTHS"), 12.0),
    **dict.fromkeys(("W", "WEEK", "WEEKS"), 365.25 / 7),
    **dict.fromkeys(("D", "DAY", "DAYS"), 365.25),
}


@lru_cache(10_000)
def parse_sex(text: str) -> str | None:
    """``M`` or ``F`` from ``M``, ``male``, ``Female`` and the like; None from anything else."""
    return _SEXES.get(text.strip().casefold())


def is_unknown(text: str) -> bool:
    """Whether a cell says that nothing is known, such as ``Unknown`` or ``n/a``."""
    return text.strip().casefold() in _UNKNOWN


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
    frontal = {_FRONTAL_OF[word] for word in words if word in _FRONTAL_OF}
    lateral = bool(words & _LATERAL) and not words & _DECUBITUS
    if len(frontal) == 1 and not lateral:
        return frontal.pop()
    return LATERAL if lateral and not frontal else None


def parse_years(text: str) -> float | None:
    """The age of :func:`parse_age`; None where it is absent or absurd."""
    years = parse_age(text)
    return None if math.isnan(years) else years


def parse_age(text: str) -> float:
    """Years from ``57``, ``057Y``, ``011M`` (months), ``003W`` (weeks) or ``013D`` (days); NaN if absent or absurd."""
    match = _AGE.fullmatch(text)
    if match is None or match[2].upper() not in _PER_YEAR:
        return math.nan
    years = float(match[1].replace(",", ".")) / _PER_YEAR[match[2].upper()]
    return years if years <= OLDEST_YEARS else math.nan
