"""Slow and obvious versions of the statistics, and inputs to compare them on."""

import math

import numpy as np
from hypothesis import strategies as st
from scipy.stats import beta, norm, t

SCORES = st.one_of(
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),  # so that ties are common
    st.floats(0, 1, allow_nan=False, allow_subnormal=False),
)
CASES = st.lists(st.tuples(st.sampled_from([0.0, 1.0, np.nan]), SCORES), max_size=40)
"""Label 0, 1 or unknown, and score, for up to 40 cases: none, one class only and ties are all among them."""


def columns(cases):
    """``[(label, score), ...]`` as two arrays."""
    table = np.array(cases, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def by_class(y, p):
    """The scores of the positives and those of the negatives, as lists."""
    pairs = list(zip(np.asarray(y).tolist(), np.asarray(p, np.float64).tolist(), strict=True))
    return [score for label, score in pairs if label == 1], [score for label, score in pairs if label == 0]


def roc_auc_by_pairs(y, p):
    """Every positive against every negative."""
    positives, negatives = by_class(y, p)
    if not positives or not negatives:
        return None
    wins = sum((a > b) + 0.5 * (a == b) for a in positives for b in negatives)
    return wins / (len(positives) * len(negatives))


def average_precision_by_steps(y, p):
    """Sum over falling distinct scores of the gain in recall times the precision."""
    positives, negatives = by_class(y, p)
    if not positives or not negatives:
        return None
    total, recall = 0.0, 0.0
    for threshold in sorted({*positives, *negatives}, reverse=True):
        found = sum(score >= threshold for score in positives)
        calls = found + sum(score >= threshold for score in negatives)
        total += (found / len(positives) - recall) * found / calls
        recall = found / len(positives)
    return total


def youden_index(y, p, threshold):
    """Sensitivity + specificity - 1 times positives times negatives: a whole number, so that ties are exact."""
    positives, negatives = by_class(y, p)
    found = sum(score >= threshold for score in positives)
    wrong = sum(score >= threshold for score in negatives)
    return found * len(negatives) - wrong * len(positives)


def delong_by_pairs(y, scores):
    """ROC AUCs ``(k,)`` of several models and their covariance ``(k, k)``, by the formulas of 1988 over all pairs."""
    y, scores = np.asarray(y), np.atleast_2d(np.asarray(scores, np.float64))
    positives, negatives = scores[:, y == 1], scores[:, y == 0]
    above = positives[:, :, None] > negatives[:, None, :]
    wins = above + 0.5 * (positives[:, :, None] == negatives[:, None, :])
    of_positives, of_negatives = wins.mean(axis=2), wins.mean(axis=1)
    covariance = sum(np.atleast_2d(np.cov(part)) / part.shape[1] for part in (of_positives, of_negatives))
    return wins.mean(axis=(1, 2)), covariance


def expanded_percentiles(values, patients):
    """Hesterberg's expanded percentile interval ``[low, high]`` of values without NaN."""
    tail = norm.cdf(math.sqrt(patients / (patients - 1)) * t(patients - 1).ppf(0.025))
    return np.quantile(values, [tail, 1 - tail]).tolist()


def patients_of_each_class(y, patients):
    """Number of patients with a positive, and with a negative."""
    return [len({patient for patient, of in zip(patients, y, strict=True) if of == label}) for label in (1, 0)]


def share_interval_by_pairs(hits, patients, level=0.95):
    """Clopper and Pearson at Kish's effective number of cases, from all pairs of hits (0 or 1) of the same patient."""
    hits, patients = np.asarray(hits, np.float64), np.asarray(patients)
    names = list(dict.fromkeys(patients.tolist()))
    if len(names) < 2:
        return None
    share, total, products, pairs = hits.mean(), len(hits), 0.0, 0
    for name in names:
        surplus = hits[patients == name] - share
        for one in range(len(surplus)):
            for other in range(len(surplus)):
                if one != other:
                    products, pairs = products + surplus[one] * surplus[other], pairs + 1
    correlation = 1.0
    rarer = min(sum((hits[patients == name] == value).any() for name in names) for value in (0, 1))
    if rarer and pairs:
        estimate = products * len(names) / (len(names) - 1) / (pairs * share * (1 - share))
        correlation = (rarer * min(1, max(0, estimate)) + 2) / (rarer + 2)
    cases = total / (1 + correlation * pairs / total)
    found, missed = share * cases, (1 - share) * cases
    low = beta.ppf((1 - level) / 2, found, missed + 1) if found else 0.0
    high = beta.ppf((1 + level) / 2, found + 1, missed) if missed else 1.0
    return [low, high]
