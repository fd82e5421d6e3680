"""The search space as Keras Tuner declares it, and its values in both directions.

Choices are declared as JSON, for Keras Tuner takes only one type at a time and makes whole numbers of true and false.
Ranges with a step are declared as the numbers on it, for Keras Tuner adds up steps and rounds their number down.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import keras_tuner

from xraykit.config import Choices, Range, Space, Value
from xraykit.search.space import Parameter, assemble, parameters, parameters_of


def declare(space: Space, *, gridded: bool) -> Any:
    """All parameters of a space as Keras Tuner's hyperparameters, each under the conditions of its existence.

    Args:
        space: Path of an experiment's key to what it may be.
        gridded: Whether every range is to be declared as a list of numbers.
    """
    hyperparameters = keras_tuner.HyperParameters()
    for parameter in parameters(space):
        with conditions(hyperparameters, parameter, space):
            declare_parameter(hyperparameters, parameter, gridded=gridded)
    return hyperparameters


def encode(space: Space, named: Mapping[str, Value]) -> dict[str, Any]:
    """Values of parameters, by name, as Keras Tuner's values."""
    entries = {parameter.name: parameter for parameter in parameters(space)}
    return {name: _encoded(entries[name], value) for name, value in named.items()}


def decode(space: Space, drawn: Mapping[str, Any]) -> dict[str, Value]:
    """Keras Tuner's values as values of parameters, by name, exactly on their grid."""
    known = {each.name: _decoded(each, drawn[each.name]) for each in parameters(space) if each.name in drawn}
    return parameters_of(space, assemble(space, known))


def with_point(hyperparameters: Any, drawn: Mapping[str, Any], point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Drawn values with those of a starting point in their place.

    Args:
        hyperparameters: Of the space.
        drawn: Keras Tuner's values, with those that an oracle adds.
        point: Keras Tuner's values of some or all parameters.
        seed: For parameters that exist only beside the point's values.
    """
    filled = keras_tuner.HyperParameters()
    for position, entry in enumerate(hyperparameters.space):
        filled.merge([entry])
        if filled.is_active(entry):
            values = {entry.name: entry.random_sample(seed + position), **drawn, **point}
            filled.values[entry.name] = values[entry.name]
    names = {entry.name for entry in hyperparameters.space}
    return {**filled.values, **{name: value for name, value in drawn.items() if name not in names}}


def declare_parameter(hyperparameters: Any, parameter: Parameter, *, gridded: bool) -> Any:
    """Declare one parameter, under its :func:`conditions`.

    Returns:
        Its value in ``hyperparameters`` as Keras Tuner writes it; ``None`` if its conditions are not met.
    """
    name, domain = parameter.name, parameter.domain
    if isinstance(domain, Choices):
        return hyperparameters.Choice(name, [json.dumps(choice) for choice in domain.choices])
    numbers = domain.grid() if gridded or domain.step is not None else None
    sampling = "log" if domain.log else "linear"
    if numbers is not None:
        return hyperparameters.Choice(name, list(numbers))
    if domain.is_integer:
        return hyperparameters.Int(name, domain.low, domain.high, sampling=sampling)
    return hyperparameters.Float(name, domain.low, domain.high, sampling=sampling)


def conditions(hyperparameters: Any, parameter: Parameter, space: Space) -> AbstractContextManager[Any]:
    """A context in which what is declared exists only where ``parameter`` does; its parents are declared before."""
    scopes = ExitStack()
    for name, values in parameter.domain.when.items():
        parent = space[name]
        choices = parent.choices if isinstance(parent, Choices) else ()
        allowed = [json.dumps(choice) for choice in choices if choice in values]
        scopes.enter_context(hyperparameters.conditional_scope(name, allowed))
    if parameter.position is not None and parameter.count is not None:
        count = space[parameter.count]
        lengths = _lengths(count, parameter.position) if isinstance(count, Range) else []
        scopes.enter_context(hyperparameters.conditional_scope(parameter.count, lengths))
    return scopes


def _lengths(count: Range, position: int) -> list[int]:
    """Lengths of a list with an element at ``position``; Keras Tuner may go one too far on a logarithmic range."""
    possible = range(int(count.low), int(count.high) + (2 if count.log else 1), int(count.step or 1))
    return [length for length in possible if length >= position]


def _encoded(parameter: Parameter, value: Value) -> Any:
    if isinstance(parameter.domain, Choices):
        return json.dumps(value)
    return int(value) if parameter.domain.is_integer else float(value)


def _decoded(parameter: Parameter, value: Any) -> Value:
    return json.loads(value) if isinstance(parameter.domain, Choices) else value  # type: ignore[no-any-return]
