"""95 % intervals of ROC AUC and average precision, by bootstrap over patients.

Radiographs of one patient resemble each other, so patients are drawn and not radiographs (cluster bootstrap; Davison
and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Instead of copying cases, a resample gives
each patient a weight: how often it was drawn. The cases of a label are sorted once, and all resamples then follow
from weighted counts at each score.

The percentile interval knows only the variation within the sample: a label that is separated without a fault gets
[1, 1] however few its cases are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats, as_columns, is_estimable, known_cases, tie_ends

Counts = npt.NDArray[np.int32]
Interval = list[float] | None
LEVEL = 0.95
_SHARE_NEEDED = 0.5
_CELLS = 2**18  # cases times resamples worked on at once: small enough for the processor's cache


class LabelIntervals(TypedDict):
    """``[low, high]`` of each figure, or None where not estimable."""

    roc_auc_interval: Interval
    average_precision_interval: Interval


class Intervals(TypedDict):
    """The intervals of the macro means and of each label, in the order of the labels."""

    macro: LabelIntervals
    labels: dict[str, LabelIntervals]


@dataclass(frozen=True)
class _Ranking:
    """Known cases of one label by falling score: patient's code, 1 or 0, and where each group of equal rank starts."""

    patient: npt.NDArray[np.intp]
    positive: Counts
    starts: npt.NDArray[np.intp]

    @property
    def has_two_patients_each(self) -> bool:
        """Whether positives and negatives come from two patients each; one tells nothing about how patients vary."""
        return all(len(np.unique(self.patient[self.positive == label])) >= 2 for label in (0, 1))


def bootstrap_intervals(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    resamples: int,
    seed: int,
) -> Intervals:
    """95 % percentile intervals over resamples of the patients.

    A resample in which a label lacks positives or negatives is left out for that label; its macro mean is that of
    the other labels. An interval is None if its figure exists in fewer than half of the resamples, or if fewer than
    two patients have a positive or fewer than two a negative (that of the macro mean, if this is so for each label).

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, finite.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        resamples: How often patients are drawn; 0 for no intervals.
        seed: Of the drawing. The order of the cases does not matter to it.

    Raises:
        DataError: the shapes do not fit together, or a label is not 1, 0 or NaN.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    codes = patient_codes(patients, len(y))
    rankings = {column: _rank(y[:, column], p[:, column], codes) for column in range(len(labels))}
    values = np.full((2, len(labels), resamples), np.nan)
    done = 0
    for weights in _drawn(codes, resamples, seed):
        portion = slice(done, done + weights.shape[1])
        for column, ranking in rankings.items():
            if ranking is not None:
                values[:, column, portion] = _roc_auc_and_average_precision(ranking, weights)
        done = portion.stop
    enough = [ranking is not None and ranking.has_two_patients_each for ranking in rankings.values()]
    return {
        "macro": _named(_means(values), any(enough)),
        "labels": {label: _named(values[:, column], enough[column]) for column, label in enumerate(labels)},
    }


def patient_codes(patients: npt.ArrayLike, cases: int) -> npt.NDArray[np.intp]:
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


def _rank(y: Floats, p: Floats, codes: npt.NDArray[np.intp]) -> _Ranking | None:
    """The label's cases sorted for good; None where not estimable."""
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return None
    order = np.argsort(-score, kind="stable")
    positive = positive[order]
    starts = np.append(0, tie_ends(score[order])[:-1] + 1)
    # Neither figure asks how the negatives between two positives are ordered: they become one group.
    has_positive = np.logical_or.reduceat(positive, starts)
    starts = starts[has_positive | np.append(True, has_positive[:-1])]
    return _Ranking(codes[~np.isnan(y)][order], positive.astype(np.int32), starts)


def _drawn(codes: npt.NDArray[np.intp], resamples: int, seed: int) -> Iterator[Counts]:
    """How often each patient was drawn ``(patients, r)``, for ``resamples`` resamples in portions of r."""
    patients = int(codes.max()) + 1 if len(codes) else 0
    portion = max(1, _CELLS // max(1, len(codes)))
    generator = np.random.default_rng(seed)
    for start in range(0, resamples if patients else 0, portion):
        size = min(portion, resamples - start)
        draws = generator.integers(patients, size=(size, patients))
        draws += patients * np.arange(size)[:, None]
        counts = np.bincount(draws.ravel(), minlength=size * patients)
        yield np.ascontiguousarray(counts.reshape(size, patients).T, dtype=np.int32)


def _roc_auc_and_average_precision(ranking: _Ranking, weights: Counts) -> Floats:
    """Both figures ``(2, r)`` under the patients' weights ``(patients, r)``; NaN where undefined."""
    weight = weights[ranking.patient]
    cases = np.add.reduceat(weight, ranking.starts, axis=0).astype(np.float64)
    weight *= ranking.positive[:, None]
    positives = np.add.reduceat(weight, ranking.starts, axis=0).astype(np.float64)
    calls, true_positives = np.cumsum(cases, axis=0), np.cumsum(positives, axis=0)
    # Each negative is beaten by the positives above it and by half of those with its score.
    beaten = np.sum((cases - positives) * (true_positives - positives / 2), axis=0)
    precision = true_positives / np.maximum(calls, 1)
    all_positives, all_negatives = true_positives[-1], calls[-1] - true_positives[-1]
    divisor = np.where((all_positives == 0) | (all_negatives == 0), np.nan, all_positives)
    return np.stack([beaten / divisor / np.maximum(all_negatives, 1), np.sum(positives * precision, axis=0) / divisor])


def _means(values: Floats) -> Floats:
    """Mean over the labels ``(2, L, r) -> (2, r)`` that exist in each resample; NaN where none does."""
    exists = ~np.isnan(values)
    number = exists.sum(axis=1)
    return np.where(number > 0, np.where(exists, values, 0).sum(axis=1) / np.maximum(number, 1), np.nan)


def _named(values: Floats, enough: bool) -> LabelIntervals:
    roc_auc, average_precision = (_interval(figure) if enough else None for figure in values)
    return {"roc_auc_interval": roc_auc, "average_precision_interval": average_precision}


def _interval(values: Floats) -> Interval:
    exists = values[~np.isnan(values)]
    if not len(exists) or len(exists) < _SHARE_NEEDED * len(values):
        return None
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(exists, [tail, 100 - tail])
    return [float(low), float(high)]
