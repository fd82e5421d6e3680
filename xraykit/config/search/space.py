"""The values that a search may try: ranges and choices, some of which exist only with certain others."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from xraykit.config.section import Section

SEARCHABLE = ("model.", "training.", "data.image_size")
_NOT_SEARCHABLE = ("training.seeds", "training.workers", "training.devices")

Number = int | float
Value = bool | int | float | str
Values = dict[str, Value | list[Number]]

_When = dict[str, Annotated[tuple[Value, ...], Field(min_length=1, strict=False)]]


def _or_one_value(schema: dict[str, Any]) -> None:
    """To an editor too, one value is as good as a list of one; see :func:`_listed`."""
    lists = schema["additionalProperties"]
    schema["additionalProperties"] = {"anyOf": [lists, *lists["items"]["anyOf"]]}


def _listed(given: Any) -> Any:
    """``when: {training.optimizer: sgd}`` is short for a list of one."""
    if not isinstance(given, dict) or not isinstance(given.get("when"), dict):
        return given
    when = {key: value if isinstance(value, list | tuple) else [value] for key, value in given["when"].items()}
    return {**given, "when": when}


_MOST_STEPS = 1_000_000


class Domain(Section):
    """What all keys of a search space have in common."""

    when: _When = Field(
        {},
        description="Searched choices that this key depends on, each with the values that let it exist; in other "
        "trials the experiment's own value stays.",
        json_schema_extra=_or_one_value,
    )

    @model_validator(mode="before")
    @classmethod
    def _one_value_is_a_list_of_one(cls, given: Any) -> Any:
        return _listed(given)


class Range(Domain):
    """Numbers from `low` to `high`, both included; whole numbers if both bounds are."""

    low: Number
    high: Number
    log: bool = Field(False, description="Search on a logarithmic scale.")
    step: Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0)] | None = Field(
        None, description="Only low, low + step, low + 2 step, ..."
    )
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
        if self.step is not None and (self.high - self.low) / self.step > _MOST_STEPS:
            raise ValueError(
                f"step must be larger: a range has at most {_MOST_STEPS:,} steps. Received: low={self.low}, "
                f"high={self.high}, step={self.step}"
            )
        if self.per is not None and self.when:
            raise ValueError("a range has either `per` or `when`, not both")
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

    def grid(self) -> tuple[Number, ...] | None:
        """All numbers of the range, lowest first; ``None`` if they cannot be counted."""
        if self.step is None and not self.is_integer:
            return None
        low, step = Decimal(str(self.low)), Decimal(str(self.step or 1))
        count = int((Decimal(str(self.highest)) - low) / step) + 1
        return tuple(self.number(low + number * step) for number in range(count))


class Choices(Domain):
    """One of the listed values."""

    choices: Annotated[tuple[Value, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _each_once(self) -> "Choices":
        if len(set(self.choices)) < len(self.choices):
            raise ValueError(f"each choice may appear once; 1, 1.0 and true are equal. Received: {self.choices}")
        return self


def _kind(given: Any) -> Literal["Choices", "Range"]:
    return "Choices" if isinstance(given, Choices) or (isinstance(given, dict) and "choices" in given) else "Range"


AnyDomain = Annotated[Annotated[Range, Tag("Range")] | Annotated[Choices, Tag("Choices")], Discriminator(_kind)]
Space = Mapping[str, Range | Choices]

SHIPPED_SPACE: dict[str, Range | Choices] = {
    "training.optimizer": Choices(choices=("rmsprop", "adam", "sgd")),
    "training.learning_rate": Range(low=1e-5, high=1e-1, log=True),
    "training.batch_size": Choices(choices=(8, 16)),
    "model.num_dense_layers": Range(low=1, high=5),
    "model.dense_neurons": Range(low=64, high=512, step=64, per="model.num_dense_layers"),
    "model.dropout_rate": Choices(choices=(0.1, 0.3, 0.5)),
}


def check_space(space: Space) -> None:
    """Refuse keys that cannot be searched and conditions on what is not searched.

    Raises:
        ValueError: the message names the key.
    """
    for key, domain in space.items():
        if key in _NOT_SEARCHABLE:
            raise ValueError(
                f"{key} cannot be searched: a trial is one network, and where it is trained does not change it. "
                f"Expected: another key of training or model, or data.image_size"
            )
        if not key.startswith(SEARCHABLE):
            raise ValueError(
                f"{key} cannot be searched: scores of different data or rules do not compare. Expected: a key of "
                f"model or training, or data.image_size"
            )
        if isinstance(domain, Range) and domain.per is not None:
            _check_count(key, domain.per, space.get(domain.per))
        for parent, values in domain.when.items():
            _check_parent(key, parent, values, space.get(parent))


def _check_count(key: str, name: str, count: Range | Choices | None) -> None:
    if not isinstance(count, Range) or not count.is_integer or count.per or count.when or count.low < 1:
        raise ValueError(
            f"`per` of {key} must name a searched range of whole numbers from 1 on that has neither `per` nor "
            f"`when`. Received: {name!r}"
        )


def _check_parent(key: str, name: str, values: tuple[Value, ...], parent: Range | Choices | None) -> None:
    if not isinstance(parent, Choices) or parent.when or not set(values) <= set(parent.choices):
        allowed = f" from {list(parent.choices)}" if isinstance(parent, Choices) else ""
        raise ValueError(
            f"`when` of {key} must name searched choices that have no `when`, and values{allowed} of "
            f"them. Received: {name}: {list(values)}"
        )
