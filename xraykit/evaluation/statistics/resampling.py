"""Drawing patients with replacement, and what is shared by all intervals that come of it.

Radiographs of one patient resemble each other, so patients are drawn and not radiographs (cluster bootstrap; Davison
and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Instead of copying cases, a resample gives
each patient a weight: how often it was drawn. What is a sum over cases then is a matrix product; what needs an order
is in :mod:`xraykit.evaluation.ranking`. The same patients, number of resamples and seed give the same draws, so that
metrics of two models, or of a group and the rest, can be subtracted resample by resample.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse  # type: ignore[import-untyped]

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats

Codes = npt.NDArray[np.intp]
Counts = npt.NDArray[np.int32]
_CELLS = 2**17  # patients times resamples worked on at once: small enough for the processor's cache


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
    return np.unique(names, return_inverse=True)[1].astype(np.intp)


def number_of_patients(codes: Codes) -> int:
    """Number of patients in codes ``(n,)`` from :func:`patient_codes`."""
    return int(codes.max()) + 1 if len(codes) else 0


def drawn(patients: int, resamples: int, seed: int) -> Iterator[Counts]:
    """How often each patient was drawn ``(patients, r)``, for ``resamples`` resamples in portions of r."""
    portion = max(1, _CELLS // max(1, patients))
    generator = np.random.default_rng(seed)
    for start in range(0, resamples if patients else 0, portion):
        size = min(portion, resamples - start)
        draws = generator.integers(patients, size=(size, patients))
        draws += patients * np.arange(size)[:, None]
        counts = np.bincount(draws.ravel(), minlength=size * patients)
        yield np.ascontiguousarray(counts.reshape(size, patients).T, dtype=np.int32)


def resampled_sums(values: Floats, codes: Codes, resamples: int, seed: int) -> Floats:
    """Sums over the cases of each resample ``(k, resamples)``.

    Args:
        values: What to add up ``(n, k)``, a row for each case.
        codes: Each case's patient ``(n,)``, from :func:`patient_codes`.
        resamples: How often patients are drawn.
        seed: Of the drawing.
    """
    patients = number_of_patients(codes)
    of_patient = [np.bincount(codes, column, minlength=patients) for column in values.T]
    # Sparse, so that a sum is rounded in the same way whatever other columns there are.
    table = sparse.csr_array(np.array(of_patient, np.float64).reshape(values.shape[1], patients))
    sums, done = np.zeros((values.shape[1], resamples)), 0
    for weights in drawn(patients, resamples, seed):
        sums[:, done : done + weights.shape[1]] = table @ weights.astype(np.float64)
        done += weights.shape[1]
    return sums


def patients_of_rarer_class(y: Floats, codes: Codes) -> int:
    """Number of patients with a positive or with a negative in the labels ``(n,)``, whichever are fewer."""
    return min(len(np.unique(codes[y == label])) for label in (0, 1))


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """``part / whole`` element by element, NaN where ``whole`` is 0."""
    numerator, divisor = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    quotient = np.full(divisor.shape, np.nan)
    np.divide(numerator, divisor, out=quotient, where=divisor != 0)
    return quotient
