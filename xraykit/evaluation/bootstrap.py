"""95 % intervals of all figures of a part, by bootstrap over patients; see :mod:`xraykit.evaluation.resampling`."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.intervals import Interval, percentile_interval
from xraykit.evaluation.metrics import Floats, as_columns, check_finite
from xraykit.evaluation.ranking import resampled_rankings
from xraykit.evaluation.reliability import brier_interval
from xraykit.evaluation.resampling import (
    Codes,
    means_over_labels,
    patient_codes,
    patients_of_rarer_class,
    ratio,
    resampled_sums,
)
from xraykit.evaluation.threshold_figures import SHARES, from_counts, share_intervals

FIGURES = ("roc_auc", "average_precision", *SHARES, "brier")
"""What is scored of a label and averaged over labels."""

LabelIntervals = dict[str, Interval]
"""``roc_auc_interval`` and so on for each of ``FIGURES``: ``[low, high]``, or None where not estimable."""


class Intervals(TypedDict):
    """The intervals of the macro means and of each label, in the order of the labels."""

    macro: LabelIntervals
    labels: dict[str, LabelIntervals]


def bootstrap_intervals(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    resamples: int,
    seed: int,
    thresholds: Mapping[str, float | None] | None = None,
    scores: npt.ArrayLike | None = None,
) -> Intervals:
    """95 % intervals over resamples of the patients; of shares of cases and Brier scores, those
    of :mod:`xraykit.evaluation.shares`.

    A resample in which a label lacks positives or negatives is left out for that label; its macro mean is that of
    the other labels. An interval is None if its figure exists in fewer than half of the resamples, or if fewer than
    two patients have a positive or fewer than two a negative (that of the macro mean, if this is so for each label).
    For the width of its interval the macro mean counts as many patients as the label with the most.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, finite.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        resamples: How often patients are drawn; 0 for no intervals.
        seed: Of the drawing. The order of the cases does not matter to it.
        thresholds: Each label's operating point, by name. Without one, sensitivity and the like have no interval.
        scores: What the cases are ranked by ``(n, L)``, such as logits; left out, the probabilities.

    Raises:
        DataError: the shapes do not fit together, a label is not 1, 0 or NaN, or a label has no entry in thresholds.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    codes = patient_codes(patients, len(y))
    points = thresholds_of(labels, thresholds)
    values = resampled_figures(y, p, codes, points, resamples, seed, scores)
    numbers = [patients_of_rarer_class(column, codes) for column in y.T]
    shares: list[LabelIntervals] = [
        {**share_intervals(of, at, point, codes), "brier_interval": brier_interval(of, at, codes)} if resamples else {}
        for of, at, point in zip(y.T, p.T, points, strict=True)
    ]
    return {
        "macro": _named(means_over_labels(values), max(numbers, default=0)),
        "labels": {label: _named(values[:, at], numbers[at]) | shares[at] for at, label in enumerate(labels)},
    }


def thresholds_of(labels: Sequence[str], thresholds: Mapping[str, float | None] | None) -> list[float | None]:
    """The thresholds in the order of the labels, all None if there are none at all.

    Raises:
        DataError: a label has no entry.
    """
    if thresholds is None:
        return [None] * len(labels)
    missing = [label for label in labels if label not in thresholds]
    if missing:
        raise DataError(
            f"Each label needs an entry in the thresholds, be it None. Expected: {', '.join(labels)}. Missing: "
            f"{', '.join(missing)}. Choose them on the validation part with the same labels."
        )
    return [thresholds[label] for label in labels]


def resampled_figures(
    y: Floats,
    p: Floats,
    codes: Codes,
    thresholds: Sequence[float | None],
    resamples: int,
    seed: int,
    scores: npt.ArrayLike | None = None,
) -> Floats:
    """Each of ``FIGURES`` of each label in each resample ``(figures, L, resamples)``, NaN where not estimable.

    Args:
        y: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n, L)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.resampling.patient_codes`.
        thresholds: Each label's operating point, None for none.
        resamples: How often patients are drawn.
        seed: Of the drawing.
        scores: What the cases are ranked by ``(n, L)``, finite; left out, the probabilities.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    check_finite(p)
    _, ranked = as_columns(y, p if scores is None else scores)
    rankings = resampled_rankings(y, ranked, codes, resamples, seed)
    sums = resampled_sums(_summands(y, p, thresholds), codes, resamples, seed).reshape(5, len(thresholds), resamples)
    shares = from_counts(*sums[:4])
    figures = [*rankings, *[shares[name] for name in SHARES], ratio(sums[4], sums[2] + sums[3])]
    return np.where(np.isnan(rankings[0]), np.nan, figures)


def _summands(y: Floats, p: Floats, thresholds: Sequence[float | None]) -> Floats:
    """What each case adds ``(n, 5 L)``: true and false positive calls, positives, negatives and squared errors.

    Without a threshold the calls are NaN, and so is whatever is made of them.
    """
    cut = np.array([np.nan if value is None else value for value in thresholds], np.float64)
    positive, negative = (y == 1).astype(np.float64), (y == 0).astype(np.float64)
    called = np.where(np.isnan(cut), np.nan, p >= cut)
    squared_errors = np.where(np.isnan(y), 0, (p - y) ** 2)
    return np.hstack([called * positive, called * negative, positive, negative, squared_errors])


def _named(values: Floats, patients: int) -> LabelIntervals:
    return {
        f"{name}_interval": percentile_interval(figure, patients) for name, figure in zip(FIGURES, values, strict=True)
    }
