"""The tables of a review: those that ``worklist --corrected`` reads, of each reader and of all together."""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.review.cases import Case, Cases
from xraykit.review.readings import Entry, ReadBy, Readings
from xraykit.system import csv_text, sha256_of, write_atomically
from xraykit.worklist import COLUMNS

logger = logging.getLogger(__name__)

TABLE = "reviewed.csv"
_FURTHER = ("reading", "readers")
_CORRECTED = {"present": 1, "absent": 0}

Of = tuple[str, str]
"""Image and label."""


def write_tables(readings: Readings, cases: Cases, reader: str) -> None:
    """Write the tables again after a reading; call it while :meth:`.Readings.locked`.

    ``READER/reviewed.csv`` has the readings of one reader, ``reviewed.csv`` those of all. Where readers disagree,
    ``corrected`` is blank there: nobody's label is applied.

    Args:
        readings: All readings.
        cases: What was read.
        reader: Whose reading is new.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    by_name = {case.image: case for case in cases.cases}
    own = readings.of(reader)
    _write(readings.folder_of(reader) / TABLE, _table([own], cases, by_name))
    _write(readings.folder / TABLE, _table(readings.all(), cases, by_name))


def _write(path: Path, content: bytes) -> None:
    """Replace a table; one that somebody changed outside of this page keeps another name."""
    known = path.with_name(f".{path.name}.sha256")
    before = sha256_of(path) if path.exists() else ""
    if before and before not in (known.read_text().split() if known.exists() else ()):
        kept = path.with_name(f"{path.stem}-changed-{before[:8]}{path.suffix}")
        path.replace(kept)
        logger.warning("%s was changed outside of this page, and is kept as %s.", path, kept.name)
    # Both hashes, as the process may be killed before the table is replaced.
    write_atomically(known, f"{before} {hashlib.sha256(content).hexdigest()}\n".encode(), durable=False)
    write_atomically(path, content)


def _table(readers: Sequence[ReadBy], cases: Cases, by_name: Mapping[str, Case]) -> bytes:
    found: dict[Of, dict[str, Entry]] = {}
    for reader in readers:
        for of, entry in reader.entries.items():
            if entry.reading or entry.comment:
                found.setdefault(of, {})[reader.name] = entry
    columns = {label: column for column, label in enumerate(cases.labels)}
    known = sorted(of for of in found if of[0] in by_name and of[1] in columns)
    rows = (_row(cases, by_name[image], label, columns[label], found[image, label]) for image, label in known)
    # A file name may contain bytes that are not text.
    return csv_text((*COLUMNS, *_FURTHER), rows).encode("utf-8", "backslashreplace")


def _row(cases: Cases, case: Case, label: str, column: int, entries: Mapping[str, Entry]) -> Sequence[Any]:
    given, surprise = case.given[column], cases.surprise(case, column)
    cells = {
        "image": case.image,
        "label": label,
        "given": None if np.isnan(given) else int(given),
        "probability": _number(case.probabilities[column]),
        "calibrated": "no" if label in cases.uncalibrated else "yes",
        "threshold": cases.thresholds[label],
        "surprise": surprise,
        "corrected": agreed(entry.reading for entry in entries.values()),
        "remark": _remark(entries),
        "reading": "; ".join(f"{name}: {entry.reading}" for name, entry in entries.items() if entry.reading),
        "readers": "; ".join(entries),
    }
    return [cells[name] for name in (*COLUMNS, *_FURTHER)]


def agreed(readings: Iterable[str]) -> int | None:
    """1 or 0 where all who read agree; None where they do not, or where nobody is sure."""
    said = {reading for reading in readings if reading}
    return _CORRECTED.get(said.pop()) if len(said) == 1 else None


def _remark(entries: Mapping[str, Entry]) -> str:
    comments = {name: entry.comment for name, entry in entries.items() if entry.comment}
    if len(entries) == 1:
        return next(iter(comments.values()), "")
    return "; ".join(f"{name}: {comment}" for name, comment in comments.items())


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def default_folder(run: Path, source: str | None) -> Path:
    """Where the readings of a run go, or those of other radiographs."""
    return run / "review" if source is None else run / "review" / "other" / Path(source).resolve().stem
