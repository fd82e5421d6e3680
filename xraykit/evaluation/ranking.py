"""ROC AUC and average precision in many resamples of the patients at once.

The cases of a label are sorted once. How often the cases of each rank are drawn is a product of a sparse matrix, rank
by patient, with the patients' weights; both metrics follow from running sums over the ranks.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from xraykit.evaluation.metrics import Booleans, Floats, is_estimable, known_cases, tie_ends
from xraykit.evaluation.statistics.resampling import Codes, Counts, drawn, number_of_patients


@dataclass(frozen=True)
class _Ranking:
    """How many cases, and how many positives, each patient has at each rank from the highest score down."""

    cases: sparse.csr_array
    positives: sparse.csr_array


def resampled_rankings(y: Floats, p: Floats, codes: Codes, resamples: int, seed: int) -> Floats:
    """ROC AUC and average precision of each label in each resample ``(2, L, resamples)``.

    Args:
        y: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        p: Scores ``(n, L)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.
        resamples: How often patients are drawn.
        seed: Of the drawing.

    Returns:
        Both metrics, NaN in a resample where the label lacks positives or negatives.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    patients = number_of_patients(codes)
    rankings = [_rank(*columns, codes, patients) for columns in zip(y.T, p.T, strict=True)]
    values = np.full((2, len(rankings), resamples), np.nan)
    done = 0
    for weights in drawn(patients, resamples, seed):
        portion = slice(done, done + weights.shape[1])
        for label, ranking in enumerate(rankings):
            if ranking is not None:
                values[:, label, portion] = _roc_auc_and_average_precision(ranking, weights)
        done = portion.stop
    return values


def _rank(y: Floats, p: Floats, codes: Codes, patients: int) -> _Ranking | None:
    """The label's cases sorted for good; None where not estimable."""
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return None
    order = np.argsort(-score, kind="stable")
    rank, patient = _ranks(positive[order], score[order]), codes[~np.isnan(y)][order]
    shape = (rank[-1] + 1, patients)
    found = np.flatnonzero(positive[order])
    return _Ranking(_counts(rank, patient, shape), _counts(rank[found], patient[found], shape))


def _ranks(positive: Booleans, falling: Floats) -> Codes:
    """Rank of each case ``(k,)``, from 0: of equal scores the same."""
    starts = np.append(0, tie_ends(falling)[:-1] + 1)
    # Neither metric asks how the negatives between two positives are ordered: they share one rank.
    has_positive = np.logical_or.reduceat(positive, starts)
    starts = starts[has_positive | np.append(True, has_positive[:-1])]
    return np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(falling))))


def _counts(rank: Codes, patient: Codes, shape: tuple[int, int]) -> sparse.csr_array:
    # Cases of the same rank and patient are added up.
    return sparse.csr_array((np.ones(len(rank), np.int32), (rank, patient)), shape=shape)


def _roc_auc_and_average_precision(ranking: _Ranking, weights: Counts) -> Floats:
    """Both metrics ``(2, r)`` under the patients' weights ``(patients, r)``; NaN where undefined."""
    cases = (ranking.cases @ weights).astype(np.float64)
    positives = (ranking.positives @ weights).astype(np.float64)
    calls, true_positives = np.cumsum(cases, axis=0), np.cumsum(positives, axis=0)
    all_positives, all_negatives = true_positives[-1].copy(), calls[-1] - true_positives[-1]
    # Each negative is beaten by the positives above it and by half of those with its score.
    beaten = np.sum((cases - positives) * (true_positives - positives / 2), axis=0)
    precision = true_positives / np.maximum(calls, 1)
    divisor = np.where((all_positives == 0) | (all_negatives == 0), np.nan, all_positives)
    return np.stack([beaten / divisor / np.maximum(all_negatives, 1), np.sum(positives * precision, axis=0) / divisor])
