"""95 % intervals of means over labels: how far each label may be off, and how the labels go together.

Each label brings how far its metric may lie below and above (MOVER: Zou and Donner, Statistics in Medicine
2008;27:1693–1702), and how well that is known: its degrees of freedom. Those of the mean follow from them
(Satterthwaite, Biometrics Bulletin 1946;2:110–114), so that a mean of one frequent and many rare labels is as uncertain
as the rare ones make it. Where the rare labels are those of the same few patients, few patients also say little about
how the labels go together: then the degrees of freedom are those of these patients.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Floats
from xraykit.evaluation.statistics.intervals import LEVEL, NORMAL_QUANTILE, degrees_of_freedom

_MOST_DEGREES = 1e9


@dataclass(frozen=True)
class Term:
    """What a label adds to a mean.

    Attributes:
        value: Its metric.
        below: How far the lower end of a 95 % interval is away, had the variance been known (normal quantile), ≥ 0.
        above: The same of the upper end.
        degrees: Degrees of freedom of the variance; infinite where the distances allow for that.
        weights: Share of each patient in the cases of the rarer class ``(patients,)``.
    """

    value: float
    below: float
    above: float
    degrees: float
    weights: Floats


def mean_interval(terms: Sequence[Term], correlations: Floats, lowest: float, highest: float) -> list[float]:
    """95 % interval of the mean of the terms.

    Args:
        terms: Of L labels, one at least.
        correlations: Of the metrics between the labels ``(L, L)``.
        lowest: The least value that the mean can take, such as 0.
        highest: The greatest.

    Returns:
        ``[low, high]``, around the mean.
    """
    mean = math.fsum(term.value for term in terms) / len(terms)
    stretch = float(special.stdtrit(_degrees(terms), (1 + LEVEL) / 2)) / NORMAL_QUANTILE
    below, above = np.array([term.below for term in terms]), np.array([term.above for term in terms])
    sides = (_spread(below, correlations), _spread((below + above) / 2, correlations), _spread(above, correlations))
    # A mean of many is less skewed than each of them, by the root of how many there are.
    skew = (sides[2] - sides[0]) / 2 / math.sqrt(_labels_that_count(terms))
    low, high = mean - stretch * max(0.0, sides[1] - skew), mean + stretch * max(0.0, sides[1] + skew)
    return [max(lowest, low), min(highest, high)]


def resampled_correlations(values: Floats) -> Floats:
    """Correlations between labels ``(L, L)`` of a metric in each resample ``(L, r)``; 0 where it does not vary."""
    exists = ~np.isnan(values)
    counts = np.maximum(1, exists.sum(axis=1, keepdims=True))
    deviations = np.where(exists, values - np.where(exists, values, 0).sum(axis=1, keepdims=True) / counts, 0)
    lengths = np.linalg.norm(deviations, axis=1)
    directions = deviations / np.where(lengths > 0, lengths, 1)[:, None]
    correlations = np.clip(directions @ directions.T, -1, 1)
    np.fill_diagonal(correlations, 1)
    return correlations


def _spread(distances: Floats, correlations: Floats) -> float:
    """Distance of a mean from those of its terms ``(L,)``."""
    return math.sqrt(max(0.0, float(distances @ correlations @ distances))) / len(distances)


def _spreads(terms: Sequence[Term]) -> Floats:
    return np.array([((term.below + term.above) / 2) ** 2 for term in terms])


def _labels_that_count(terms: Sequence[Term]) -> float:
    """As how many equally uncertain labels these are, 1 to L."""
    spreads = _spreads(terms)
    squared = float(spreads @ spreads)
    return float(spreads.sum()) ** 2 / squared if squared else 1.0


def _degrees(terms: Sequence[Term]) -> float:
    spreads = _spreads(terms)
    total = float(spreads.sum())
    if not total:
        return _MOST_DEGREES
    of_labels = float(np.sum(spreads**2 / np.array([term.degrees for term in terms])))
    of_patients = (spreads / total) @ np.array([term.weights for term in terms])
    concerned = degrees_of_freedom(1 / float(of_patients @ of_patients))
    return min(_MOST_DEGREES, concerned, total**2 / of_labels if of_labels else _MOST_DEGREES)
