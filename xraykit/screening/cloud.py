"""Where the training pictures lie in a space of measures, and how far from them another picture lies.

A Gaussian with a few principal axes and one variance for all other directions: probabilistic principal component
analysis (Tipping and Bishop, Journal of the Royal Statistical Society B 1999;61:611–622).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from xraykit.screening.measures import Vector

FOLDS = 5
FALSE_ALARMS = 0.003
"""Share of pictures like the training ones that may lie beyond a cloud's limit."""

_LEAST_VARIANCE = 1e-4
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

    def distance(self, vector: Vector) -> float:
        """Mahalanobis distance from the mean, in typical ones: 1 for the middle one of the training pictures."""
        off = vector - self.mean
        along = self.axes @ off
        square = float(np.sum(along**2 / self.variances))
        if len(self.axes) < len(self.mean):
            square += max(float(off @ off - along @ along), 0.0) / self.rest
        return float(np.sqrt(square)) / self.typical

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
    def from_values(cls, values: Mapping[str, Any]) -> "Cloud":
        """The cloud that :meth:`as_values` gave.

        Raises:
            KeyError, TypeError, ValueError: the values are not those of a cloud.
        """
        mean = _vector(values["mean"])
        axes = np.array([_vector(axis) for axis in values["axes"]]).reshape(-1, len(mean))
        variances = np.array(values["variances"], np.float64)
        scalars = [float(values[name]) for name in ("rest", "typical", "limit")]
        if variances.shape != (len(axes),):
            raise ValueError(f"there are {len(axes)} axes and {variances.size} variances")
        if not all(0 < value < np.inf for value in (*scalars, *variances)):
            raise ValueError("a variance or a limit is not above 0")
        return cls(mean, axes, variances, *scalars)


def fit_cloud(vectors: Vector, most_axes: int) -> Cloud:
    """Fit a cloud and its limit.

    The limit comes from vectors that were held out of the fit, fold by fold. Folds are blocks in the order given, so
    that most patients, whose radiographs follow one another, are in one fold.

    Args:
        vectors: ``(n, d)`` of the training pictures, n at least 2.
        most_axes: How many axes at most; fewer if there are few vectors.
    """
    folds = np.arange(len(vectors)) * min(FOLDS, len(vectors)) // len(vectors)
    held_out = np.empty(len(vectors))
    for fold in np.unique(folds):
        cloud = _fit(vectors[folds != fold], most_axes)
        held_out[folds == fold] = [cloud.distance(vector) for vector in vectors[folds == fold]]
    cloud = _fit(vectors, most_axes)
    typical = max(float(np.median(held_out)), _LEAST_VARIANCE)
    limit = _upper_limit(held_out / typical)
    return replace(cloud, typical=typical, limit=limit)


def _fit(vectors: Vector, most_axes: int) -> Cloud:
    count, width = vectors.shape
    mean = _rounded(vectors.mean(axis=0))
    _, singular, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    variances = np.maximum(singular**2 / count, _LEAST_VARIANCE)
    kept = min(most_axes, len(variances), max(count // 10, 1))
    rest = float(singular[kept:] @ singular[kept:]) / count / max(width - kept, 1)
    return Cloud(mean, _rounded(axes[:kept]), variances[:kept], max(rest, _LEAST_VARIANCE))


def _upper_limit(distances: Vector) -> float:
    """What ``1 - FALSE_ALARMS`` of the distances stay below.

    Few pictures do not reach so far out: the limit is then that of a log-normal distribution with the same median and
    the same 95th percentile.
    """
    middle, high, seen = np.quantile(distances, (0.5, 0.95, 1 - FALSE_ALARMS))
    farther = NormalDist().inv_cdf(1 - FALSE_ALARMS) / NormalDist().inv_cdf(0.95)
    return float(max(seen, middle * (high / middle) ** farther)) if middle > 0 else float(max(seen, 1.0))


def _rounded(vector: Vector) -> Vector:
    return np.rint(vector * _SCALE) / _SCALE


def _text(vector: Vector) -> str:
    return " ".join(str(int(value)) for value in np.rint(vector * _SCALE))


def _vector(text: str) -> Vector:
    return np.array([int(value) for value in text.split()], np.float64) / _SCALE
