"""The cases that are reviewed: radiographs with what the model says, what is given, and the patient's other ones."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.registry import Box

_LIKE_A_UID = re.compile(r"\d+(?:\.\d+){5,}")
_LEAST = 1e-15  # so that a probability of 0 has a finite surprise


@dataclass(frozen=True)
class Picture:
    """A radiograph that the page may show.

    Attributes:
        path: Of its file.
        patient: Whose it is, which stays on this side of the page; None where unknown.
        facts: What is shown beside it: ``view``, ``sex``, ``age``, if they are known.
        order: What it is sorted by among those of its patient.
        by: What that is, as it is shown: ``date``, ``age`` or ``file name``.
    """

    path: str
    patient: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[Any, ...] = ()
    by: str = "file name"


@dataclass(frozen=True, eq=False)
class Case:
    """A radiograph to review.

    Attributes:
        image: Its name, as in the tables.
        picture: Its number among the pictures.
        given: ``(L,)`` the labels given: 1, 0 or NaN = unknown.
        probabilities: ``(L,)`` those of the model, 0–1; NaN where there are none.
        error: Why its file cannot be read; blank if it can.
    """

    image: str
    picture: int
    given: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64]
    error: str = ""


@dataclass(frozen=True, eq=False)
class Cases:
    """All cases of a review.

    Attributes:
        title: What they are of, for a heading.
        labels: The ``L`` findings, in the order of the model's outputs.
        thresholds: Least calibrated probability that is called positive, of each; None where there is none.
        uncalibrated: Findings whose probability is not calibrated.
        cases: The cases.
        pictures: Those of the cases and of the same patients.
        boxes: Image and label to the boxes of that finding there.
        hidden_names: Whether the names of files stay on this side of the page, as they contain patients' ids.
        part: Which part of a run they are; blank for other radiographs.
    """

    title: str
    labels: tuple[str, ...]
    thresholds: Mapping[str, float | None]
    uncalibrated: frozenset[str]
    cases: tuple[Case, ...]
    pictures: tuple[Picture, ...]
    boxes: Mapping[tuple[str, str], Sequence[Box]] = field(default_factory=dict)
    hidden_names: bool = False
    part: str = ""

    def __len__(self) -> int:
        return len(self.cases)

    def take(self, order: Sequence[int]) -> "Cases":
        """Some of the cases, in this order; the pictures stay."""
        return replace(self, cases=tuple(self.cases[number] for number in order))

    def call(self, case: Case, column: int) -> bool | None:
        """Whether the model calls a finding present; None where it has no operating point or no probability."""
        threshold, probability = self.thresholds[self.labels[column]], case.probabilities[column]
        return None if threshold is None or np.isnan(probability) else bool(probability >= threshold)

    def surprise(self, case: Case, column: int) -> float | None:
        """Minus the logarithm to base 2 of the probability of the label given, in bits; None where either is unknown.

        See :data:`xraykit.worklist.ranking.RANKING`.
        """
        given, probability = case.given[column], case.probabilities[column]
        if np.isnan(given) or np.isnan(probability):
            return None
        return float(-np.log2(max(probability if given == 1 else 1 - probability, _LEAST)))

    def shown_name(self, case: Case) -> str:
        """The name of a case on the page: without folders, whose names may be patients', and without UIDs."""
        if self.hidden_names:
            return ""
        name = case.image.replace("\\", "/").rpartition("/")[2].encode("utf-8", "backslashreplace").decode()
        return _LIKE_A_UID.sub("…", name)

    def others(self, case: Case) -> Iterator[tuple[int, bool]]:
        """Numbers of the same patient's other pictures, the nearest first, and whether each is earlier."""
        own = self.pictures[case.picture]
        if own.patient is None:
            return
        before: list[int] = []
        after: list[int] = []
        for number in self._of_patient[own.patient]:
            if number != case.picture:
                (before if self.pictures[number].order < own.order else after).append(number)
        yield from ((number, True) for number in reversed(before))
        yield from ((number, False) for number in after)

    @cached_property
    def _of_patient(self) -> Mapping[str, list[int]]:
        """Numbers of each patient's pictures, in order."""
        found: dict[str, list[int]] = {}
        for number, picture in enumerate(self.pictures):
            if picture.patient is not None:
                found.setdefault(picture.patient, []).append(number)
        for numbers in found.values():
            numbers.sort(key=lambda number: self.pictures[number].order)
        return found


def random_order(cases: Cases, limit: int | None = None) -> list[int]:
    """Numbers of the cases in an order that says nothing of them, the same each time: the first n are a random sample.

    Args:
        cases: All cases.
        limit: How many; None: all.
    """
    drawn = [hashlib.sha256(case.image.encode("utf-8", "surrogateescape")).digest() for case in cases.cases]
    return sorted(range(len(cases)), key=lambda number: drawn[number])[:limit]


def natural(name: str) -> tuple[Any, ...]:
    """A name as people sort it: its numbers by their values, so that ``x_10`` comes after ``x_9``."""
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"(\d+)", name))


def as_number(value: object) -> float | None:
    """A float that JSON can contain; None for NaN and what is no number."""
    number = float(value) if isinstance(value, int | float | np.floating | np.integer) else np.nan
    return number if np.isfinite(number) else None
