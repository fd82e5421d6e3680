"""Where the training pictures lie in a space of measures, and how far from them another picture lies.

A Gaussian with a few principal axes and one variance for all other directions: probabilistic principal component
analysis (Tipping and Bishop, Journal of the Royal Statistical Society B 1999;61:611–622).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from xraykit.input_check.measures import Vector

FOLDS = 5
FALSE_ALARMS = 0.003
"""Share of pictures like the training ones that may lie beyond a cloud's limit."""

_LEAST_VARIANCE = 1e-4
_LEAST_TYPICAL = 1.0  # only pictures that are all alike lie nearer
_SCALE = 1000


@dataclass(frozen=True, eq=False)
class Cloud:
    """A Gaussian over vectors of ``d`` measures.

    Attributes:
        mean: ``(d,)``.
        axes: ``(k, d)`` orthonormal directions in which the vectors differ most.
        variances: ``(k,)`` along these.
        rest: Variance along any other direction.
        typical: Distance of the middle one of the training vectors that were not used in fitting.
        limit: Distance, in typical ones, beyond which a vector is unlike those of training.
    """

    mean: Vector
    axes: Vector
    variances: Vector
    rest: float
    typical: float = 1.0
    limit: float = float("inf")

    def distances(self, vectors: Vector) -> Vector:
        """Mahalanobis distances ``(n,)`` of vectors ``(n, d)`` from the mean, in typical ones."""
        off = vectors - self.mean
        along = off @ self.axes.T
        squares = np.sum(along**2 / self.variances, axis=1)
        if len(self.axes) < len(self.mean):
            squares += np.maximum(np.sum(off**2, axis=1) - np.sum(along**2, axis=1), 0) / self.rest
        return np.asarray(np.sqrt(squares) / self.typical)

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold; vectors as texts of thousandths, as they would fill hundreds of lines."""
        return {
            "mean": _text(self.mean),
            "axes": [_text(axis) for axis in self.axes],
            "variances": [float(variance) for variance in self.variances],
            "rest": self.rest,
            "typical": self.typical,
            "limit": self.limit,
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any], width: int) -> "Cloud":
        """The cloud over ``width`` measures that :meth:`as_values` gave.

        Raises:
            ArithmeticError, AttributeError, KeyError, TypeError, ValueError: the values are not those of such a cloud.
        """
        mean, axes = _vector(values["mean"]), np.stack([_vector(axis) for axis in values["axes"]])
        variances = np.array(values["variances"], np.float64)
        scalars = [float(values[name]) for name in ("rest", "typical", "limit")]
        if mean.shape != (width,) or axes.shape != (len(variances), width):
            raise ValueError(f"a vector does not have {width} numbers, or an axis has no variance")
        if not all(0 < value < np.inf for value in (*scalars, *variances)):
            raise ValueError("a variance or a limit is not above 0")
        return cls(mean, axes, variances, *scalars)


def fit_cloud(vectors: Vector, most_axes: int) -> tuple[Cloud, Vector]:
    """Fit a cloud and its limit.

    The limit comes from vectors that were held out of the fit, fold by fold. Folds are blocks in the order given, so
    that most patients, whose radiographs follow one another, are in one fold.

    Args:
        vectors: ``(n, d)`` of the training pictures, n at least 2.
        most_axes: How many axes at most; fewer if there are few vectors.

    Returns:
        The cloud, and the distances ``(n,)`` of the held-out vectors, in typical ones.
    """
    folds = np.arange(len(vectors)) * min(FOLDS, len(vectors)) // len(vectors)
    held_out = np.empty(len(vectors))
    for fold in np.unique(folds):
        held_out[folds == fold] = _fit(vectors[folds != fold], most_axes).distances(vectors[folds == fold])
    cloud = _fit(vectors, most_axes)
    typical = max(float(np.median(held_out)), _LEAST_TYPICAL)
    distances = held_out / typical
    return replace(cloud, typical=typical, limit=_upper_limit(distances)), distances


def _fit(vectors: Vector, most_axes: int) -> Cloud:
    count, width = vectors.shape
    mean = _rounded(vectors.mean(axis=0))
    off = vectors - mean
    variances, axes = np.linalg.eigh(off.T @ off / count)  # in rising order, an axis in each column
    variances, axes = np.maximum(variances[::-1], _LEAST_VARIANCE), axes.T[::-1]
    kept = min(most_axes, width, max(count // 10, 1))
    rest = float(np.mean(variances[kept:])) if kept < width else _LEAST_VARIANCE
    return Cloud(mean, _rounded(axes[:kept]), variances[:kept], rest)


def _upper_limit(distances: Vector) -> float:
    """What ``1 - FALSE_ALARMS`` of the distances stay below.

    Few pictures do not reach so far out: the limit is then that of a log-normal distribution with the same median and
    the same 95th percentile.
    """
    middle, high, seen = np.quantile(distances, (0.5, 0.95, 1 - FALSE_ALARMS))
    farther = NormalDist().inv_cdf(1 - FALSE_ALARMS) / NormalDist().inv_cdf(0.95)
    reached = middle * (high / middle) ** farther if middle > 0 else 0.0
    return float(max(seen, reached, 1.0))


def _rounded(vector: Vector) -> Vector:
    return np.rint(vector * _SCALE) / _SCALE


def _text(vector: Vector) -> str:
    return " ".join(str(int(value)) for value in np.rint(vector * _SCALE))


def _vector(text: str) -> Vector:
    return np.array([int(value) for value in text.split()], np.float64) / _SCALE
