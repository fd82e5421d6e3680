"""Points of a search space: its ends, which the experiment must take, and the starting points that a user names."""

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

from xraykit.config.search.space import Choices, Number, Range, Space, Values


def extremes(space: Space) -> Iterator[tuple[str, Values]]:
    """Values at the ends of the space, one key at a time and then two, as the experiment would be given them.

    A searched number comes with the lists that go with it, a list with its number, and what depends on a choice with
    that choice.

    Yields:
        The key (of two the later one), and path to value.
    """
    ends = {key: list(_ends(space, key, domain)) for key, domain in space.items()}
    for key, each in ends.items():
        for values in each:
            yield key, values
    for first, second in combinations(space, 2):
        for one, other in product(ends[first], ends[second]):
            if all(one[key] == other[key] for key in one.keys() & other.keys()):
                yield second, {**one, **other}


def _ends(space: Space, key: str, domain: Range | Choices) -> Iterator[Values]:
    for parents in _parents(domain):
        if isinstance(domain, Choices):
            yield from ({**parents, key: choice} for choice in domain.choices)
        elif domain.per is None:
            yield from ({**parents, **_with_lists(space, key, end)} for end in (domain.low, domain.highest))
        else:
            yield from _lists(space, key, domain)


def _parents(domain: Range | Choices) -> Iterator[Values]:
    for chosen in product(*domain.when.values()):
        yield dict(zip(domain.when, chosen, strict=True))


def _with_lists(space: Space, key: str, number: Number) -> Values:
    lists = {name: each for name, each in space.items() if isinstance(each, Range) and each.per == key}
    return {key: number, **{name: [each.low] * int(number) for name, each in lists.items()}}


def _lists(space: Space, key: str, domain: Range) -> Iterator[Values]:
    count = space[domain.per or ""]
    if isinstance(count, Range):
        for number in (int(count.low), int(count.highest)):
            for end in (domain.low, domain.highest):
                yield {**_with_lists(space, domain.per or "", number), key: [end] * number}


def outside(point: Mapping[str, Any], space: Space) -> str | None:
    """Why a starting point is not in the space; ``None`` if it is one.

    Args:
        point: Path to value, for some or all keys.
        space: The search space.
    """
    for key, value in point.items():
        domain = space.get(key)
        if domain is None:
            return f"{key} is not searched. Expected: one of {', '.join(space)}"
        if isinstance(domain, Range) and domain.per is not None:
            complaint = _list_outside(key, value, domain, point.get(domain.per))
        else:
            complaint = None if _within(value, domain) else f"{key} is {value!r}. Expected: {_description(domain)}"
        missing = [
            f"{parent}: {values[0]}" for parent, values in domain.when.items() if point.get(parent) not in values
        ]
        if complaint or missing:
            return complaint or f"{key} exists only with {', '.join(missing)}, which must be in the point too"
    return None


def _list_outside(key: str, given: Any, domain: Range, count: Any) -> str | None:
    if not isinstance(given, list | tuple) or len(given) != count:
        return f"{key} is {given!r}. Expected: a list with {domain.per} numbers, and {domain.per} in the point too"
    wrong = [each for each in given if not _within(each, domain)]
    return f"{key} contains {wrong[0]!r}. Expected: {_description(domain)}" if wrong else None


def _within(value: Any, domain: Range | Choices) -> bool:
    if isinstance(domain, Choices):
        return any(value == choice and type(value) is type(choice) for choice in domain.choices)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (domain.is_integer and isinstance(value, float))
    ):
        return False
    if domain.step is None:
        return domain.low <= value <= domain.high
    return value in (domain.grid() or ())


def _description(domain: Range | Choices) -> str:
    if isinstance(domain, Choices):
        return "one of " + ", ".join(map(str, domain.choices))
    steps = "" if domain.step is None else f" in steps of {domain.step}"
    return f"{'a whole number' if domain.is_integer else 'a number'} from {domain.low} to {domain.highest}{steps}"
