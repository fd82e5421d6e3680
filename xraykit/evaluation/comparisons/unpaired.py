"""Metrics of two sets of different patients: how far apart they are, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.evaluation.statistics.contrasts import distances
from xraykit.evaluation.statistics.intervals import Interval

INDEPENDENT_OF_PREVALENCE = ("roc_auc", "sensitivity", "specificity")
"""The metrics that may be compared between collections. Average precision, predictive values, F1, Matthews'
correlation and the Brier score change with the prevalence alone."""


def unpaired_differences(
    first: Mapping[str, Any], second: Mapping[str, Any], names: Sequence[str] = INDEPENDENT_OF_PREVALENCE
) -> dict[str, Any]:
    """Metrics of the second set minus those of the first, whose patients are others.

    The interval follows from those of the two (MOVER: Zou and Donner, Statistics in Medicine 2008;27:1693–1702). It is
    valid only where no patient is in both sets.

    Args:
        first: Metrics of a label, or macro means, from :func:`xraykit.evaluation.evaluate`.
        second: The same of the other set.
        names: Of the metrics.

    Returns:
        For each name ``NAME_difference`` and its 95 % ``NAME_difference_interval``; None where one of the two metrics,
        or its interval, does not exist.
    """
    found: dict[str, Any] = {}
    for name in names:
        difference, interval = _difference(first, second, name)
        found |= {f"{name}_difference": difference, f"{name}_difference_interval": interval}
    return found


def _difference(first: Mapping[str, Any], second: Mapping[str, Any], name: str) -> tuple[float | None, Interval]:
    before, after = first.get(name), second.get(name)
    if before is None or after is None:
        return None, None
    difference, around = after - before, [each.get(f"{name}_interval") for each in (first, second)]
    if around[0] is None or around[1] is None:
        return difference, None
    below, above = distances((before, around[0]), (after, around[1]), 0.0)
    return difference, [max(-1.0, difference - below), min(1.0, difference + above)]
