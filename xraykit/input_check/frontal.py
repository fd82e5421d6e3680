"""How frontal a chest radiograph is: what a lateral lacks, measured against the training pictures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from xraykit.input_check.cloud import FALSE_ALARMS, Cloud
from xraykit.input_check.measures import Vector, midline, resemblance

_LEAST_SPREAD = 0.01
_LEAST_DISTANCE = 0.01
_LEAST_LIMIT = 5.0


@dataclass(frozen=True)
class Frontal:
    """What frontal training pictures are like, in three measures, and how far a picture may fall short of them.

    The measures: how much brighter the middle is than the lungs' places, the resemblance to the mean training picture,
    and how near it is to it (minus the logarithm of the distance). Any of them may be small in a frontal radiograph
    with a large effusion or a turned patient; all of them at once seldom are.

    Attributes:
        middles: Each measure of the middle training picture.
        spreads: How far the training pictures reach below it: a standard deviation, judged by the 0.05 quantile.
        limit: Sum of the shortfalls, in spreads, beyond which a picture may be a lateral.
    """

    middles: tuple[float, ...]
    spreads: tuple[float, ...]
    limit: float

    def shortfall(self, measured: Vector) -> float:
        """Sum of what three measures ``(3,)`` lack of the middle training picture's, in spreads, 0 and up."""
        return float(np.maximum((np.array(self.middles) - measured) / np.array(self.spreads), 0).sum())

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Frontal":
        """What :meth:`as_values` gave.

        Raises:
            KeyError, TypeError, ValueError: the values are not those.
        """
        middles, spreads = (tuple(float(number) for number in values[name]) for name in ("middles", "spreads"))
        limit = float(values["limit"])
        if len(middles) != 3 or len(spreads) != 3 or not np.isfinite([*middles, *spreads, limit]).all():
            raise ValueError("the middles, spreads or limit of frontal pictures are not 3, 3 and 1 finite numbers")
        if min(*spreads, limit) <= 0:
            raise ValueError("a spread or the limit of frontal pictures is not above 0")
        return cls(middles, spreads, limit)


def frontal_measures(thumbnail: Vector, mean: Vector, distance: float) -> Vector:
    """The three measures ``(3,)`` of :class:`Frontal`.

    Args:
        thumbnail: ``(d,)`` layout.
        mean: ``(d,)`` mean training picture.
        distance: Of the layout from it, in typical ones.
    """
    near = -np.log(max(distance, _LEAST_DISTANCE))
    return np.array([midline(thumbnail), resemblance(thumbnail, mean), near])


def fit_frontal(layouts: Vector, cloud: Cloud, distances: Vector) -> Frontal:
    """What the training pictures are like.

    Those beyond the cloud's own limit set no limit here. They are flagged anyway, and some of them really are no
    frontal radiographs, or turned ones.

    Args:
        layouts: ``(n, d)`` of the training pictures.
        cloud: Fitted on them.
        distances: ``(n,)`` of them, held out; see :func:`xraykit.input_check.cloud.fit_cloud`.
    """
    pairs = zip(layouts, distances, strict=True)
    measured = np.stack([frontal_measures(each, cloud.mean, float(distance)) for each, distance in pairs])
    middles, low = np.quantile(measured, (0.5, 0.05), axis=0)
    spreads = np.maximum((middles - low) / 1.645, _LEAST_SPREAD)
    unlimited = Frontal(tuple(middles.tolist()), tuple(spreads.tolist()), np.inf)
    shortfalls = [unlimited.shortfall(each) for each in measured[distances <= cloud.limit]]
    return Frontal(unlimited.middles, unlimited.spreads, _limit(np.array(shortfalls)))


def _limit(shortfalls: Vector) -> float:
    """What ``1 - FALSE_ALARMS`` of the shortfalls stay below.

    Few pictures do not reach so far out: it is at least what a normal distribution with the same median and the same
    95th percentile reaches.
    """
    middle, high, seen = np.quantile(shortfalls, (0.5, 0.95, 1 - FALSE_ALARMS))
    farther = NormalDist().inv_cdf(1 - FALSE_ALARMS) / NormalDist().inv_cdf(0.95)
    return float(max(seen, middle + (high - middle) * farther, _LEAST_LIMIT))
