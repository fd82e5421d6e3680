"""The training pictures that the check is fitted on: without a few that are turned or far from the others.

Without this, 5 % of inverted pictures among those of training would set the limit of being inverted so high that no
inverted picture is flagged any more. The rule holds while most pictures are right; benchmarks/input_check.py measures
it with up to a tenth of wrong pictures.
"""

import numpy as np
import numpy.typing as npt

from xraykit.input_check.measures import THUMBNAIL, Vector

_ROUNDS = 3
_LEAST_GAIN = 0.3
_ALIKE = 0.4  # pictures that are less alike have no common orientation
_USUAL = 0.1
"""A picture is taken for a changed one if, changed back, it resembles the others more than this share of them do."""


def stands_right(layouts: Vector) -> npt.NDArray[np.bool_]:
    """Which pictures are neither inverted nor turned, as far as the others show.

    A frontal radiograph with an opaque lung resembles the others little, but does not resemble them well after black
    and white were exchanged either; a changed picture does. So the sickest lungs stay in.

    Args:
        layouts: ``(n, d)``, of :func:`xraykit.input_check.measures.layout`.

    Returns:
        ``(n,)``; all true if that would leave less than half.
    """
    centre = np.median(layouts, axis=0)
    right = np.ones(len(layouts), bool)
    for _ in range(_ROUNDS):
        as_is, most = _gained(layouts, centre)
        right = ~((most > _LEAST_GAIN) & (as_is + most > max(np.quantile(as_is[right], _USUAL), _ALIKE)))
        if right.sum() * 2 < len(layouts):
            return np.ones(len(layouts), bool)
        centre = layouts[right].mean(axis=0)
    return right


def _gained(layouts: Vector, centre: Vector) -> tuple[Vector, Vector]:
    """How much each layout resembles the centre, and how much more it does after the best of all changes."""
    as_is, square = _resemblances(layouts, centre), centre.reshape(THUMBNAIL, THUMBNAIL)
    # A picture turned to the left resembles the centre as the picture does the centre turned to the right.
    turned = [_resemblances(layouts, np.rot90(square, -turn).ravel()) for turn in (1, 2, 3)]
    return as_is, np.max([-as_is, *turned], axis=0) - as_is


def _resemblances(layouts: Vector, other: Vector) -> Vector:
    """:func:`xraykit.input_check.measures.resemblance` of each layout ``(n, d)`` with another one ``(d,)``."""
    norms = np.linalg.norm(layouts, axis=1) * np.linalg.norm(other)
    return np.where(norms > 1e-6, layouts @ other / np.maximum(norms, 1e-6), 0.0)
