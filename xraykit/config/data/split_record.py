"""How radiographs were divided into parts: a record to store and compare, and its text for people."""

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from xraykit.config.data.split import Split
from xraykit.system import Record

OUT_OF_FOLD = "out_of_fold"
"""The part of radiographs that are predicted by the networks that did not learn from their fold."""

_OFFICIAL = re.compile(
    r"official (?:lists of )?(?P<owner>.+), validation (?P<validation>[\d.]+) % by patient, seed (?P<seed>\d+)"
)
_BY_PATIENT = re.compile(r"by patient (?P<train>[\d.]+)/(?P<validation>[\d.]+)/(?P<test>[\d.]+), seed (?P<seed>\d+)")
# Texts of shares have four digits.
_SHARE_TOLERANCE = 1e-4


class SplitRecord(Record):
    """How the data were divided into training, validation and test part."""

    model_config = ConfigDict(title="Split")

    method: Literal["official", "patient", "folds", "whole", "unknown"]
    """`official`: the lists that come with the data. `patient`: all patients divided at random. `folds`: all patients
    who are not held out divided into folds. `whole`: nothing was divided, as in an external validation on all
    radiographs of a collection."""
    owner: str | None = None
    """With `official`: the data format whose lists they are."""
    folds: int | None = Field(None, exclude_if=lambda folds: folds is None)
    """With `folds`: how many."""
    fold: int | None = Field(None, exclude_if=lambda fold: fold is None)
    """With `folds`: the one fold, from 0, that is the test part; left out, the held-out patients are."""
    held_out: Literal["share", "official", "none"] | None = Field(None, exclude_if=lambda held_out: held_out is None)
    """With `folds`: who is in no fold: a share of all patients (`shares`: `test`), the test list that comes with the
    data (`owner`), or nobody."""
    seed: int | None = None
    """Of the random division."""
    shares: dict[str, float] = Field(default_factory=dict)
    """Of the division, 0-1: `validation` of the training list (empty where the data come with a validation list), or
    `train`, `validation` and `test`; with `folds` `validation` of the other folds, and `test` if a share is held
    out."""
    test_list: str | None = Field(None, exclude_if=lambda test_list: test_list is None)
    """With `official`: the file that names the test part, where a collection has several."""
    amended: str | None = None
    """What was changed after the division, such as labels corrected by a review."""
    description: str | None = None
    """With `unknown`: the text of an older file."""

    @classmethod
    def of(cls, split: Split, seed: int, data_format: str) -> "SplitRecord":
        """The record of an experiment's split.

        Args:
            split: The experiment's ``data.split`` section.
            seed: The experiment's seed, used where ``split`` has none.
            data_format: The experiment's ``data.format``.
        """
        seed = seed if split.seed is None else split.seed
        if split.method == "folds":
            return cls._of_folds(split, seed, data_format)
        if split.method == "official":
            share = split.validation / (split.train + split.validation)
            return cls(method="official", owner=data_format, seed=seed, shares={"validation": share})
        shares = {"train": split.train, "validation": split.validation, "test": split.test}
        return cls(method="patient", seed=seed, shares=shares)

    @classmethod
    def _of_folds(cls, split: Split, seed: int, owner: str) -> "SplitRecord":
        return cls(
            method="folds",
            owner=owner if split.held_out == "official" else None,
            folds=split.folds,
            fold=split.fold,
            held_out=split.held_out,
            seed=seed,
            shares={
                "validation": split.validation / (split.train + split.validation),
                **({"test": split.test} if split.held_out == "share" else {}),
            },
        )

    @classmethod
    def read(cls, value: "str | Mapping[str, Any] | SplitRecord") -> "SplitRecord":
        """The record in a file; files up to version 0.2.0.dev0 contain the text of :meth:`__str__`, or another one.

        Raises:
            ValueError: it is neither a record nor a text.
        """
        return cls.model_validate(value)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _parsed(value) if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        earlier = {"type": "string", "description": "Up to version 0.2.0.dev0 of xraykit: the split as a text."}
        return {"anyOf": [handler(core), earlier]}

    @property
    def all_folds(self) -> bool:
        """Whether this is the division of all networks of a cross-validation together: no fold is the test part."""
        return self.method == "folds" and self.fold is None

    def as_values(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`read` reads them."""
        return self.model_dump()

    def same_as(self, other: "SplitRecord") -> bool:
        """Whether both are the same division, as far as the texts of older files show it."""
        mine, others = self.shares, other.shares
        return (
            self.model_copy(update={"shares": {}}) == other.model_copy(update={"shares": {}})
            and mine.keys() == others.keys()
            and all(math.isclose(mine[key], others[key], abs_tol=_SHARE_TOLERANCE) for key in mine)
        )

    def __str__(self) -> str:
        """The text for people, such as ``by patient 70/10/20, seed 7``."""
        return self._division() + (f"; {self.amended}" if self.amended else "")

    def _division(self) -> str:
        shares = {name: f"{100 * share:.4g}" for name, share in self.shares.items()}
        owner = f"{self.owner} with the test part {self.test_list}" if self.test_list else self.owner
        if self.method == "official" and not shares:
            return f"official lists of {owner}, seed {self.seed}"
        if self.method == "official":
            share = shares.get("validation", "?")
            return f"official lists of {owner}, validation {share} % by patient, seed {self.seed}"
        if self.method == "patient":
            return f"by patient {'/'.join(shares.values())}, seed {self.seed}"
        if self.method == "folds":
            return self._folds(owner, shares)
        if self.method == "whole":
            return "none, all radiographs"
        return self.description or "unknown"

    def _folds(self, owner: str | None, shares: Mapping[str, str]) -> str:
        held_out = {
            "official": f", the test list of {owner} held out",
            "share": f", {shares.get('test', '?')} % held out",
        }
        which = "" if self.fold is None else f", fold {self.fold} of 0 to {(self.folds or 0) - 1}"
        return f"{self.folds} folds by patient{which}{held_out.get(self.held_out or '', '')}, seed {self.seed}"


def part_text(part: str) -> str:
    """What metrics are of, as a heading: ``Test part``, ``Out-of-fold predictions``."""
    return "Out-of-fold predictions" if part == OUT_OF_FOLD else f"{part.capitalize()} part"


def split_text(value: str | Mapping[str, Any] | SplitRecord) -> str:
    """The text of a record as a file contains it; see :meth:`SplitRecord.read`."""
    return str(SplitRecord.read(value))


def _parsed(text: str) -> dict[str, Any]:
    division, _, amended = text.partition("; ")
    known: dict[str, Any] = {"amended": amended or None}
    if match := _OFFICIAL.fullmatch(division):
        # Versions up to 0.2.0.dev0 wrote the one format with a name of its own in capitals.
        known |= {"method": "official", "owner": match["owner"].lower(), "shares": _shares(match, ("validation",))}
    elif match := _BY_PATIENT.fullmatch(division):
        known |= {"method": "patient", "shares": _shares(match, ("train", "validation", "test"))}
    else:
        return {**known, "method": "unknown", "description": division}
    return {**known, "seed": int(match["seed"])}


def _shares(match: re.Match[str], names: tuple[str, ...]) -> dict[str, float]:
    return {name: float(match[name]) / 100 for name in names}
