"""How far a picture may be from those of training: limits that the training pictures themselves set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from xraykit.input_check.measures import CHANGES, Vector, gains

_GAIN_FALSE_ALARMS = 0.001
_LEAST_GAIN = 0.1
_CONSTANT_SHARE, _LEAST_CONTRAST = 0.5, 2.0


@dataclass(frozen=True)
class Limits:
    """Limits of single measures.

    Attributes:
        contrast: Least standard deviation of the greys.
        gains: How much more a picture may resemble the mean training picture after each of
            :data:`xraykit.input_check.measures.CHANGES`, 0 to 2.
    """

    contrast: float
    gains: Mapping[str, float]

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Limits":
        """The limits that :meth:`as_values` gave.

        Raises:
            ArithmeticError, KeyError, TypeError, ValueError: the values are not those of limits.
        """
        allowed = {name: float(values["gains"][name]) for name in CHANGES}
        contrast = float(values["contrast"])
        if not np.isfinite([contrast, *allowed.values()]).all():
            raise ValueError("a limit is not finite")
        return cls(contrast, allowed)


def fit_limits(layouts: Vector, mean: Vector, contrasts: Vector) -> Limits:
    """The limits that the training pictures set.

    Args:
        layouts: ``(n, d)``, of :func:`xraykit.input_check.measures.layout`.
        mean: ``(d,)``, the mean training picture.
        contrasts: ``(n,)`` standard deviations of the greys.
    """
    gained = [gains(each, mean) for each in layouts]
    return Limits(
        max(_LEAST_CONTRAST, _CONSTANT_SHARE * float(np.quantile(contrasts, 0.01))),
        {name: _most_gain(np.array([each[name] for each in gained])) for name in CHANGES},
    )


def _most_gain(gained: Vector) -> float:
    """As far above the median as a normal distribution's 0.999 quantile is, judged by the 0.95 quantile.

    The largest gain seen would not do: a few radiographs of large collections really are inverted or turned.
    """
    middle, high = np.quantile(gained, (0.5, 0.95))
    farther = NormalDist().inv_cdf(1 - _GAIN_FALSE_ALARMS) / NormalDist().inv_cdf(0.95)
    return max(_LEAST_GAIN, float(middle + (high - middle) * farther))
