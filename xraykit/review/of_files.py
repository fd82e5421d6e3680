"""The cases of a folder or a table of radiographs that are not in the run: they are predicted first."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xraykit.data import examination_of, picture_suffixes
from xraykit.errors import DataError
from xraykit.predict import pictures_of
from xraykit.registry import Examination
from xraykit.review.cases import Case, Cases, Picture, natural
from xraykit.system import progress_bar
from xraykit.system.tables import Table, mark, number, read_table

if TYPE_CHECKING:
    from xraykit.bundle import Classifier

_PATIENT = ("patient", "patientid", "subjectid", "subject")
_DATE = ("date", "studydate", "examinationdate")
_FACTS = {"view": ("view", "viewposition"), "sex": ("sex", "gender", "patientgender", "patientsex")}
_AGE = ("age", "patientage")
_BATCH = 32
_EXPECTED = "Expected for each label: 1 (present), 0 (absent) or blank (unknown); dates as 2026-01-31, or blank."


@dataclass(frozen=True)
class _Row:
    """What a table says of a radiograph; a folder says nothing."""

    patient: str = ""
    date: str = ""
    age: float | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, float] = field(default_factory=dict)


def cases_of_files(classifier: "Classifier", source: str) -> tuple[Cases, list[dict[str, str]]]:
    """The radiographs of a folder or table, predicted; and the flags of each, name to reason.

    A table may have the columns ``patient``, ``date``, ``age``, ``sex`` and ``view``, and one of 1, 0 or blanks for
    each label of the network. In a folder, DICOM files say themselves whose they are and when they were taken.

    Args:
        classifier: The network.
        source: A folder, a table (CSV), or a picture.

    Raises:
        DataError: there is none, it is invalid, or no picture can be read.
    """
    paths = pictures_of([source])
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise DataError(f"{source} names {twice} twice. Expected: each radiograph once. Remove the second row.")
    is_table = Path(source).suffix.lower() not in picture_suffixes() and not Path(source).is_dir()
    rows = _rows(Path(source), classifier.labels) if is_table else [_Row()] * len(paths)
    predicted = _predicted(classifier, paths)
    unreadable = predicted["error"].to_numpy(object)
    if all(unreadable):
        raise DataError(f"No picture of {source} can be read. {unreadable[0]}")
    root = Path(source) if Path(source).is_dir() else Path(source).parent
    labels, rule = classifier.labels, classifier.decision_rule
    probabilities = predicted[[f"{label}_probability" for label in labels]].to_numpy(np.float64)
    given = np.array([[row.given.get(label, np.nan) for label in labels] for row in rows], np.float64)
    names = [os.path.relpath(path, root) for path in paths]
    examinations = [examination_of(path) for path in paths]
    cases = Cases(
        title=Path(source).resolve().name,
        labels=labels,
        thresholds=rule.thresholds,
        uncalibrated=frozenset(rule.uncalibrated),
        cases=tuple(
            Case(name, at, given[at], probabilities[at], _without_path(unreadable[at], paths[at]))
            for at, name in enumerate(names)
        ),
        pictures=tuple(map(_picture, paths, names, rows, examinations)),
        # Files that come from an archive are named by UIDs, or after patients.
        hidden_names=any(examinations),
    )
    return cases, _flags(predicted)


def _predicted(classifier: "Classifier", paths: Sequence[str]) -> pd.DataFrame:
    tables = []
    batches = classifier.open_batches([(path, path) for path in paths], _BATCH)
    with progress_bar(total=len(paths), desc="Predicting", unit="picture") as bar, closing(batches):
        for opened in batches:
            tables.append(classifier.predict_opened(opened, _BATCH))
            bar.update(len(opened))
    return pd.concat(tables, ignore_index=True)


def _flags(predicted: pd.DataFrame) -> list[dict[str, str]]:
    """Of each picture its flags, each with its reason."""
    found = []
    for names, reasons in zip(predicted["flags"], predicted["flag_reasons"], strict=True):
        flags = [name for name in names.split(";") if name]
        found.append(dict(zip(flags, _sentences(reasons, len(flags)), strict=True)))
    return found


def _sentences(text: str, count: int) -> list[str]:
    """The reasons of so many flags; all of them with the first where they cannot be told apart."""
    parts = re.split(r"(?<=\.) (?=[A-Z])", text)
    return parts if len(parts) == count else [text, *[""] * (count - 1)][:count]


def _without_path(error: str, path: str) -> str:
    return error.replace(path, "The file")


def _picture(path: str, name: str, row: _Row, examination: Examination | None) -> Picture:
    facts: dict[str, Any] = {**row.facts, **({} if row.age is None else {"age": row.age})}
    patient = row.patient or (examination.patient if examination else None)
    taken = row.date or (examination.taken if examination else "")
    age = -1.0 if row.age is None else row.age
    by = "date" if taken else "file name" if row.age is None else "age and file name"
    return Picture(path, patient, facts, (taken, age, natural(name)), by)


def _rows(path: Path, labels: Sequence[str]) -> list[_Row]:
    table = read_table(path, escaped=True)
    plain = {_plain(name): name for name in reversed(table.columns)}
    of_label = {label: plain[_plain(label)] for label in labels if _plain(label) in plain}
    dates = next((plain[name] for name in _DATE if name in plain), None)
    table.complain(list(_mistakes(table, of_label, dates)), _EXPECTED)

    def column(names: Sequence[str]) -> list[str]:
        return next((table.column(plain[name]) for name in names if name in plain), [""] * len(table))

    marks = [{label: mark(row.cells[name]) for label, name in of_label.items()} for row in table.rows]
    facts = {fact: column(names) for fact, names in _FACTS.items()}
    return [
        _Row(
            patient,
            date.replace("-", ""),
            number(age),
            {fact: cells[at] for fact, cells in facts.items() if cells[at]},
            {label: np.nan if value is None else value for label, value in marks[at].items()},
        )
        for at, (patient, date, age) in enumerate(zip(column(_PATIENT), column(_DATE), column(_AGE), strict=True))
    ]


def _mistakes(table: Table, of_label: Mapping[str, str], dates: str | None) -> Iterator[str]:
    for row in table.rows:
        for label, column in of_label.items():
            if mark(row.cells[column]) is None:
                yield f"line {row.line}, column {column}: {row.cells[column]!r} of {label}"
        if dates and not re.fullmatch(r"(\d{4}-?\d\d-?\d\d)?", row.cells[dates]):
            yield f"line {row.line}, column {dates}: {row.cells[dates][:20]!r}"


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
