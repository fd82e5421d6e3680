"""Points that are chosen before any sampler draws: the user's starting points, and the combinations of a grid."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial

from xraykit.config.search_section import Search
from xraykit.config.search_space import Choices, Space, Value
from xraykit.search.space import Parameter, assemble, parameters, parameters_of

STARTING_POINT = "starting_point"
COMBINATION = "combination"


class Exhausted(Exception):
    """Every combination of the grid was begun."""


def next_point(search: Search, trials: Sequence[FrozenTrial]) -> tuple[dict[str, Value], dict[str, str]]:
    """What the next trial must be, as far as it is chosen.

    Args:
        search: The section.
        trials: All trials of the study, waiting ones too: none does a starting point or a combination twice.

    Returns:
        Parameter name to value, for those that no sampler draws, and how the trial is marked with that; both may be
        empty.

    Raises:
        Exhausted: no combination of the grid is left.
    """
    begun = {trial.user_attrs.get(STARTING_POINT) for trial in trials}
    gridded = search.optuna.sampler == "grid"
    for point in search.enqueue:
        chosen, mark = _canonical(search.space, parameters_of(search.space, point))
        if mark not in begun:
            if not gridded:
                return chosen, {STARTING_POINT: mark}
            if combination := next_combination(search.space, trials, chosen):
                return combination[0], {STARTING_POINT: mark, **combination[1]}
    if not gridded:
        return {}, {}
    combination = next_combination(search.space, trials, {})
    if combination is None:
        raise Exhausted
    return combination


def next_combination(
    space: Space, trials: Sequence[FrozenTrial], fixed: Mapping[str, Value]
) -> tuple[dict[str, Value], dict[str, str]] | None:
    """The first combination with the values ``fixed`` that no trial has; ``None`` if there is none."""
    begun = {trial.user_attrs.get(COMBINATION) for trial in trials}
    for drawn in grid(space, fixed):
        combination, mark = _canonical(space, drawn)
        if mark not in begun:
            return combination, {COMBINATION: mark}
    return None


def grid(space: Space, fixed: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
    """Every combination of a space's values once, without the parameters that do not exist in it.

    Args:
        space: Only choices, whole numbers and ranges with a step.
        fixed: Parameter name to its only value.
    """
    yield from _extended({}, parameters(space), fixed)


def _extended(
    drawn: dict[str, Value], left: tuple[Parameter, ...], fixed: Mapping[str, Value]
) -> Iterator[dict[str, Value]]:
    if not left:
        yield drawn
    elif not left[0].exists(drawn):
        yield from _extended(drawn, left[1:], fixed)
    else:
        name = left[0].name
        for value in (fixed[name],) if name in fixed else _listed(left[0]):
            yield from _extended({**drawn, name: value}, left[1:], fixed)


def _listed(parameter: Parameter) -> tuple[Any, ...]:
    domain = parameter.domain
    return domain.choices if isinstance(domain, Choices) else domain.grid() or ()


def _canonical(space: Space, drawn: Mapping[str, Value]) -> tuple[dict[str, Value], str]:
    """The same numbers however they were written, 1 or 1.0, and a name for them."""
    exact = parameters_of(space, assemble(space, drawn))
    return exact, json.dumps(exact, sort_keys=True)
