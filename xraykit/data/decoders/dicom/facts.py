"""What the header of a DICOM file says about the radiograph, as values that name no patient.

Names, ids, birth dates and descriptions are not among them: the age is computed, and words are those of the standard's
lists or look like them.
"""

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from xraykit.data.decoders.dicom.dataset import numbers, text, texts

if TYPE_CHECKING:
    from pydicom import Dataset

LATERAL = "lateral"

_CODE = re.compile(r"[A-Z0-9][A-Z0-9 _/\-]{0,15}")
_DATE = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")
_AGE = re.compile(r"(\d{1,3})([DWMY]?)")
_PER_YEAR = {"": 1, "Y": 1, "M": 12, "W": 365.25 / 7, "D": 365.25}
_OLDEST_YEARS = 120
_FRONTAL = {"PA": "PA", "AP": "AP", "POSTEROANTERIOR": "PA", "ANTEROPOSTERIOR": "AP"}
_LATERAL = {"LATERAL", "LAT", "LL", "RL", "LLAT", "RLAT"}
_OBLIQUE = {"LLO", "RLO", "LAO", "RAO", "LPO", "RPO", "OBL", "OBLIQUE"}
_DECUBITUS = {"LLD", "RLD", "DECUBITUS", "DECUB"}
_OF_OTHER_EXAMINATIONS = {
    *("CC", "MLO", "ML", "LM", "LMO", "XCCL", "XCCM", "FB", "SIO"),  # mammography
    *("AXIAL", "OPEN MOUTH", "SWIMMERS"),  # joints and spine
}
_POSITIONS = {"PA", "AP", "LL", "RL"}
_LATERALITIES = {"L": "L", "R": "R", "B": "B", "U": None}


def header_facts(data_set: "Dataset") -> dict[str, Any]:
    """Those of these that are known.

    Returns:
        ``view``: ``PA``, ``AP``, ``lateral``, ``oblique``, ``decubitus`` or a view of another examination such as
        ``MLO``; ``sex``: ``M`` or ``F``; ``age``: years; ``spacing``: distance of rows and of columns in mm, on the
        detector if nothing else is given; ``body_part`` and ``modality``: words of the header; ``laterality``: ``L``,
        ``R`` or ``B``.
    """
    known: dict[str, Any] = {
        "view": _view(data_set),
        "sex": sex if (sex := text(data_set, "PatientSex").upper()) in ("M", "F") else None,
        "age": _age(data_set),
        "spacing": _spacing(data_set),
        "body_part": _code(text(data_set, "BodyPartExamined")),
        "modality": _code(text(data_set, "Modality")),
        "laterality": _laterality(data_set),
    }
    return {name: value for name, value in known.items() if value is not None}


def _code(word: str) -> str | None:
    """A code string (VR CS), such as ``CHEST``; anything else is not passed on, as it may be a name."""
    word = word.upper()
    return word if _CODE.fullmatch(word) else None


def _view(data_set: "Dataset") -> str | None:
    """From the view's position; else from its code, from a misused position of the patient, or from the directions."""
    meanings = [text(item, "CodeMeaning") for item in data_set.get("ViewCodeSequence") or ()]
    position = text(data_set, "PatientPosition").upper()
    candidates = [text(data_set, "ViewPosition"), *meanings[:1], position if position in _POSITIONS else ""]
    for candidate in candidates:
        view = _parsed_view(candidate)
        if view is not None:
            return view
    # The rows of a frontal radiograph run to the patient's left or right, those of a lateral to the front or back.
    rows = next(iter(texts(data_set, "PatientOrientation")), "")[:1].upper()
    return LATERAL if rows in ("A", "P") and not any(candidates) else None


def _parsed_view(position: str) -> str | None:
    """Terms of the standard and usual others, such as ``PA``, ``LLO``, ``LATERAL`` or ``postero-anterior``."""
    upper = re.sub(r"(POSTERO|ANTERO)[\s\-]+(ANTERIOR|POSTERIOR)", r"\1\2", position.upper())
    if upper in _OF_OTHER_EXAMINATIONS:
        return upper
    words = set(re.findall(r"[A-Z]+", upper))
    for known, view in ((_DECUBITUS, "decubitus"), (_OBLIQUE, "oblique")):
        if words & known:
            return view
    frontal = {_FRONTAL[word] for word in words if word in _FRONTAL}
    if words & _LATERAL:
        return None if frontal else LATERAL
    return frontal.pop() if len(frontal) == 1 else None


def _age(data_set: "Dataset") -> float | None:
    """As given; else from birth and study. 000Y is what anonymisers write: days and months are given of infants."""
    given = _AGE.fullmatch(text(data_set, "PatientAge").upper())
    if given and (int(given[1]) or given[2] not in ("", "Y")):
        return _plausible(int(given[1]) / _PER_YEAR[given[2]])
    born = _date(text(data_set, "PatientBirthDate"))
    dates = (_date(text(data_set, f"{kind}Date")) for kind in ("Study", "Series", "Acquisition"))
    studied = next(filter(None, dates), None)
    return _plausible(_between(born, studied)) if born and studied else None


def _between(born: date, studied: date) -> float:
    """Completed years; of infants a fraction."""
    birthday_to_come = (studied.month, studied.day) < (born.month, born.day)
    completed = studied.year - born.year - birthday_to_come
    return completed if completed >= 2 else (studied - born).days / _PER_YEAR["D"]


def _plausible(years: float) -> float | None:
    """Whole years but for infants; None where nobody is as old."""
    if not 0 <= years <= _OLDEST_YEARS:
        return None
    return float(int(years)) if years >= 2 else round(years, 2)


def _date(given: str) -> date | None:
    match = _DATE.fullmatch(given)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _spacing(data_set: "Dataset") -> tuple[float, float] | None:
    """Distances of 0 mm, as some writers fill in, are unknown ones."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        distances = numbers(data_set, keyword)
        if len(distances) == 2 and min(distances) > 0:
            return distances[0], distances[1]
    return None


def _laterality(data_set: "Dataset") -> str | None:
    given = text(data_set, "ImageLaterality") or text(data_set, "Laterality")
    return _LATERALITIES.get(given.upper())
