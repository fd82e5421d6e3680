"""Average precision in many resamples of the patients at once.

The cases of a label are sorted once. How often the cases down to each score of a positive are drawn is a product of a
sparse matrix, rank by patient, with the patients' weights, added up over the ranks. The ROC AUC needs no resamples: its
variance over patients is known (:mod:`xraykit.evaluation.statistics.clustered_auc`).
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Floats, is_estimable, known_cases
from xraykit.evaluation.statistics.resampling import Codes, Counts, Statistic, number_of_patients


def average_precisions(y: Floats, p: Floats, codes: Codes) -> Statistic:
    """Average precision of each label as a statistic to resample.

    Args:
        y: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        p: Scores ``(n, L)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.

    Returns:
        From weights ``(patients, r)`` to ``(L, r)``, NaN in a resample where the label lacks positives or negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    patients = number_of_patients(codes)
    of_labels = [_average_precision(*columns, codes, patients) for columns in zip(y.T, p.T, strict=True)]

    def statistic(weights: Counts) -> Floats:
        values = np.full((len(of_labels), weights.shape[1]), np.nan)
        for row, of_label in zip(values, of_labels, strict=True):
            if of_label is not None:
                row[:] = of_label(weights)
        return values

    return statistic


def _average_precision(y: Floats, p: Floats, codes: Codes, patients: int) -> Callable[[Counts], Floats] | None:
    """From weights ``(patients, r)`` to the label's average precision ``(r,)``; None where it is not estimable."""
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return None
    patient = codes[~np.isnan(y)]
    # A rank ends with a score that a positive has: between two of them precision is not asked for. The cases below the
    # last positive share the last rank.
    ends = np.unique(score[positive])
    rank = len(ends) - np.searchsorted(ends, score, side="right")
    cases = _counts(rank, patient, (len(ends) + 1, patients))
    positives = _counts(rank[positive], patient[positive], (len(ends), patients))

    def average_precision(weights: Counts) -> Floats:
        drawn, found = np.cumsum(cases @ weights, axis=0, dtype=np.int32), positives @ weights
        true_positives = np.cumsum(found, axis=0, dtype=np.int32)
        all_positives, all_cases = true_positives[-1], drawn[-1]
        precision = true_positives / np.maximum(drawn[:-1], 1)
        one_class = (all_positives == 0) | (all_positives == all_cases)
        return np.asarray(np.sum(found * precision, axis=0) / np.where(one_class, np.nan, all_positives), np.float64)

    return average_precision


def _counts(rank: Codes, patient: Codes, shape: tuple[int, int]) -> sparse.csr_array:
    # Cases of the same rank and patient are added up.
    index = (rank.astype(np.int32), patient.astype(np.int32))
    return sparse.csr_array((np.ones(len(rank), np.int32), index), shape=shape)
