"""The search space for every strategy: the same parameters with the same names and bounds.

A list-valued key (``per`` in its range) becomes one parameter for each element, named ``KEY_1``, ``KEY_2``, ... They
come after the whole number of how many of them exist, and keys that depend on a choice (``when``) after that choice,
so that it is drawn first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from xraykit.config import Choices, Range, Space, Value


class Draw(Protocol):
    """How the value of one parameter is chosen, within its bounds, both included."""

    def integer(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of ``low``, ``low + step``, ..., ``high``."""

    def floating(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """A number from ``low`` to ``high``, on a grid of ``step`` if there is one."""

    def categorical(self, name: str, choices: tuple[Value, ...]) -> Value:
        """One of ``choices``, with its type."""


@dataclass(frozen=True)
class Parameter:
    """One number or choice that is drawn.

    Attributes:
        name: The key, or ``KEY_1``, ``KEY_2``, ... for the elements of a list.
        key: Path of the experiment's key.
        domain: What it may be.
        position: 1-based position in the list; ``None`` if the key is no list.
    """

    name: str
    key: str
    domain: Range | Choices
    position: int | None = None

    @property
    def count(self) -> str | None:
        """Name of the parameter that is the length of the list."""
        return self.domain.per if isinstance(self.domain, Range) else None

    def exists(self, drawn: Mapping[str, Any]) -> bool:
        """Whether a trial with the values ``drawn`` so far has this parameter."""
        if any(drawn.get(parent) not in values for parent, values in self.domain.when.items()):
            return False
        return self.position is None or self.count is None or self.position <= drawn[self.count]


def parameters(space: Space) -> tuple[Parameter, ...]:
    """All parameters that may exist in some trial; counts and choices before what depends on them."""
    return (*sorted(_plain(space), key=lambda parameter: bool(parameter.domain.when)), *_elements(space))


def _plain(space: Space) -> Iterator[Parameter]:
    for key, domain in space.items():
        if isinstance(domain, Choices) or domain.per is None:
            yield Parameter(key, key, domain)


def _elements(space: Space) -> Iterator[Parameter]:
    for key, domain in space.items():
        if isinstance(domain, Range) and domain.per is not None:
            count = space[domain.per]
            most = int(count.highest) if isinstance(count, Range) else 0
            for position in range(1, most + 1):
                yield Parameter(f"{key}_{position}", key, domain, position)


def suggest(space: Space, draw: Draw) -> dict[str, Any]:
    """Draw the values of one trial.

    Args:
        space: Path of an experiment's key to what it may be.
        draw: Chooses each value.

    Returns:
        Path to value; a list for a key with ``per``.
    """
    drawn: dict[str, Value] = {}
    for parameter in parameters(space):
        if parameter.exists(drawn):
            drawn[parameter.name] = draw_parameter(parameter, draw)
    return assemble(space, drawn)


def draw_parameter(parameter: Parameter, draw: Draw) -> Value:
    """Choose one parameter's value, or declare it, within the bounds of its domain."""
    name, domain = parameter.name, parameter.domain
    if isinstance(domain, Choices):
        return draw.categorical(name, domain.choices)
    low, high, step = domain.low, domain.highest, domain.step
    if domain.is_integer:
        return draw.integer(name, int(low), int(high), step=int(step or 1), log=domain.log)
    return draw.floating(name, float(low), float(high), step=None if step is None else float(step), log=domain.log)


def assemble(space: Space, drawn: Mapping[str, Value]) -> dict[str, Any]:
    """From parameters to the experiment's values.

    Args:
        space: Path of an experiment's key to what it may be.
        drawn: Parameter name to value; for an interrupted trial some may be missing.

    Returns:
        Path to value in the order of ``space``; numbers with a step are exactly on their grid.
    """
    values: dict[str, Any] = {}
    for parameter in parameters(space):
        if parameter.name in drawn:
            value = _exact(parameter.domain, drawn[parameter.name])
            if parameter.position is None:
                values[parameter.key] = value
            else:
                values.setdefault(parameter.key, []).append(value)
    return {key: values[key] for key in space if key in values}


def parameters_of(space: Space, values: Mapping[str, Any]) -> dict[str, Value]:
    """From values of the experiment, such as a starting point, to parameters.

    Args:
        space: Path of an experiment's key to what it may be.
        values: Path to value, for some or all keys.

    Returns:
        Parameter name to value: the inverse of :func:`assemble`.
    """
    named: dict[str, Value] = {}
    for parameter in parameters(space):
        if parameter.key in values:
            value = values[parameter.key]
            if parameter.position is None:
                named[parameter.name] = value
            elif parameter.position <= len(value):
                named[parameter.name] = value[parameter.position - 1]
    return named


def _exact(domain: Range | Choices, value: Value) -> Value:
    """Optuna and Keras Tuner return 0.30000000000000004 on a grid of 0.1, or exceed a bound by a rounding error."""
    if isinstance(domain, Choices) or isinstance(value, str):
        return value
    value = min(max(value, domain.low), domain.highest)
    if domain.step is None:
        return domain.number(Decimal(value))
    steps = round((value - domain.low) / domain.step)
    return domain.number(Decimal(str(domain.low)) + steps * Decimal(str(domain.step)))
