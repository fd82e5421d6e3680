"""Sex, age and view position in the usual spellings of label files, in the languages of European hospitals."""

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from xraykit.data.reading.languages import (
    ANY_FRONTAL,
    FEMALE,
    FRENCH_UNITS,
    FRONTAL_WORDS,
    LATERAL_WORDS,
    LETTERS_OF_SEX,
    MALE,
    OTHER_SEX,
    UNITS,
    UNKNOWN,
    bare,
)

OLDEST_YEARS = 120

LATERAL = "lateral"
"""What :func:`parse_view` returns for a lateral radiograph."""
FRONTAL = ("PA", "AP")
"""What it returns for a frontal one."""

_NO_VALUE = {"sex": OTHER_SEX, "view": ANY_FRONTAL}
_DECUBITUS = {"decubitus", "decub", "lld", "rld"}
_LONGEST_AGE = 40
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_AGE = re.compile(rf"{_NUMBER}(?:\s*[-_]?\s*([^\W\d_]+)[-.]?)?")
_PARTS_OF_AGE = re.compile(rf"(?:{_NUMBER}\s*[-_]?\s*([^\W\d_]+)[-.]?[\s,;]*)+")
# Ages of the oldest are capped, so that nobody is recognised: 90+, >89.
_CAPPED = re.compile(rf"(?:>=?|≥|over|uber|ueber|plus de|mas de|oltre)\s*{_NUMBER}(.*)|{_NUMBER}\s*\+(.*)")


def is_unknown(text: str, column: str = "") -> bool:
    """Whether a cell is understood though it gives no value.

    Args:
        text: Such as ``Unknown`` or ``n/a``; in a column of the sex also ``divers``, in one of views also ``frontal``.
        column: ``sex``, ``age`` or ``view``.
    """
    word = bare(text)
    return word in UNKNOWN or word in _NO_VALUE.get(column, ())


@lru_cache(10_000)
def parse_sex(text: str) -> str | None:
    """``M`` or ``F`` from ``M``, ``male``, ``Female``, ``weiblich`` and the like; None from anything else."""
    word = bare(text).removesuffix(".")
    return "M" if word in MALE else "F" if word in FEMALE else None


def sex_parser(cells: Iterable[str]) -> Callable[[str], str | None]:
    """:func:`parse_sex` for one column: a letter may depend on the others, as in Spanish ``H`` (man) and ``M`` (woman).

    Args:
        cells: Of the column.
    """
    words = {bare(cell).removesuffix(".") for cell in set(cells)}
    letters = frozenset(word for word in words if len(word) == 1 and word.isalpha()) - OTHER_SEX - UNKNOWN
    own = LETTERS_OF_SEX.get(letters, {})
    return lambda cell: own.get(bare(cell).removesuffix(".")) or parse_sex(cell)


@lru_cache(10_000)
def parse_view(text: str) -> str | None:
    """The view position.

    Returns:
        ``PA`` or ``AP`` from cells that name it, such as ``AP supine`` or ``pa erect``; :data:`LATERAL` from those that
        name a lateral view alone; None from anything else, such as ``PA and lateral``. A lateral decubitus is no
        lateral view: the patient lies on the side.
    """
    plain = re.sub(r"\b(postero|antero|dorso|ventro|latero)[\s\-]+(?=[a-z])", r"\1", bare(text))
    joined = re.sub(r"\b([pa])[\s.\-]+([pa])\b", r"\1\2", plain)
    words = set(re.findall(r"[a-z]+", joined))
    frontal = {FRONTAL_WORDS[word] for word in words if word in FRONTAL_WORDS}
    lateral = bool(words & LATERAL_WORDS) and not words & _DECUBITUS
    if len(frontal) == 1 and not lateral:
        return frontal.pop()
    return LATERAL if lateral and not frontal else None


def parse_years(text: str) -> float | None:
    """The age of :func:`parse_age`; None where it is absent or absurd."""
    years = parse_age(text)
    return None if math.isnan(years) else years


def years_parser(cells: Iterable[str]) -> Callable[[str], float | None]:
    """:func:`parse_years` for one column: ``3 j`` is three days in a French one, and three years in a German one.

    Args:
        cells: Of the column.
    """
    words = {word for cell in set(cells) for word in re.findall(r"[a-z]+", bare(cell))}
    if words & FRENCH_UNITS:
        return lambda cell: parse_years(re.sub(r"(?<=[\d\s])[jJ]\b", "jours", cell))
    return parse_years


def parse_age(text: str) -> float:
    """The age in years.

    Returns:
        From ``57``, ``057Y``, ``58 Jahre``, ``011M`` (months), ``003W`` (weeks), ``013D`` (days), ``1y 6m``, or
        ``90+``, which counts as 90; NaN if it is absent or absurd.
    """
    if len(text) > _LONGEST_AGE or not re.search("[0-9]", text):
        return math.nan
    plain = _without_phrases(bare(text))
    capped = _CAPPED.fullmatch(plain)
    if capped:
        plain = f"{capped[1] or capped[3]}{capped[2] or capped[4] or ''}".strip()
    if _AGE.fullmatch(plain) or _PARTS_OF_AGE.fullmatch(plain):
        parts = _AGE.findall(plain)
    else:
        return math.nan
    if any(unit and unit not in UNITS for _, unit in parts):
        return math.nan
    years = sum(float(number.replace(",", ".")) / UNITS[unit or "y"] for number, unit in parts)
    return years if years <= OLDEST_YEARS else math.nan


def _without_phrases(age: str) -> str:
    """``58 y.o.``, ``58 y/o`` and ``58-year-old`` as ``58 y``."""
    short = re.sub(r"(?<![a-z])y\.?/?o(?![a-z])\.?", "y", age)
    return re.sub(r"[\s-]+(old|alt|of age|de edad|d'age)$", "", short)
