"""Simulated patients: their sex and age, and their findings at each visit.

Every random choice has a source of its own, named by the seed, the patient, what is chosen and, where it may change,
the visit. So a picture comes out the same alone, in any order and on any number of workers, and one with a finding
differs from one without by that finding only.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

from xraykit.phantoms.settings import FINDINGS

View = Literal["PA", "AP", "lateral"]

STAYS = 0.7
SIDES = (-1, 1)


class Choice(IntEnum):
    """What a source of randomness is for; part of its seed, so a number is never given to another."""

    PERSON = 1
    BODY = 2
    POSTURE = 3
    VESSELS = 4
    FILM = 5
    FINDINGS = 6
    PLACE = 7
    SEVERITY = 8
    SHAPE = 9
    VISITS = 10
    LISTS = 11
    GRAIN = 12
    LABEL_FILE = 13
    LATERAL = 14


def source(seed: int, *key: int) -> np.random.Generator:
    """The random numbers that belong to ``key``, independent of those of any other key."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *key])))


@dataclass(frozen=True)
class Patient:
    """A simulated person.

    Attributes:
        number: From 1 on.
        sex: ``"M"`` or ``"F"``.
        age: In years, at the first visit.
        seed: Seed of the set; with ``number`` it decides all that is drawn of this patient.
    """

    number: int
    sex: Literal["M", "F"]
    age: int
    seed: int = 0

    def source(self, *key: int) -> np.random.Generator:
        """Random numbers of this patient for a :class:`Choice` and whatever narrows it down."""
        return source(self.seed, self.number, *key)


@dataclass(frozen=True)
class Visit:
    """One radiograph to be drawn.

    Attributes:
        patient: Whose.
        number: 0 for the first visit.
        age: In years at this visit.
        view: ``"PA"``, ``"AP"`` or ``"lateral"``.
        findings: Those to be seen, in the order of :data:`xraykit.phantoms.settings.FINDINGS`.
    """

    patient: Patient
    number: int
    age: int
    view: View
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Lesion:
    """The appearance of one finding in one patient at one visit.

    Attributes:
        finding: Its name.
        side: -1 for the patient's right, which is left in the picture; 1 for the left.
        sides: ``side`` alone, or both.
        severity: 0 (subtle) to 1 (severe).
        along: Place from the apex (0) to the diaphragm (1).
        across: Place from the hilum (0) to the chest wall (1).
        key: Seed of everything else about its shape; stays the same over a patient's visits.
    """

    finding: str
    side: int
    sides: tuple[int, ...]
    severity: float
    along: float
    across: float
    key: tuple[int, int, int, int]

    def source(self, *part: int) -> np.random.Generator:
        """Random numbers for the shape, or for one ``part`` of it."""
        return source(*self.key, *part)


def draw_patient(number: int, seed: int = 0) -> Patient:
    """Patient ``number`` of the set with this ``seed``: sex at even odds, age 18 to 90."""
    rng = source(seed, number, Choice.PERSON)
    sex: Literal["M", "F"] = "M" if rng.random() < 0.5 else "F"
    return Patient(number, sex, int(np.clip(rng.normal(50, 17), 18, 90)), seed)


def draw_visits(patient: Patient, count: int, prevalence: float) -> list[Visit]:
    """The radiographs of one patient.

    Each finding is there at the first visit with the probability ``prevalence``. From one visit to the next it stays
    as it is with a probability of 0.7, and is drawn again otherwise, which keeps its share at ``prevalence``.
    View and age do not depend on the findings.
    """
    rng = patient.source(Choice.FINDINGS)
    present = rng.random(len(FINDINGS)) < prevalence
    age, visits = patient.age, []
    calendar = patient.source(Choice.VISITS)
    for number in range(count):
        if number:
            drawn = rng.random(len(FINDINGS)) < prevalence
            present = np.where(rng.random(len(FINDINGS)) < STAYS, present, drawn)
            age = min(age + int(calendar.random() < 0.4), 95)
        view: View = "PA" if calendar.random() < 0.6 else "AP"
        findings = tuple(name for name, there in zip(FINDINGS, present, strict=True) if there)
        visits.append(Visit(patient, number, age, view, findings))
    return visits


def draw_lesion(patient: Patient, finding: str, visit: int, severity: float | None = None) -> Lesion:
    """The appearance of ``finding`` in ``patient`` at ``visit``: its place is constant, its severity varies.

    Args:
        patient: Whose.
        finding: One of :data:`xraykit.phantoms.settings.FINDINGS`.
        visit: 0 for the first.
        severity: 0 to 1; left out, drawn.
    """
    number = FINDINGS.index(finding)
    rng = patient.source(Choice.PLACE, number)
    side = -1 if rng.random() < 0.55 else 1
    sides = (-1, 1) if rng.random() < 0.35 else (side,)
    usual, along, across = rng.beta(1.6, 1.5), rng.random(), rng.random()
    if severity is None:
        today = patient.source(Choice.SEVERITY, number, visit).normal(0, 0.1)
        severity = float(np.clip(usual + today, 0, 1))
    key = (patient.seed, patient.number, int(Choice.SHAPE), number)
    return Lesion(finding, side, sides, severity, along, across, key)
