"""How well probabilities are calibrated: Brier score, reliability curve and expected calibration error.

The curve sorts the cases into bins of equal size by rising probability and compares, in each, the mean probability
with the share of positives. Cases with equal probabilities share a bin, so that the order of the cases does not matter
and bins may differ in size.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Booleans, Floats, is_estimable, known_cases
from xraykit.evaluation.statistics.intervals import Interval
from xraykit.evaluation.statistics.resampling import Codes, patient_codes, patients_of_rarer_class
from xraykit.evaluation.statistics.shares import mean_of, share_interval

BINS = 10
_NEEDED = 2  # patients of either class: one shows nothing of how they vary


def brier_score(y: npt.ArrayLike, p: npt.ArrayLike) -> float | None:
    """Mean squared difference of probability and label (Brier, Monthly Weather Review 1950;78:1–3).

    0 is perfect. Always saying the prevalence q scores q (1 − q), little for a rare finding: compare within a label.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n,)``, 0–1.

    Returns:
        0–1, or None without positives or without negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, probability = known_cases(y, p)
    return float(np.mean((probability - positive) ** 2)) if is_estimable(positive) else None


def brier_interval(y: Floats, p: Floats, codes: Codes) -> Interval:
    """95 % interval of the Brier score by patient, see :func:`xraykit.evaluation.statistics.shares.mean_of`.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n,)``, 0–1.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.

    Returns:
        ``[low, high]``; None where fewer than two patients have a positive or fewer than two a negative.
    """
    known, fewest = ~np.isnan(y), patients_of_rarer_class(y, codes)
    mean = mean_of((p - y)[known] ** 2, codes[known], fewest) if fewest >= _NEEDED else None
    return None if mean is None else mean.interval()


def reliability_curve(
    y: npt.ArrayLike, p: npt.ArrayLike, bins: int = BINS, patients: npt.ArrayLike | None = None
) -> list[dict[str, Any]] | None:
    """Points of the reliability curve, by rising probability.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n,)``, 0–1.
        bins: How many, if no probabilities are equal; else fewer may be left.
        patients: Of each case ``(n,)``; left out, each case is of a patient of its own.

    Returns:
        For each bin ``probability`` (mean), ``share`` of positives, its 95 % ``interval`` by patient
        (:mod:`xraykit.evaluation.statistics.shares`; None for a bin of one patient), ``cases`` and ``positives``.
        None without positives or without negatives.

    Raises:
        DataError: ``bins`` is below 1; else see :func:`xraykit.evaluation.metrics.known_cases`.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    positive, probability = known_cases(y, p)
    place = bin_numbers(probability, bins)
    if not is_estimable(positive):
        return None
    known = ~np.isnan(np.asarray(y, np.float64))
    codes = np.arange(len(known)) if patients is None else patient_codes(patients, len(known))
    points = []
    for members in (place == number for number in np.unique(place)):
        cases, positives = int(np.count_nonzero(members)), int(np.count_nonzero(positive[members]))
        points.append(
            {
                "probability": float(np.mean(probability[members])),
                "share": positives / cases,
                "interval": share_interval(positive & members, members, codes[known]),
                "cases": cases,
                "positives": positives,
            }
        )
    return points


def expected_calibration_error(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = BINS) -> float | None:
    """Mean distance of the reliability curve from the diagonal, bins weighted by their cases (ECE).

    It is never below 0, so that chance alone makes it larger than it is; see
    :func:`xraykit.evaluation.calibration_by_chance`. For arguments and errors see :func:`reliability_curve`.

    Returns:
        0–1, or None without positives or without negatives.
    """
    return _sum_over_bins(y, p, bins, lambda positive, p: p - positive, np.abs)


def _sum_over_bins(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    bins: int,
    of_case: Callable[[Booleans, Floats], Floats],
    of_bin: Callable[[Floats], Floats],
) -> float | None:
    """Add up a metric of each case within its bin, then one of each bin over all, for each case; None if one class."""
    positive, probability = known_cases(y, p)
    place = bin_numbers(probability, bins)
    if not is_estimable(positive):
        return None
    by_bin: Floats = np.bincount(place, of_case(positive, probability)).astype(np.float64)
    return float(np.sum(of_bin(by_bin)) / len(positive))


def bin_numbers(probability: Floats, bins: int) -> npt.NDArray[np.intp]:
    """The bin of each case ``(k,)``, 0 to bins − 1: by the rank of its probability, equal ones by their lowest rank.

    Raises:
        DataError: ``bins`` is below 1.
    """
    if bins < 1:
        raise DataError(f"A reliability curve needs at least one bin. Received: {bins}.")
    if not len(probability):
        return np.zeros(0, np.intp)
    # A case is beyond the start of a bin if more than the cases before it are smaller.
    starts = -(-np.arange(1, bins) * len(probability) // bins)
    return np.asarray(np.searchsorted(np.sort(probability)[starts - 1], probability, side="left"), np.intp)
