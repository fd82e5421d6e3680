"""How patients are divided into parts: ``data.split``."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from xraykit.config.section import Section, is_default


class Split(Section):
    """How patients are divided into training, validation and test part."""

    method: Literal["official", "patient", "folds"] = Field(
        "official",
        description="`official`: the lists that come with the data; their training patients are divided further into "
        "training and validation. `patient`: all patients are divided by the fractions below. `folds`: "
        "cross-validation; a network for each fold, which is measured on the patients that it has not seen, and all of "
        "them as one ensemble.",
    )
    folds: Annotated[int, Field(ge=2, le=20)] = Field(
        5, description="With `folds`: into how many the patients are divided.", exclude_if=is_default(5)
    )
    held_out: Literal["share", "official", "none"] = Field(
        "share",
        description="With `folds`: the patients who are in no fold, on whom the ensemble is measured: the share "
        "`test`, the official test list, or none.",
        exclude_if=is_default("share"),
    )
    fold: int | None = Field(
        None,
        ge=0,
        description="With `folds`: the one fold, from 0, that is trained here; left out, all.",
        exclude_if=is_default(None),
    )
    train: Annotated[float, Field(gt=0, lt=1)] = Field(0.7, description="Share of the images for training.")
    validation: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1,
        description="Share for validation. With `official`, validation / (train + validation) of the training list; "
        "with `folds`, the same share of the other folds.",
    )
    test: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="Share for the test part; unused with `official`."
    )
    seed: int | None = Field(None, ge=0, description="Seed of the division; left out, the experiment's own.")

    @property
    def dividing_method(self) -> Literal["official", "patient"]:
        """How the test part, or with `folds` the held-out part, is set apart."""
        if self.method == "folds":
            return "official" if self.held_out == "official" else "patient"
        return self.method

    @property
    def all_folds(self) -> bool:
        """Whether a network is trained for each fold."""
        return self.method == "folds" and self.fold is None

    @model_validator(mode="after")
    def _fold_is_one_of_them(self) -> "Split":
        if self.fold is not None and self.method != "folds":
            raise ValueError(f"fold is read with method: folds only. Received: method: {self.method}")
        if self.fold is not None and self.fold >= self.folds:
            raise ValueError(
                f"fold must be one of 0 to {self.folds - 1}, as there are {self.folds} folds. Received: {self.fold}"
            )
        return self

    @model_validator(mode="after")
    def _sum_to_one(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test must be 1. Received: a sum of {total:g}")
        return self
