"""The rows of an NIH label file as text, and what their cells mean.

The header's brackets hold unquoted commas (``OriginalImage[Width,Height]``), but as each of their halves stands over
one value, header and rows have the same number of fields. The file of 2017 ends each line with a comma more.
"""

import csv
import io
import math
import re
from typing import NamedTuple

from xraykit.errors import DataError
from xraykit.labels import FINDINGS, NO_FINDING
from xraykit.registry import unknown_name

OLDEST_YEARS = 120

_COLUMNS = {
    "image": ("Image Index",),
    "findings": ("Finding Labels",),
    "patient": ("Patient ID",),
    "age": ("Patient Age",),
    "sex": ("Patient Gender", "Patient Sex"),
    "view": ("View Position",),
}
_REQUIRED = ("image", "findings", "patient")
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([YMWD]?)", re.IGNORECASE | re.ASCII)
_PER_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}


class Row(NamedTuple):
    """The cells of one row, stripped; a column that the file lacks is empty. ``line`` counts from 1.

    ``further`` holds the cells of the columns that were asked for besides.
    """

    line: int
    image: str
    findings: str
    patient: str
    age: str
    sex: str
    view: str
    further: tuple[str, ...]


def read_rows(content: bytes, source: str, further: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a label file.

    Args:
        content: The file's bytes, UTF-8 with or without byte order mark.
        source: Its name, for messages.
        further: Names of columns to read besides, as the first line has them.

    Raises:
        DataError: It is no such label file, lacks a column, has no rows, or a row has too few or too many fields.
    """
    try:
        return _parse(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")), source, further)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{source} is no CSV file in UTF-8: {error}. Download it again.") from error


def parse_findings(row: Row, source: str) -> frozenset[str] | None:
    """The findings that a row names; empty for ``No Finding``, None where the cell is empty and nothing is known.

    Raises:
        DataError: A word is no finding, or ``No Finding`` stands beside one.
    """
    if not row.findings:
        return None
    words = {word.strip() for word in row.findings.split("|")}
    words = {NO_FINDING if word == NO_FINDING.replace(" ", "_") else word for word in words}
    for word in sorted(words - {NO_FINDING, *FINDINGS}):
        raise DataError(f"{source}, line {row.line}: {unknown_name('finding', word, (*FINDINGS, NO_FINDING))}")
    if NO_FINDING in words and len(words) > 1:
        raise DataError(f"{source}, line {row.line}: {row.findings!r} is both {NO_FINDING!r} and a finding.")
    return frozenset(words - {NO_FINDING})


def parse_patient(row: Row, source: str) -> str:
    """The patient's id without leading zeros.

    Raises:
        DataError: The cell is empty: such a radiograph cannot be kept apart by patient.
    """
    if not row.patient:
        raise DataError(f"{source}, line {row.line}: no patient id. Expected: one in each row.")
    return row.patient.lstrip("0") or "0"


def parse_age(text: str) -> float:
    """Years from ``57``, ``057Y``, ``011M`` (months), ``003W`` (weeks) or ``013D`` (days); NaN if absent or absurd."""
    match = _AGE.fullmatch(text)
    if match is None:
        return math.nan
    years = float(match[1]) / _PER_YEAR[match[2].upper()]
    return years if years <= OLDEST_YEARS else math.nan


def _parse(lines: "csv._reader", source: str, names: tuple[str, ...]) -> list[Row]:  # type: ignore[name-defined]
    header = [name.strip() for name in next(lines, [])]
    while header and not header[-1]:
        header.pop()
    positions = _positions(header, source)
    others = _further(header, source, names)
    rows = []
    for cells in lines:
        if any(cells):
            _check_width(cells, len(header), lines.line_num, source)
            known = [cells[at].strip() if at is not None else "" for at in positions]
            image, findings, patient, age, sex, view = known
            further = tuple(cells[at].strip() for at in others)
            rows.append(Row(lines.line_num, image, findings, patient, age, sex, view, further))
    if not rows:
        raise DataError(f"{source} has a header but no rows. Expected: one row per radiograph. Download it again.")
    return rows


def _positions(header: list[str], source: str) -> list[int | None]:
    """For each column, in the order of :class:`Row`, its place in the file."""
    places = {name.lower(): place for place, name in reversed(list(enumerate(header)))}
    found = {
        column: next((places[name.lower()] for name in names if name.lower() in places), None)
        for column, names in _COLUMNS.items()
    }
    absent = [_COLUMNS[column][0] for column in _REQUIRED if found[column] is None]
    if absent:
        raise DataError(
            f"{source} is no NIH label file: its first line lacks {', '.join(absent)}. "
            f"Received: {','.join(header)[:200]!r}."
        )
    return list(found.values())


def _further(header: list[str], source: str, names: tuple[str, ...]) -> list[int]:
    """Places of further columns; a name that stands in the first line twice means the first of the two."""
    for name in names:
        if name not in header:
            raise DataError(f"`data.columns`: {unknown_name(f'column of {source}', name, header)}")
        if name in _COLUMNS["patient"]:
            raise DataError(f"`data.columns` names {name!r}: figures by patient would put their numbers in reports.")
    return [header.index(name) for name in names]


def _check_width(cells: list[str], expected: int, line: int, source: str) -> None:
    if len(cells) < expected or any(cells[expected:]):
        raise DataError(
            f"{source}, line {line}: {len(cells)} fields. Expected: {expected}, as in the first line. The file may be "
            f"cut short; download it again."
        )
