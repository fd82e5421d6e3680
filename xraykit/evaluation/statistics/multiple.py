"""Many tests at once: p values adjusted for how many there are."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def holm(p_values: Mapping[Name, float | None]) -> dict[Name, float | None]:
    """P values adjusted for how many there are (Holm, Scandinavian Journal of Statistics 1979;6:65–70).

    If nothing differs anywhere, the smallest of them is below 0.05 in at most one of 20 such families of tests.

    Args:
        p_values: By name of the test; None, which does not count, where there was no test.
    """
    adjusted, largest = dict(p_values), 0.0
    tested = sorted(((p, name) for name, p in p_values.items() if p is not None), key=lambda test: test[0])
    for place, (p, name) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - place) * p))
        adjusted[name] = largest
    return adjusted
