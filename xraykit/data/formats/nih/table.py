"""From the rows of an NIH label file to one labelled row for each radiograph."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import NO_FINDING
from xraykit.data.formats.nih.findings import Findings, nearest_finding, parse_findings
from xraykit.data.formats.nih.rows import Row
from xraykit.data.reading.patient_ids import patient_ids
from xraykit.data.reading.picture_names import listed_name
from xraykit.data.reading.spellings import parse_age, parse_sex, parse_view
from xraykit.errors import DataError
from xraykit.system import counted
from xraykit.system.tables import wrong_cell

_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Labelled:
    """The radiographs that a label file names, each once.

    Attributes:
        table: All columns of a catalog but ``path``; index 0 … n-1.
        respelled: For ``patient``, ``findings``, ``sex`` and ``view``: ``(n,)`` whether the cell is spelled otherwise.
        unclear: For ``sex``, ``age`` and ``view``: the cells ``(n,)`` that were not understood, blank elsewhere.
        several_spellings: Patients that the file spells in more than one way.
    """

    table: pd.DataFrame
    respelled: dict[str, np.ndarray]
    unclear: dict[str, np.ndarray]
    several_spellings: int


def labelled_rows(rows: Sequence[Row], source: str, labels: tuple[str, ...], columns: tuple[str, ...]) -> Labelled:
    """Read the cells of all rows; identical rows count once.

    Raises:
        DataError: A row names a file outside the data, no patient or an unknown finding, or contradicts another row.
    """
    patients = patient_ids([row.patient for row in rows], [row.line for row in rows], source)
    views = [parse_view(row.view) for row in rows]
    cells: dict[str, Any] = {
        "image": _names(rows, source),
        "patient": patients.ids,
        "sex": [parse_sex(row.sex) for row in rows],
        "age": _ages(rows),
        "view": views,
    }
    table = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()})
    table = table.fillna({"sex": np.nan, "view": np.nan}).astype({"age": float})
    further = {name: pd.Series([row.further[at] for row in rows], dtype=object) for at, name in enumerate(columns)}
    findings = {row.findings: parse_findings(row.findings) for row in rows}
    _check_findings(rows, findings, source)
    targets = pd.DataFrame(_targets(rows, findings, labels), columns=list(labels))
    table = pd.concat([table, pd.DataFrame(further), targets], axis=1)
    first = _first_of_each(table, rows, source)
    respelled = {
        "patient": _differs([row.patient for row in rows], patients.ids),
        "findings": _differs([row.findings for row in rows], [_plainly(findings[row.findings]) for row in rows]),
        "sex": _differs([row.sex for row in rows], cells["sex"]),
        "view": _differs([row.view for row in rows], cells["view"]),
    }
    unclear = {
        "sex": _unclear([row.sex for row in rows], cells["sex"]),
        "age": _unclear([row.age for row in rows], [None if np.isnan(age) else age for age in table["age"]]),
        "view": _unclear([row.view for row in rows], views),
    }
    return Labelled(
        table.iloc[first].reset_index(drop=True),
        {name: column[first] for name, column in respelled.items()},
        {name: column[first] for name, column in unclear.items()},
        patients.several_spellings,
    )


def _names(rows: Sequence[Row], source: str) -> list[str]:
    """Names of the radiographs: bare file names, or with their folders where only that distinguishes two."""
    listed = {row.image: listed_name(row.image) for row in rows}
    for row in rows:
        if listed[row.image] is None:
            expected = "the name of a file below the data, such as 00000001_000.png or images/00000001_000.png"
            raise wrong_cell(source, row.line, "Image Index", row.image, expected)
    whole = [str(listed[row.image]) for row in rows]
    bare = [name.rpartition("/")[2] for name in whole]
    return bare if len(set(bare)) == len(set(whole)) else whole


def _ages(rows: Sequence[Row]) -> np.ndarray:
    known = {text: parse_age(text) for text in {row.age for row in rows}}
    return np.array([known[row.age] for row in rows], dtype=float)


def _check_findings(rows: Sequence[Row], findings: dict[str, Findings], source: str) -> None:
    unknown: Counter[str] = Counter()
    line_of: dict[str, int] = {}
    for row in rows:
        found = findings[row.findings]
        for word in found.unknown:
            unknown[word] += 1
            line_of.setdefault(word, row.line)
        if found.present and NO_FINDING in found.present and len(found.present) + len(found.unknown) > 1:
            raise wrong_cell(source, row.line, "Finding Labels", row.findings, f"{NO_FINDING!r} or findings, not both")
    if unknown:
        shown = [
            f"{word!r} ({counted(times, 'radiograph')}, first in line {line_of[word]}{nearest_finding(word)})"
            for word, times in unknown.most_common(_SHOWN)
        ]
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise DataError(
            f"{source} names unknown findings: {'; '.join(shown)}{more}. Expected: the findings of ChestX-ray14, "
            f"separated by |. Correct the file."
        )


def _targets(rows: Sequence[Row], findings: dict[str, Findings], labels: tuple[str, ...]) -> np.ndarray:
    """Float32 ``(rows, labels)``; each distinct cell is looked at once."""
    vectors = {}
    for cell, found in findings.items():
        values = [np.nan if found.present is None else float(label in found.present) for label in labels]
        vectors[cell] = np.array(values, dtype=np.float32)
    return np.stack([vectors[row.findings] for row in rows])


def _first_of_each(table: pd.DataFrame, rows: Sequence[Row], source: str) -> np.ndarray:
    """Positions of the rows that do not repeat an earlier one."""
    first = np.flatnonzero(~table.duplicated().to_numpy())
    again = table["image"].iloc[first].duplicated().to_numpy()
    if again.any():
        second = int(first[again][0])
        earlier = int(np.flatnonzero((table["image"] == table["image"].iloc[second]).to_numpy())[0])
        raise DataError(
            f"{source}, lines {rows[earlier].line} and {rows[second].line} contradict each other about "
            f"{table['image'].iloc[second]}. Expected: one row for each radiograph. Remove the wrong one."
        )
    return first


def _plainly(found: Findings) -> frozenset[str]:
    return found.present or frozenset()


def _differs(cells: Sequence[str], values: Sequence[object]) -> np.ndarray:
    """Where a cell was understood, but is not spelled as its value is."""
    return np.array([_is_respelled(cell, value) for cell, value in zip(cells, values, strict=True)], dtype=bool)


def _is_respelled(cell: str, value: object) -> bool:
    if isinstance(value, frozenset):
        words = cell.split("|") if cell else []
        return sorted(set(words)) != sorted(value)
    return value is not None and cell != value


def _unclear(cells: Sequence[str], values: Sequence[object]) -> np.ndarray:
    """The cells that are not blank but were not understood."""
    return np.array(
        [cell if cell and value is None else "" for cell, value in zip(cells, values, strict=True)], dtype=object
    )
