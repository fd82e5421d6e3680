"""Points that are chosen before a strategy draws: the user's starting points, and the combinations of a grid."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial

from xraykit.config import Choices, Search, Space, Value
from xraykit.search.space import Parameter, assemble, parameters, parameters_of
from xraykit.search.strategies.strategy import Proposal
from xraykit.search.trial_records import COMBINATION, STARTING_POINT


def starting_point(search: Search, trials: Sequence[FrozenTrial], *, gridded: bool) -> Proposal | None:
    """The first of the user's starting points that no trial has.

    Args:
        search: The section.
        trials: All trials of the study, waiting ones too.
        gridded: Whether the point is completed to the first combination of the grid that no trial has.

    Returns:
        The parameters that the point sets, and its mark; ``None`` if no point is left.
    """
    begun = {trial.user_attrs.get(STARTING_POINT) for trial in trials}
    for point in search.enqueue:
        chosen, mark = canonical(search.space, parameters_of(search.space, point))
        if mark not in begun:
            proposal = next_combination(search.space, trials, chosen) if gridded else Proposal(chosen)
            if proposal is not None:
                return Proposal(proposal.parameters, {STARTING_POINT: mark, **proposal.marks})
    return None


def next_combination(space: Space, trials: Sequence[FrozenTrial], fixed: Mapping[str, Value]) -> Proposal | None:
    """The first combination with the values ``fixed`` that no trial has; ``None`` if there is none."""
    begun = begun_combinations(trials)
    for drawn in grid(space, fixed):
        combination, mark = canonical(space, drawn)
        if mark not in begun:
            return Proposal(combination, {COMBINATION: mark})
    return None


def begun_combinations(trials: Sequence[FrozenTrial]) -> set[str | None]:
    """Marks of all combinations that a trial has."""
    return {trial.user_attrs.get(COMBINATION) for trial in trials}


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


def canonical(space: Space, drawn: Mapping[str, Value]) -> tuple[dict[str, Value], str]:
    """The same numbers however they were written, 1 or 1.0, and a mark that stands for them."""
    exact = parameters_of(space, assemble(space, drawn))
    return exact, json.dumps(exact, sort_keys=True)
