"""The `search` section: which values of the experiment are searched, and by which engine."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from xraykit.config.sections import Positive, Section

SEARCHABLE = ("model.", "training.", "data.image_size")

Number = int | float
Value = bool | int | float | str


class Range(Section):
    """Numbers from `low` to `high`, both included; whole numbers if both bounds are."""

    low: Number
    high: Number
    log: bool = Field(False, description="Search on a logarithmic scale.")
    step: Number | None = Field(None, gt=0, description="Only low, low + step, low + 2 step, ...")
    per: str | None = Field(
        None,
        description="Name of a searched whole number n: then the value is a list of n numbers, each searched for "
        "itself, and those beyond n do not exist in that trial.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            raise ValueError(f"low must be below high. Received: low={self.low}, high={self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range must begin above 0. Received: low={self.low}")
        if self.log and self.step is not None:
            raise ValueError("a range has either `log` or `step`, not both")
        return self

    @property
    def is_integer(self) -> bool:
        """Whether only whole numbers are searched."""
        return all(isinstance(bound, int) for bound in (self.low, self.high, self.step or 1))

    @property
    def highest(self) -> Number:
        """The largest number that the steps reach."""
        if self.step is None:
            return self.high
        low, high, step = (Decimal(str(number)) for number in (self.low, self.high, self.step))
        return self.number(low + (high - low) // step * step)

    def number(self, value: Decimal) -> Number:
        """``value`` as a number of this range's kind, whole or not."""
        return int(value) if self.is_integer else float(value)


class Choices(Section):
    """One of the listed values."""

    choices: Annotated[tuple[Value, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _each_once(self) -> "Choices":
        if len(set(self.choices)) < len(self.choices):
            raise ValueError(f"each choice stands there once; 1, 1.0 and true are equal. Received: {self.choices}")
        return self


def _kind(given: Any) -> str:
    return "Choices" if isinstance(given, Choices) or (isinstance(given, dict) and "choices" in given) else "Range"


Domain = Annotated[Annotated[Range, Tag("Range")] | Annotated[Choices, Tag("Choices")], Discriminator(_kind)]

SHIPPED_SPACE: dict[str, Range | Choices] = {
    "training.optimizer": Choices(choices=("rmsprop", "adam", "sgd")),
    "training.learning_rate": Range(low=1e-5, high=1e-1, log=True),
    "training.batch_size": Choices(choices=(8, 16)),
    "model.num_dense_layers": Range(low=1, high=5),
    "model.dense_neurons": Range(low=64, high=512, step=64, per="model.num_dense_layers"),
    "model.dropout_rate": Choices(choices=(0.1, 0.3, 0.5)),
}


class OptunaSettings(Section):
    """Settings of `search.engine: optuna`."""

    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["median", "none"] = "median"
    startup_trials: Positive = Field(5, description="Trials that are drawn at random and never pruned.")
    warmup_epochs: int = Field(2, ge=0, description="Epochs of a trial before it may be pruned.")


class KerasTunerSettings(Section):
    """Settings of `search.engine: keras_tuner`."""

    method: Literal["random_search", "bayesian_optimization", "hyperband"] = "random_search"
    factor: Annotated[int, Field(ge=2)] = Field(3, description="Reduction factor of Hyperband.")


def _check_count(key: str, name: str, count: Range | Choices | None) -> None:
    if not isinstance(count, Range) or not count.is_integer or count.per is not None or count.low < 1:
        raise ValueError(
            f"`per` of {key} must name a searched range of whole numbers from 1 on that has no `per` of its own. "
            f"Received: {name!r}"
        )


class Search(Section):
    """Hyperparameter search, scored on the validation part alone."""

    engine: Literal["optuna", "keras_tuner"] = "optuna"
    n_trials: Positive = Field(20, description="Trials of the whole study, earlier starts of the command included.")
    epochs: Positive | None = Field(None, description="At most this many epochs a trial; left out, as in `training`.")
    space: Annotated[dict[str, Domain], Field(min_length=1)] = Field(
        SHIPPED_SPACE, description="Path of an experiment's key to the values it may take."
    )
    optuna: OptunaSettings = OptunaSettings()
    keras_tuner: KerasTunerSettings = KerasTunerSettings()

    @model_validator(mode="after")
    def _searchable(self) -> "Search":
        for key, domain in self.space.items():
            if not key.startswith(SEARCHABLE):
                raise ValueError(
                    f"{key} cannot be searched: scores of different data or rules do not compare. Expected: a key of "
                    f"model or training, or data.image_size"
                )
            if isinstance(domain, Range) and domain.per is not None:
                _check_count(key, domain.per, self.space.get(domain.per))
        return self

    def extremes(self) -> dict[str, list[dict[str, Value | list[Number]]]]:
        """For each key of the space, values at its ends, as the experiment would be given them.

        A searched number comes with the lists that go with it, and a list with its number.
        """
        return {key: self._extremes_of(key, domain) for key, domain in self.space.items()}

    def _extremes_of(self, key: str, domain: Range | Choices) -> list[dict[str, Value | list[Number]]]:
        if isinstance(domain, Choices):
            return [{key: choice} for choice in domain.choices]
        if domain.per is None:
            lists = {name: each for name, each in self.space.items() if isinstance(each, Range) and each.per == key}
            return [
                {key: end, **{name: [each.low] * int(end) for name, each in lists.items()}}
                for end in (domain.low, domain.highest)
            ]
        count = self.space[domain.per]
        counts = (int(count.low), int(count.highest)) if isinstance(count, Range) else ()
        return [{domain.per: n, key: [end] * n} for n in counts for end in (domain.low, domain.highest)]
