"""Which training pictures the screen may be fitted on: not those that stand wrong or lie far off, if they are few.

Without this, 5 % of inverted pictures among those of training would set the limit of being inverted so high that no
inverted picture is flagged any more. The rule holds while most pictures are right; benchmarks/screening.py measures it
with up to a tenth of wrong ones.
"""

import numpy as np
import numpy.typing as npt

from xraykit.screening.measures import Vector, gains, resemblance

_ROUNDS = 3
_LEAST_GAIN = 0.3
_ALIKE = 0.4  # pictures that are less alike have no common way to stand
_USUAL = 0.1
"""A picture is taken for a changed one if, changed back, it resembles the others more than this share of them do."""


def stands_right(layouts: Vector) -> npt.NDArray[np.bool_]:
    """Which pictures are neither inverted nor turned, as far as the others show.

    A frontal radiograph with an opaque lung resembles the others little, but does not resemble them well after black
    and white were exchanged either; a changed picture does. So the sickest lungs stay in.

    Args:
        layouts: ``(n, d)``, of :func:`xraykit.screening.measures.layout`.

    Returns:
        ``(n,)``; all true if that would leave less than half.
    """
    centre = np.median(layouts, axis=0)
    right = np.ones(len(layouts), bool)
    for _ in range(_ROUNDS):
        as_is = np.array([resemblance(each, centre) for each in layouts])
        most = np.array([max(gains(each, centre).values()) for each in layouts])
        right = ~((most > _LEAST_GAIN) & (as_is + most > max(np.quantile(as_is[right], _USUAL), _ALIKE)))
        if right.sum() * 2 < len(layouts):
            return np.ones(len(layouts), bool)
        centre = layouts[right].mean(axis=0)
    return right
