"""95 % intervals of all metrics of a part, by bootstrap over patients; see :mod:`.resampling`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.counts import Counts
from xraykit.evaluation.decisions.threshold_metrics import thresholds_of
from xraykit.evaluation.label_intervals import LabelEstimates, label_estimates, mean_of
from xraykit.evaluation.metric_table import Metric, averaged, threshold_metrics
from xraykit.evaluation.metrics import Floats, as_columns, check_finite
from xraykit.evaluation.ranking import average_precisions
from xraykit.evaluation.statistics.clustered_auc import correlations
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS, Estimated
from xraykit.evaluation.statistics.mean_intervals import resampled_correlations
from xraykit.evaluation.statistics.resampling import (
    Codes,
    number_of_patients,
    patient_codes,
    ratio,
    resampled,
    sums,
)

LabelIntervals = dict[str, Any]
"""``roc_auc_interval`` and so on, ``[low, high]`` or None, for each metric with a macro mean; ``no_interval``: by
metric, why there is none.
"""


class Intervals(TypedDict):
    """The intervals of the macro means, with and without labels with few cases, and of each label, in their order."""

    macro: LabelIntervals
    macro_enough_cases: LabelIntervals
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
    """95 % intervals over patients, of each label (:mod:`.label_intervals`) and of the macro means.

    A macro mean is that of the labels for which the metric exists. It has an interval if each of them has one
    (:func:`.mean_interval`): the uncertainty of a mean that contains a label of one patient is unknown.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, finite.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        resamples: How often patients are drawn; 0 for no intervals at all.
        seed: Of the drawing. The order of the cases does not matter to it.
        thresholds: Each label's operating point, by name. Without one, sensitivity and the like have no interval.
        scores: What the cases are ranked by ``(n, L)``, such as logits; left out, the probabilities.

    Raises:
        DataError: the shapes do not fit together, a label is not 1, 0 or NaN, or a label has no entry in thresholds.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    _, ranked = as_columns(y, p if scores is None else scores)
    codes = patient_codes(patients, len(y))
    points = thresholds_of(labels, thresholds)
    in_resamples = resampled_metrics(y, p, codes, points, resamples, seed, ranked)
    found = [
        label_estimates(y[:, at], p[:, at], ranked[:, at], points[at], codes, _of_labels(in_resamples, at))
        for at in range(len(labels))
    ]
    enough = [at for at, each in enumerate(found) if each.auc is not None and each.auc.patients >= ENOUGH_PATIENTS]
    return {
        "macro": _macro(found, in_resamples),
        "macro_enough_cases": _macro([found[at] for at in enough], _of_labels(in_resamples, enough)),
        "labels": {
            label: _named({name: measured.around for name, measured in each.metrics.items()})
            for label, each in zip(labels, found, strict=True)
        },
    }


def _of_labels(values: Mapping[str, Floats], labels: int | list[int]) -> dict[str, Floats]:
    return {name: each[labels] for name, each in values.items()}


def _macro(found: Sequence[LabelEstimates], in_resamples: Mapping[str, Floats]) -> LabelIntervals:
    """Intervals of the macro means of some labels, from the resamples ``(L, resamples)`` of each metric."""
    return _named({metric.name: _mean(metric, found, in_resamples) for metric in averaged()})


def _mean(metric: Metric, found: Sequence[LabelEstimates], in_resamples: Mapping[str, Floats]) -> Estimated:
    def together(known: list[int]) -> Floats:
        if metric.name == "roc_auc":
            return correlations([auc for at in known if (auc := found[at].auc)])
        return resampled_correlations(in_resamples[metric.name][known])

    return mean_of([each.metrics[metric.name] for each in found], together, metric.lowest, metric.highest)


def _named(around: Mapping[str, Estimated]) -> LabelIntervals:
    return {
        **{f"{name}_interval": each.interval for name, each in around.items()},
        "no_interval": {name: each.reason for name, each in around.items() if each.reason},
    }


def resampled_metrics(
    y: Floats,
    p: Floats,
    codes: Codes,
    thresholds: Sequence[float | None],
    resamples: int,
    seed: int,
    scores: npt.ArrayLike | None = None,
) -> dict[str, Floats]:
    """Each metric with a macro mean but the ROC AUC, of each label in each resample ``(L, resamples)``.

    NaN where not estimable. The ROC AUC has its variance over patients without resamples.

    Args:
        y: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n, L)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.
        thresholds: Each label's operating point, None for none.
        resamples: How often patients are drawn.
        seed: Of the drawing.
        scores: What the cases are ranked by ``(n, L)``, finite; left out, the probabilities.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    check_finite(p)
    _, ranked = as_columns(y, p if scores is None else scores)
    known, known_of = np.unique(~np.isnan(y), axis=1, return_inverse=True)
    # One column serves all labels of which the same cases are known.
    totals = sums([*_columns(y, p, thresholds), *known.T.astype(np.float64)], codes)
    precisions, found = resampled(
        [average_precisions(y, ranked, codes), totals], number_of_patients(codes), resamples, seed
    )
    of_labels, of_known = np.split(found, [len(_COLUMNS) * len(thresholds)])
    tp, fp, fn, squared_errors = of_labels.reshape(len(thresholds), len(_COLUMNS), -1).transpose(1, 0, 2)
    cases = of_known[known_of]
    values = {
        "average_precision": precisions,
        **threshold_metrics(Counts(tp, fp, cases - tp - fp - fn, fn)),
        "brier": ratio(squared_errors, cases),
    }
    names = [metric.name for metric in averaged() if metric.name in values]
    return {name: np.where(np.isnan(precisions), np.nan, values[name]) for name in names}


_COLUMNS = ("tp", "fp", "fn", "squared_errors")


def _columns(y: Floats, p: Floats, thresholds: Sequence[float | None]) -> Iterator[Floats]:
    """What each case adds to ``_COLUMNS`` of each label in turn, ``(n,)`` each.

    Without a threshold the first three are NaN, and so are the metrics that follow from them.
    """
    for truth, at, threshold in zip(y.T, p.T, thresholds, strict=True):
        positive, negative = truth == 1, truth == 0
        if threshold is None:
            yield from [np.full(len(truth), np.nan)] * 3
        else:
            called = at >= threshold
            yield from (part.astype(np.float64) for part in (called & positive, called & negative, ~called & positive))
        yield np.where(np.isnan(truth), 0, (at - truth) ** 2)
