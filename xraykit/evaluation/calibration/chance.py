"""What calibration error probabilities show by chance that are exactly right, for as many radiographs and patients.

The expected calibration error (ECE) is never below 0, so chance alone makes it larger than it is, and an interval from
resamples, which add that chance a second time, does not even hold the ECE itself in 13 % of such cases. So there is no
interval; there is what right probabilities would show, in the mean and in 95 % of all samples.

If each probability is right, the surplus of a bin (probabilities minus positives) has the mean 0 and the variance
Σ p (1 − p), and more where the radiographs of a patient are right or wrong together. How much they are is estimated
over all bins as one correlation, which is averaged with 1 where few patients show it (:func:`.shrunk_correlation`).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.calibration.reliability import BINS, bin_numbers
from xraykit.evaluation.metrics import Floats, is_estimable, known_cases
from xraykit.evaluation.statistics.intervals import LEVEL
from xraykit.evaluation.statistics.resampling import Codes, number_of_patients, patient_codes, patients_of_rarer_class
from xraykit.evaluation.statistics.shares import shrunk_correlation

_DRAWS = 5_000
_SEED = 0


class ChanceCalibration(NamedTuple):
    """The ECE of probabilities that are exactly right.

    Attributes:
        mean: In the mean over all samples, 0–1.
        limit: What it does not exceed in 95 % of them, 0–1.
    """

    mean: float
    limit: float


def calibration_by_chance(
    y: npt.ArrayLike, p: npt.ArrayLike, bins: int = BINS, patients: npt.ArrayLike | None = None
) -> ChanceCalibration | None:
    """The ECE to expect if every probability were exactly right; one above ``limit`` shows a fault.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown. The correlation within patients is estimated from them.
        p: Probabilities ``(n,)``, 0–1.
        bins: As of the ECE.
        patients: Of each case ``(n,)``; left out, each case is of a patient of its own.

    Returns:
        None without positives or without negatives.

    Raises:
        DataError: ``bins`` is below 1; else see :func:`xraykit.evaluation.metrics.known_cases`.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    positive, probability = known_cases(y, p)
    place = bin_numbers(probability, bins)
    if not is_estimable(positive):
        return None
    labels = np.asarray(y, np.float64)
    known = ~np.isnan(labels)
    codes = (np.arange(len(labels)) if patients is None else patient_codes(patients, len(labels)))[known]
    covariance = _covariance(positive.astype(np.float64), probability, place, bins, codes)
    mean = float(np.sqrt(2 / np.pi * np.diag(covariance)).sum()) / len(positive)
    drawn = np.random.default_rng(_SEED).multivariate_normal(np.zeros(bins), covariance, _DRAWS, method="eigh")
    return ChanceCalibration(mean, float(np.quantile(np.abs(drawn).sum(axis=1), LEVEL)) / len(positive))


def _covariance(y: Floats, p: Floats, place: Codes, bins: int, codes: Codes) -> Floats:
    """Covariance of the bins' surpluses ``(bins, bins)`` if the probabilities are right."""
    patients, variances = number_of_patients(codes), p * (1 - p)
    by_patient = np.bincount(codes * bins + place, np.sqrt(variances), patients * bins).reshape(patients, bins)
    independent = np.bincount(place, variances, bins)
    alike = np.bincount(codes, np.sqrt(variances), patients) ** 2 - np.bincount(codes, variances, patients)
    together = np.bincount(codes, p - y, patients) ** 2 - np.bincount(codes, (p - y) ** 2, patients)
    pairs = float(alike.sum())
    evidence = patients_of_rarer_class(y, codes)
    correlation = shrunk_correlation(float(together.sum()) / pairs, evidence) if pairs > 1e-12 else 0.0
    covariance = correlation * (by_patient.T @ by_patient)
    covariance[np.diag_indices(bins)] += (1 - correlation) * independent
    return np.asarray(covariance, np.float64)
