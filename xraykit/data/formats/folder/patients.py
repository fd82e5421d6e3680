"""Patients from file names.

Known names give the patient where the settings have no pattern. Where their authors do not say whether two names are
one person, they count as one, so that no patient is in two parts.
"""

import re
from collections.abc import Sequence

from xraykit.errors import DataError

KNOWN_NAMES = (
    # Kaggle's pneumonia set (Kermany). person1 of bacteria and of virus, and IM-0115 with and without NORMAL2, count
    # as one person each: nothing says that they are two.
    re.compile(r"(?P<patient>person\d+)_(bacteria|virus)_\d+", re.IGNORECASE),
    re.compile(r"(NORMAL2-)?(?P<patient>IM-\d+)(-\d+)+", re.IGNORECASE),
    # The same pictures as their authors publish them.
    re.compile(r"(BACTERIA|VIRUS|NORMAL|PNEUMONIA)-(?P<patient>\d+)-\d+", re.IGNORECASE),
    # Montgomery and Shenzhen.
    re.compile(r"(?P<patient>(MCU|CHN)CXR_\d+)_[01]", re.IGNORECASE),
    # Names of the NIH collection, from which others copy pictures: patient and number of the visit.
    re.compile(r"(?P<patient>\d{8})_\d{3}"),
)
"""Whole file names without suffix; a copy such as ``name (1)`` counts too."""

_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,7}$")
_COPY = re.compile(r" \(\d+\)$| - copy$", re.IGNORECASE)
_SHOWN = 5


def patients_of(paths: Sequence[str], pattern: str | None) -> list[str] | None:
    """The patient of each picture.

    Args:
        paths: Below the class folders, with ``/`` between their parts.
        pattern: ``data.folder.patient``: searched in each path; the patient is its groups, joined by ``-``, or the
            whole match where it has none. None: the known names.

    Returns:
        Ids; None where no name is a known one, so that nobody knows the patients.

    Raises:
        DataError: The pattern, or a known name, fits some pictures only.
    """
    ids = [_known(path) for path in paths] if pattern is None else _searched(paths, pattern)
    unclear = [path for path, patient in zip(paths, ids, strict=True) if not patient]
    if not unclear:
        return [str(patient) for patient in ids]
    if pattern is None and len(unclear) == len(paths):
        return None
    raise DataError(_some_only(paths, unclear, pattern))


def _known(path: str) -> str | None:
    stem = _COPY.sub("", _SUFFIX.sub("", path.rpartition("/")[2]))
    matches = (name.fullmatch(stem) for name in KNOWN_NAMES)
    return next((match["patient"] for match in matches if match), None)


def _searched(paths: Sequence[str], pattern: str) -> list[str | None]:
    compiled = re.compile(pattern)
    return [_groups(match) if (match := compiled.search(path)) else None for path in paths]


def _groups(match: re.Match[str]) -> str:
    return "-".join(filter(None, match.groups())) if match.re.groups else match[0]


def _some_only(paths: Sequence[str], unclear: Sequence[str], pattern: str | None) -> str:
    names = ", ".join(unclear[:_SHOWN])
    if pattern is not None:
        reason = f"`data.folder.patient` ({pattern}) finds no patient"
    else:
        reason = "The patient is known from the names of other pictures, but not"
    return (
        f"{reason} in {len(unclear):,} of {len(paths):,} file names, such as {names}. Expected: a patient in each, or "
        f"one patient might be in two parts. Set `data.folder.patient` to a regular expression that fits all, such as "
        f"'^([^_]+)_'; '(.+)' makes each picture a patient of its own."
    )
