"""A review in progress: what each request of the page asks for, as plain values."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from xraykit.errors import DataError, XraykitError
from xraykit.review.agreement import COLUMNS, TABLE, agreement_of
from xraykit.review.cases import Case, Cases, as_number
from xraykit.review.flags import Flags
from xraykit.review.pictures import HeatMapCache, packed
from xraykit.review.readings import ReadBy, Reading, Readings
from xraykit.review.tables import write_tables
from xraykit.system import csv_text, write_atomically


@dataclass(eq=False)
class Session:
    """A review in progress.

    Attributes:
        cases: What is reviewed; in blind mode in a random order.
        readings: Where the readings go.
        flags: Of the input check.
        heat_maps: Of the network.
        blind: Whether a reader sees what the model says of a radiograph only after reading it.
        max_megapixels: Files with more pixels are not read.
        bit_depth: Of 16-bit pictures that do not declare it.
        reader: Proposed as the reader's name.
    """

    cases: Cases
    readings: Readings
    flags: Flags
    heat_maps: HeatMapCache
    blind: bool = False
    max_megapixels: float = 64
    bit_depth: int | None = None
    reader: str = ""

    def overview(self, reader: str) -> dict[str, Any]:
        """All that the list of cases shows; in blind mode nothing of the model but of cases that were read."""
        known = self._begun(reader)
        if not self.blind:
            # The first heat map then waits less for the network, which takes seconds to be loaded.
            self.heat_maps.begin()
        cases = self.cases
        return {
            "title": cases.title,
            "blind": self.blind,
            "reader": known.name,
            "in_run": bool(cases.part),
            "labels": [self._label(label) for label in cases.labels],
            "cases": [self._row(number, case, known) for number, case in enumerate(cases.cases)],
            "flags": self.flag_names(known),
            "readings": self._readings(known),
        }

    def case(self, reader: str, number: int) -> dict[str, Any]:
        """All that is shown beside one radiograph."""
        known, case = self._begun(reader), self._case(number)
        picture = self.cases.pictures[case.picture]
        others = [
            {"picture": other, "earlier": earlier, **self._about(other)} for other, earlier in self.cases.others(case)
        ]
        shown = {"picture": case.picture, **self._about(case.picture), "order": picture.by, "others": others}
        if not self._is_open(known, case):
            return shown | {"open": False}
        labels = self.cases.labels
        boxes = {label: self.cases.boxes.get((case.image, label), ()) for label in labels}
        return shown | {
            "open": True,
            "flags": dict(self.flags.of(number)),
            "boxes": {label: [list(box) for box in some] for label, some in boxes.items() if some},
        }

    def picture(self, number: int) -> bytes:
        """A radiograph at its own size; see :func:`.packed`."""
        if not 0 <= number < len(self.cases.pictures):
            raise NotHere(f"There is no picture {number}.")
        path = self.cases.pictures[number].path
        with _without(path):
            return packed(path, self.max_megapixels, self.bit_depth)

    def heat_map(self, reader: str, number: int, column: int) -> bytes:
        """The heat map of a finding; see :meth:`.HeatMapCache.of`."""
        case = self._case(number)
        if not 0 <= column < len(self.cases.labels):
            raise NotHere(f"There is no finding {column}.")
        if not self._is_open(self._begun(reader), case):
            raise XraykitError("In blind mode the model is shown after the reading. Read all findings first.")
        path = self.cases.pictures[case.picture].path
        with _without(path):
            return self.heat_maps.of(path, self.cases.labels[column])

    def save(self, reader: str, number: int, label: str, reading: Reading, comment: str) -> dict[str, Any]:
        """Save a reading; returns when the disk has it."""
        case = self._case(number)
        if label not in self.cases.labels:
            raise NotHere(f"There is no finding {label!r}.")
        with self.readings.locked():
            entry = self.readings.add(reader, case.image, label, reading, comment)
            write_tables(self.readings, self.cases, reader)
        return {"at": entry.at, "reading": entry.reading, "comment": entry.comment, "blind": entry.blind}

    def reveal(self, reader: str, number: int) -> dict[str, Any]:
        """Show what the model says of a radiograph that was read completely, and return its row of the list."""
        case, known = self._case(number), self.readings.of(reader)
        if self.blind and not known.has_seen(case.image):
            missing = [
                label
                for label in self.cases.labels
                if not (entry := known.entries.get((case.image, label))) or not entry.reading
            ]
            if missing:
                raise XraykitError(f"Read all findings first. Missing: {', '.join(missing)}.")
            with self.readings.locked():
                self.readings.reveal(reader, case.image)
        return self._row(number, case, known)

    def flag_names(self, known: ReadBy) -> dict[str, Any]:
        """How many cases were checked, and the flags of those that have any."""
        names = self.flags.names()
        shown = {at: some for at, some in names.items() if self._is_open(known, self.cases.cases[at])}
        return {"checked": self.flags.done, "of": self.flags.total, "found": shown}

    def flags_of(self, reader: str) -> dict[str, Any]:
        """See :meth:`flag_names`."""
        return self.flag_names(self._begun(reader))

    def agreement(self) -> dict[str, Any]:
        """Agreement of each reader with the model, with the labels given, and of readers with each other.

        It is written to ``agreement.csv`` too.
        """
        found = agreement_of(self.cases, self.readings.all())
        if found["rows"]:
            text = csv_text(COLUMNS, ([row[name] for name in COLUMNS] for row in found["rows"]))
            with self.readings.locked():
                write_atomically(self.readings.folder / TABLE, text.encode())
        return found

    def _begun(self, reader: str) -> ReadBy:
        """The reader; without blind mode all that the model says is seen from now on."""
        known = self.readings.of(reader)
        if not self.blind and "*" not in known.revealed:
            with self.readings.locked():
                self.readings.reveal(reader)
        return known

    def _is_open(self, known: ReadBy, case: Case) -> bool:
        return not self.blind or known.has_seen(case.image)

    def _case(self, number: int) -> Case:
        if not 0 <= number < len(self.cases):
            raise NotHere(f"There is no case {number}.")
        return self.cases.cases[number]

    def _about(self, picture: int) -> dict[str, Any]:
        facts = self.cases.pictures[picture].facts
        return {name: str(value) if as_number(value) is None else as_number(value) for name, value in facts.items()}

    def _label(self, label: str) -> dict[str, Any]:
        threshold = None if self.blind else self.cases.thresholds[label]
        return {"name": label, "threshold": threshold, "calibrated": label not in self.cases.uncalibrated}

    def _row(self, number: int, case: Case, known: ReadBy) -> dict[str, Any]:
        row: dict[str, Any] = {"name": self.cases.shown_name(case), "error": case.error, "open": False}
        if not self._is_open(known, case):
            return row
        columns = range(len(self.cases.labels))
        return row | {
            "open": True,
            "probabilities": [_rounded(value) for value in case.probabilities],
            "given": [as_number(value) for value in case.given],
            "calls": [self.cases.call(case, column) for column in columns],
            "surprise": [_rounded(self.cases.surprise(case, column)) for column in columns],
            "thresholds": [self.cases.thresholds[label] for label in self.cases.labels],
        }

    def _readings(self, known: ReadBy) -> dict[int, dict[str, dict[str, Any]]]:
        number_of = {case.image: number for number, case in enumerate(self.cases.cases)}
        found: dict[int, dict[str, dict[str, Any]]] = {}
        for (image, label), entry in known.entries.items():
            if image in number_of and (entry.reading or entry.comment):
                values = {"reading": entry.reading, "comment": entry.comment, "at": entry.at, "blind": entry.blind}
                found.setdefault(number_of[image], {})[label] = values
        return found


class NotHere(DataError):
    """There is no such case, picture or finding."""


@contextmanager
def _without(path: str) -> Iterator[None]:
    """Error messages without the path of a file, as folders are named after patients."""
    try:
        yield
    except XraykitError as error:
        raise type(error)(str(error).replace(path, "The file")) from None


def _rounded(value: float | None) -> float | None:
    number = as_number(value)
    return None if number is None else float(f"{number:.6g}")
