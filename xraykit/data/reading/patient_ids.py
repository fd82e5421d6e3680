"""One spelling for each patient, so that no patient is in two parts of a split, and no two patients count as one.

Spreadsheets and programs rewrite ids: ``0007`` becomes ``7`` or ``7.0``, long ones ``1.3E+05``.

- An id of digits alone is a number: leading zeros and a final ``.0`` (or ``,0``) do not matter. ``7``, ``0007`` and
  ``7.0`` are one patient. Where other ids of the collection have decimals (``12.1``), ids with a point are names.
- Any other id is a name: ``P01`` and ``P1`` are two patients. Upper and lower case, blanks around it and Unicode's
  composed and decomposed forms do not matter.
- Scientific notation is refused, as its digits are lost; and so is an id that stands for a missing one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from xraykit.errors import DataError
from xraykit.system.tables import wrong_cell

_NUMBER = re.compile(r"(\d+)([.,]0+)?", re.ASCII)
_DECIMAL = re.compile(r"\d+[.,]\d+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?e[+-]\d+", re.ASCII | re.IGNORECASE)
_PERHAPS_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?e\d+", re.ASCII | re.IGNORECASE)
_MISSING = {"", "nan", "<na>", "nat", "#n/a"}
_MISSING_AMONG_NUMBERS = {*_MISSING, "na", "n/a", "null", "none", "-", "?", "unknown"}
_EXPECTED = "the patient's id, in each row, as text with all its digits"


@dataclass(frozen=True)
class PatientIds:
    """The patients of a table.

    Attributes:
        ids: One for each row; the same text for the same patient.
        respelled: Rows whose cell is another text than the id.
        several_spellings: Patients that the table spells in more than one way.
    """

    ids: tuple[str, ...]
    respelled: int = 0
    several_spellings: int = 0


def patient_ids(cells: Sequence[str], lines: Sequence[int], source: str, column: str = "Patient ID") -> PatientIds:
    """The patients of a table, each in one spelling; the order of the rows does not matter.

    Args:
        cells: The cells of the column of patients.
        lines: Line of each in the file, for messages.
        source: Name of the file, for messages.
        column: Name of the column, for messages.

    Raises:
        DataError: An id is blank or stands for a missing one, is in scientific notation, or its spelling can mean two
            patients; the message names the line.
    """
    texts = [" ".join(unicodedata.normalize("NFC", cell).split()) for cell in cells]
    distinct = sorted(set(texts))
    _refuse(distinct, texts, lines, source, column)
    dots_are_names = _dots_are_names(distinct)
    key_of = {text: _key(text, dots_are_names) for text in distinct}
    _refuse_ambiguous(distinct, key_of, source, column)
    spellings: dict[str, list[str]] = {}
    for text in distinct:
        spellings.setdefault(key_of[text], []).append(text)
    # A number in its shortest form, a name as it is spelled, the first in alphabetical order if in several ways.
    id_of = {text: key if key.isdecimal() else spellings[key][0] for text, key in key_of.items()}
    ids = tuple(id_of[text] for text in texts)
    respelled = sum(cell != each for cell, each in zip(cells, ids, strict=True))
    return PatientIds(ids, respelled, sum(len(each) > 1 for each in spellings.values()))


def _key(text: str, dots_are_names: bool) -> str:
    """What is the same for all spellings of one patient."""
    number = _NUMBER.fullmatch(text)
    if number is None or (number[2] and dots_are_names):
        return text.casefold()
    return number[1].lstrip("0") or "0"


def _dots_are_names(distinct: Sequence[str]) -> bool:
    return any(_DECIMAL.fullmatch(text) and not _NUMBER.fullmatch(text) for text in distinct)


def _refuse(distinct: Sequence[str], texts: Sequence[str], lines: Sequence[int], source: str, column: str) -> None:
    names = [
        text
        for text in distinct
        if not _NUMBER.fullmatch(text)
        and not _PERHAPS_SCIENTIFIC.fullmatch(text)
        and text.casefold() not in _MISSING_AMONG_NUMBERS
        and not _SCIENTIFIC.fullmatch(text)
    ]
    missing = _MISSING if names else _MISSING_AMONG_NUMBERS
    wrong = {text for text in distinct if text.casefold() in missing}
    lost = {text for text in distinct if _SCIENTIFIC.fullmatch(text)}
    if not names and any(map(_NUMBER.fullmatch, distinct)):
        lost |= {text for text in distinct if _PERHAPS_SCIENTIFIC.fullmatch(text)}
    for text, line in zip(texts, lines, strict=True):
        if text in lost:
            expected = f"{_EXPECTED}; a spreadsheet has shortened this one, export the table again with ids as text"
            raise wrong_cell(source, line, column, text, expected)
        if text in wrong:
            raise wrong_cell(source, line, column, text, f"{_EXPECTED}; there is no patient id in this row")


def _refuse_ambiguous(distinct: Sequence[str], key_of: dict[str, str], source: str, column: str) -> None:
    """Ids such as 12.0 beside 12.1 are names; beside 12 as well it cannot be known."""
    keys = set(key_of.values())
    for text in distinct:
        number = _NUMBER.fullmatch(text)
        if number and number[2] and key_of[text] == text and (number[1].lstrip("0") or "0") in keys:
            raise DataError(
                f"{source}, column {column!r}: {text} and {number[1]} may be one patient or two, as other ids have "
                f"decimals. Expected: ids that are all whole numbers, or all of one form. Export the table with ids as "
                f"text."
            )
