"""How radiographs were divided into parts: a record to store and compare, and its text for people."""

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xraykit.config.sections import Split

_OFFICIAL = re.compile(
    r"official (?:lists of )?(?P<owner>.+), validation (?P<validation>[\d.]+) % by patient, seed (?P<seed>\d+)"
)
_BY_PATIENT = re.compile(r"by patient (?P<train>[\d.]+)/(?P<validation>[\d.]+)/(?P<test>[\d.]+), seed (?P<seed>\d+)")
# Texts of shares have four digits.
_SHARE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class SplitRecord:
    """How the data were divided into training, validation and test part.

    Attributes:
        method: ``official`` (the lists that come with the data), ``patient`` (all patients divided at random), or
            ``unknown``.
        owner: With ``official``, the data format whose lists they are.
        seed: Of the random division.
        shares: Of the division, 0–1: ``validation`` of the training list, or ``train``, ``validation`` and ``test``.
        amended: What was changed after the division, such as labels corrected by a review.
        description: With ``unknown``, the text of an older file.
    """

    method: str
    owner: str | None = None
    seed: int | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    amended: str | None = None
    description: str | None = None

    @classmethod
    def of(cls, split: Split, seed: int, data_format: str) -> "SplitRecord":
        """The record of an experiment's split.

        Args:
            split: The experiment's ``data.split`` section.
            seed: The experiment's seed, used where ``split`` has none.
            data_format: The experiment's ``data.format``.
        """
        seed = seed if split.seed is None else split.seed
        if split.method == "official":
            share = split.validation / (split.train + split.validation)
            return cls("official", data_format, seed, {"validation": share})
        shares = {"train": split.train, "validation": split.validation, "test": split.test}
        return cls(split.method, None, seed, shares)

    @classmethod
    def read(cls, value: "str | Mapping[str, Any] | SplitRecord") -> "SplitRecord":
        """The record in a file; files up to version 0.2.0.dev0 contain the text of :meth:`__str__`, or another one."""
        if isinstance(value, SplitRecord):
            return value
        if isinstance(value, str):
            return _parsed(value)
        known = {each.name for each in dataclasses.fields(cls)}
        return cls(**{name: each for name, each in value.items() if name in known})

    def as_values(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`read` reads them."""
        return {**dataclasses.asdict(self), "shares": dict(self.shares)}

    def same_as(self, other: "SplitRecord") -> bool:
        """Whether both are the same division, as far as the texts of older files show it."""
        return (
            dataclasses.replace(self, shares={}) == dataclasses.replace(other, shares={})
            and self.shares.keys() == other.shares.keys()
            and all(math.isclose(self.shares[key], other.shares[key], abs_tol=_SHARE_TOLERANCE) for key in self.shares)
        )

    def __str__(self) -> str:
        """The text for people, such as ``by patient 70/10/20, seed 7``."""
        return self._division() + (f"; {self.amended}" if self.amended else "")

    def _division(self) -> str:
        shares = {name: f"{100 * share:.4g}" for name, share in self.shares.items()}
        if self.method == "official":
            return f"official lists of {self.owner}, validation {shares['validation']} % by patient, seed {self.seed}"
        if self.method == "patient":
            return f"by patient {'/'.join(shares.values())}, seed {self.seed}"
        return self.description or "unknown"


def split_text(value: str | Mapping[str, Any] | SplitRecord) -> str:
    """The text of a record as a file contains it; see :meth:`SplitRecord.read`."""
    return str(SplitRecord.read(value))


def _parsed(text: str) -> SplitRecord:
    division, _, amended = text.partition("; ")
    if match := _OFFICIAL.fullmatch(division):
        owner, shares = match["owner"], {"validation": float(match["validation"]) / 100}
        # Versions up to 0.2.0.dev0 wrote the one format with a name of its own in capitals.
        return SplitRecord("official", owner.lower(), int(match["seed"]), shares, amended or None)
    if match := _BY_PATIENT.fullmatch(division):
        shares = {name: float(match[name]) / 100 for name in ("train", "validation", "test")}
        return SplitRecord("patient", None, int(match["seed"]), shares, amended or None)
    return SplitRecord("unknown", amended=amended or None, description=division)
