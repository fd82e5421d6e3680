"""Drawing patients with replacement, and what is shared by all intervals that come of it.

Radiographs of one patient resemble each other, so patients are drawn and not radiographs (cluster bootstrap; Davison
and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Instead of copying cases, a resample gives
each patient a weight: how often it was drawn. What is a sum over cases then is a matrix product; what needs an order
is in :mod:`xraykit.evaluation.ranking`. The same patients, number of resamples and seed give the same draws, so that
metrics of two models, or of a group and the rest, can be subtracted resample by resample.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse  # type: ignore[import-untyped]

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats

Codes = npt.NDArray[np.intp]
Counts = npt.NDArray[np.int32]
Statistic = Callable[[Counts], Floats]
"""From how often each patient was drawn ``(patients, r)`` to k values in each of the r resamples ``(k, r)``."""

_CELLS = 2**17  # patients times resamples worked on at once: small enough for the processor's cache
_LEAST_PORTION = 16  # resamples at once: a line of the processor's cache, however many patients there are


def patient_codes(patients: npt.ArrayLike, cases: int) -> Codes:
    """Number of each case's patient ``(n,)``, 0 to patients − 1, in the order of the sorted names.

    Raises:
        DataError: there is not one patient for each of the ``cases``.
    """
    names = np.asarray(patients)
    if names.shape != (cases,):
        raise DataError(
            f"Each case needs its patient: an array of shape ({cases},). Received: {names.shape}. Give the patients "
            "of the radiographs that were predicted, in the same order."
        )
    if _are_codes(names):
        return names.astype(np.intp)
    return np.unique(names, return_inverse=True)[1].astype(np.intp)


def _are_codes(names: npt.NDArray[Any]) -> bool:
    """Whether they are the numbers from 0 on already, none left out: then they need no sorting."""
    if names.dtype.kind not in "iu" or not names.size or names.min() != 0 or names.max() >= names.size:
        return False
    return bool(np.bincount(names).all())


def number_of_patients(codes: Codes) -> int:
    """Number of patients in codes ``(n,)`` from :func:`patient_codes`."""
    return int(codes.max()) + 1 if len(codes) else 0


def resampled(statistics: Sequence[Statistic], patients: int, resamples: int, seed: int) -> list[Floats]:
    """Some statistics in the same resamples of the patients, ``(k, resamples)`` each.

    Args:
        statistics: From weights ``(patients, r)`` to ``(k, r)``.
        patients: How many there are.
        resamples: How often they are drawn.
        seed: Of the drawing. A resample does not depend on how many are drawn, or on how many at a time.
    """
    parts = [[statistic(weights) for statistic in statistics] for weights in _drawn(patients, resamples, seed)]
    if not parts:
        nobody = np.zeros((patients, 0), np.int32)
        return [statistic(nobody) for statistic in statistics]
    return [np.concatenate(values, axis=1) for values in zip(*parts, strict=True)]


def _drawn(patients: int, resamples: int, seed: int) -> Iterator[Counts]:
    """How often each patient was drawn ``(patients, r)``, for ``resamples`` resamples in portions of r."""
    portion = max(_LEAST_PORTION, _CELLS // max(1, patients))
    generator = np.random.default_rng(seed)
    for start in range(0, resamples if patients else 0, portion):
        size = min(portion, resamples - start)
        weights = np.empty((patients, size), np.int32)
        for resample in range(size):
            weights[:, resample] = np.bincount(generator.integers(patients, size=patients), minlength=patients)
        yield weights


def sums(columns: Iterable[Floats], codes: Codes) -> Statistic:
    """Sums over the cases of each resample as a statistic.

    Args:
        columns: What to add up, k times ``(n,)``; of one at a time a copy by patient is kept.
        codes: Each case's patient ``(n,)``, from :func:`patient_codes`.

    Returns:
        From weights ``(patients, r)`` to ``(k, r)``.
    """
    patients = number_of_patients(codes)
    # Sparse, so that a sum is rounded in the same way whatever other columns there are.
    rows = [sparse.csr_array(np.bincount(codes, column, minlength=patients)[None]) for column in columns]
    table = sparse.vstack(rows, format="csr")

    def statistic(weights: Counts) -> Floats:
        return np.asarray(table @ weights.astype(np.float64), np.float64)

    return statistic


def resampled_sums(values: Floats, codes: Codes, resamples: int, seed: int) -> Floats:
    """Sums over the cases of each resample ``(k, resamples)``.

    Args:
        values: What to add up ``(n, k)``, a row for each case.
        codes: Each case's patient ``(n,)``, from :func:`patient_codes`.
        resamples: How often patients are drawn.
        seed: Of the drawing.
    """
    return resampled([sums(values.T, codes)], number_of_patients(codes), resamples, seed)[0]


def patients_of_rarer_class(y: Floats, codes: Codes) -> int:
    """Number of patients with a positive or with a negative in the labels ``(n,)``, whichever are fewer."""
    return min(distinct(codes[y == label]) for label in (0, 1))


def distinct(codes: Codes) -> int:
    """How many different patients are in codes ``(k,)`` from :func:`patient_codes`."""
    return int(np.count_nonzero(np.bincount(codes)))


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """``part / whole`` element by element, NaN where ``whole`` is 0."""
    numerator, divisor = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    quotient = np.full(divisor.shape, np.nan)
    np.divide(numerator, divisor, out=quotient, where=divisor != 0)
    return quotient
