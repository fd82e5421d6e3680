"""ROC AUC with what each patient contributes to it, and the variance and covariance that follow.

After Obuchowski (Biometrics 1997;53:567–578): DeLong's structural components are added up by patient, so that
radiographs of one patient may resemble each other as much as they like. With one radiograph per patient it is DeLong's
variance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.metrics import Booleans, Floats, is_estimable, known_cases
from xraykit.evaluation.statistics.resampling import Codes, number_of_patients


@dataclass(frozen=True)
class ClassCounts:
    """How many cases one class of a label has, and of how many patients.

    Attributes:
        cases: Number of radiographs.
        patients: Number of patients with at least one of them.
        effective_patients: Number of equally frequent patients that would weigh as much (Kish, Survey Sampling, 1965):
            1 to ``patients``, and less than that where few patients have many of the radiographs.
        weights: Share of each of all patients in the cases ``(all patients,)``.
    """

    cases: int
    patients: int
    effective_patients: float
    weights: Floats


@dataclass(frozen=True)
class ClusteredAuc:
    """ROC AUC of one label and its structural components by patient.

    Attributes:
        auc: 0–1.
        of_positives: What the positives of each patient add to the deviation of the mean ``(patients,)``.
        of_negatives: The same for the negatives ``(patients,)``.
        positives: How many positives there are.
        negatives: How many negatives there are.
    """

    auc: float
    of_positives: Floats
    of_negatives: Floats
    positives: ClassCounts
    negatives: ClassCounts

    @property
    def patients(self) -> int:
        """Number of patients with a positive or with a negative, whichever are fewer."""
        return min(self.positives.patients, self.negatives.patients)

    @property
    def effective_patients(self) -> float:
        """The same, with each patient counted by the share of the radiographs (Kish)."""
        return self._rarer.effective_patients

    @property
    def weights(self) -> Floats:
        """Share of each patient in the cases of the class with fewer effective patients ``(patients,)``."""
        return self._rarer.weights

    @cached_property
    def has_cases(self) -> Booleans:
        """Whether each patient has a case of either class ``(patients,)``."""
        return (self.positives.weights > 0) | (self.negatives.weights > 0)

    @cached_property
    def variance(self) -> float | None:
        """See :func:`variance`."""
        value = covariance(self, self)
        return None if value is None else max(0.0, value)

    @property
    def _rarer(self) -> ClassCounts:
        return min((self.positives, self.negatives), key=lambda counts: counts.effective_patients)


def clustered_auc(y: npt.ArrayLike, p: npt.ArrayLike, codes: Codes) -> ClusteredAuc | None:
    """ROC AUC of one label with its components by patient.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.

    Returns:
        None without positives or without negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return None
    patient = codes[~np.isnan(np.asarray(y, np.float64))]
    return auc_of_ranks(positive, ranks_of(score), patient, number_of_patients(codes))


def ranks_of(scores: Floats) -> Codes:
    """Rank of each score ``(n,)`` from 0, equal ones the same; the rank of several groups' cases is found once."""
    return np.unique(scores, return_inverse=True)[1]


def auc_of_ranks(positive: Booleans, rank: Codes, patient: Codes, patients: int) -> ClusteredAuc | None:
    """ROC AUC of known cases with its components by patient; the scores' order alone counts.

    Args:
        positive: Whether each case is positive ``(k,)``.
        rank: Of its score ``(k,)``, from :func:`ranks_of`; those of a group of the cases may have gaps.
        patient: Its patient ``(k,)``, 0 to ``patients`` − 1.
        patients: How many patients there are, with and without a case.

    Returns:
        None without positives or without negatives.
    """
    if not is_estimable(positive):
        return None
    beats, beaten_by = _placements(positive, rank)
    auc = float(beats.mean())
    return ClusteredAuc(
        auc,
        _mean_deviations(beats - auc, patient[positive], patients),
        _mean_deviations(beaten_by - auc, patient[~positive], patients),
        class_counts(patient[positive], patients),
        class_counts(patient[~positive], patients),
    )


def class_counts(codes: Codes, patients: int) -> ClassCounts:
    """Counts of the cases that belong to the patients ``codes`` ``(k,)``, 0 to ``patients`` − 1."""
    weights = np.bincount(codes, minlength=patients) / max(1, len(codes))
    squared = _product(weights, weights)
    return ClassCounts(len(codes), int(np.count_nonzero(weights)), 1 / squared if squared else 0.0, weights)


def covariance(first: ClusteredAuc, second: ClusteredAuc) -> float | None:
    """Covariance of two ROC AUCs over the same patients: two models, two labels or two groups of radiographs.

    Returns:
        None if either has the positives or the negatives of fewer than two patients.
    """
    if min(first.patients, second.patients) < 2:
        return None
    either = int(np.count_nonzero(first.has_cases | second.has_cases))
    across = _product(first.of_positives, second.of_negatives) + _product(first.of_negatives, second.of_positives)
    return (
        _correction(first.positives, second.positives) * _product(first.of_positives, second.of_positives)
        + _correction(first.negatives, second.negatives) * _product(first.of_negatives, second.of_negatives)
        + either / (either - 1) * across
    )


def variance(estimate: ClusteredAuc) -> float | None:
    """Variance of a ROC AUC, ≥ 0; None with the positives or the negatives of fewer than two patients."""
    return estimate.variance


def correlation(first: ClusteredAuc, second: ClusteredAuc) -> float:
    """Correlation of two ROC AUCs over the same patients, −1 to 1; 0 where it cannot be estimated."""
    together, spread = covariance(first, second), [variance(first), variance(second)]
    if together is None or not (spread[0] and spread[1]):
        return 0.0
    return max(-1.0, min(1.0, together / math.sqrt(spread[0] * spread[1])))


def correlations(estimates: Sequence[ClusteredAuc]) -> Floats:
    """Correlations of L ROC AUCs over the same patients ``(L, L)``, 1 on the diagonal."""
    values = np.eye(len(estimates))
    for at, one in enumerate(estimates):
        for place, other in enumerate(estimates[:at]):
            values[at, place] = values[place, at] = correlation(one, other)
    return values


def difference_variance(first: ClusteredAuc, second: ClusteredAuc) -> float | None:
    """Variance of the difference of two ROC AUCs over the same patients, ≥ 0; None as in :func:`covariance`."""
    together, spread = covariance(first, second), [variance(first), variance(second)]
    if together is None or spread[0] is None or spread[1] is None:
        return None
    return max(0.0, spread[0] + spread[1] - 2 * together)


def placements(positive: Booleans, score: Floats) -> tuple[Floats, Floats]:
    """Share of the negatives that each positive beats, and share of the positives that beat each negative.

    Ties count half.
    """
    return _placements(positive, ranks_of(score))


def _placements(positive: Booleans, rank: Codes) -> tuple[Floats, Floats]:
    found, others = rank[positive], rank[~positive]
    size = int(rank.max(initial=-1)) + 1
    beats = _below(np.bincount(others, minlength=size))[found] / len(others)
    beaten_by = 1 - _below(np.bincount(found, minlength=size))[others] / len(found)
    return beats, beaten_by


def _below(counts: Codes) -> Floats:
    """How many lie below each rank, those on it counting half."""
    return np.asarray(np.cumsum(counts) - counts / 2, np.float64)


def _mean_deviations(deviations: Floats, codes: Codes, patients: int) -> Floats:
    return np.bincount(codes, deviations, minlength=patients) / len(deviations)


def _product(first: Floats, second: Floats) -> float:
    """Scalar product; that of the BLAS library waits for its threads, and is rounded by their number."""
    return float(np.sum(first * second))


def _correction(first: ClassCounts, second: ClassCounts) -> float:
    """Makes the variance over so few patients unbiased."""
    return math.sqrt(math.prod(each.patients / (each.patients - 1) for each in (first, second)))
