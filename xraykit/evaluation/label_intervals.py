"""The metrics of one label, how certain each is, and what each adds to a mean over labels.

Three kinds of intervals: the ROC AUC's (:mod:`.roc_auc_intervals`) and those of shares of cases and Brier scores
(:mod:`.shares`) need no resampling and hold from two patients on; the average precision and other metrics without such
an interval are resampled (:func:`.resampled_interval`) and have none with few patients.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xraykit.evaluation.calibration.reliability import brier_interval, brier_score
from xraykit.evaluation.counts import patients_of_rarer_call, shares_at_threshold
from xraykit.evaluation.decisions.threshold_metrics import at_threshold
from xraykit.evaluation.metric_table import METRICS, Metric, averaged
from xraykit.evaluation.metrics import Floats, average_precision
from xraykit.evaluation.statistics.clustered_auc import ClusteredAuc, clustered_auc
from xraykit.evaluation.statistics.intervals import (
    NORMAL_QUANTILE,
    Estimated,
    Interval,
    degrees_of_freedom,
    logit_limits,
    not_given,
    resampled_interval,
    standard_error,
)
from xraykit.evaluation.statistics.mean_intervals import Term, mean_interval
from xraykit.evaluation.statistics.resampling import Codes
from xraykit.evaluation.statistics.roc_auc_intervals import interval_of, term_of


@dataclass(frozen=True)
class Measured:
    """One metric of one label.

    Attributes:
        value: The metric, None where not estimable.
        around: Its 95 % interval, or why there is none.
        term: What it adds to a mean over labels; None where it has no interval.
    """

    value: float | None
    around: Estimated
    term: Term | None


@dataclass(frozen=True)
class LabelEstimates:
    """All metrics of one label that have a macro mean.

    Attributes:
        auc: The ROC AUC with its components by patient; None where not estimable.
        metrics: By name.
    """

    auc: ClusteredAuc | None
    metrics: Mapping[str, Measured]


def label_estimates(
    y: Floats, p: Floats, scores: Floats, threshold: float | None, codes: Codes, resampled: Mapping[str, Floats]
) -> LabelEstimates:
    """Metrics and intervals of one label.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n,)``, finite.
        scores: What the cases are ranked by ``(n,)``, finite.
        threshold: The operating point; None if there is none.
        codes: Each case's patient ``(n,)``.
        resampled: Each metric in each resample ``(resamples,)``; without resamples, no intervals.
    """
    auc = clustered_auc(y, scores, codes)
    if auc is None:
        missing = Measured(None, not_given("not_estimable"), None)
        return LabelEstimates(None, {metric.name: missing for metric in averaged()})
    precisions = resampled["average_precision"]
    found = {
        "roc_auc": _ranked(auc),
        "average_precision": _resampled(auc, METRICS["average_precision"], average_precision(y, scores), precisions),
        "brier": _exact(auc, brier_score(y, p), brier_interval(y, p, codes)),
        **_at_threshold(auc, y, p, threshold, codes, resampled),
    }
    if not len(precisions):
        found = {name: _not_wanted(each) for name, each in found.items()}
    return LabelEstimates(auc, {metric.name: found[metric.name] for metric in averaged()})


def _not_wanted(measured: Measured) -> Measured:
    return measured if measured.value is None else Measured(measured.value, not_given("no_resamples"), None)


def mean_of(
    measured: Sequence[Measured], correlations: Callable[[list[int]], Floats], lowest: float, highest: float
) -> Estimated:
    """95 % interval of the mean over the labels that have a metric, or why there is none.

    Args:
        measured: The metric of each label.
        correlations: From the places of the labels that have it to the correlations between them.
        lowest: The least value that the mean can take.
        highest: The greatest.

    Returns:
        The interval; the reason of the first label that has the metric but no interval, as the mean is no surer.
    """
    known = [at for at, each in enumerate(measured) if each.value is not None]
    lacking = [measured[at].around for at in known if measured[at].term is None]
    if lacking or not known:
        return lacking[0] if lacking else not_given("not_estimable")
    if len(known) == 1:
        return measured[known[0]].around
    terms = [term for at in known if (term := measured[at].term)]
    return Estimated(mean_interval(terms, correlations(known), lowest, highest), None)


def _ranked(auc: ClusteredAuc) -> Measured:
    around = interval_of(auc)
    return Measured(auc.auc, around, term_of(auc) if around.interval else None)


def _at_threshold(
    auc: ClusteredAuc, y: Floats, p: Floats, threshold: float | None, codes: Codes, resampled: Mapping[str, Floats]
) -> dict[str, Measured]:
    values, shares = at_threshold(y, p, threshold), shares_at_threshold(y, p, threshold, codes)
    called = patients_of_rarer_call(y, p, threshold, codes)
    return {
        metric.name: _resampled(auc, metric, values[metric.name], resampled[metric.name], called)
        if metric.of_shares is None
        else _exact(auc, values[metric.name], metric.of_shares(shares))
        for metric in averaged()
        if metric.kind == "threshold"
    }


def _exact(auc: ClusteredAuc, value: float | None, interval: Interval) -> Measured:
    """A metric whose interval allows for the number of patients by itself."""
    if value is None or interval is None:
        return Measured(value, not_given("not_estimable" if value is None else "few_patients"), None)
    term = Term(value, value - interval[0], interval[1] - value, math.inf, auc.weights)
    return Measured(value, Estimated(interval, None), term)


def _resampled(
    auc: ClusteredAuc, metric: Metric, value: float | None, resampled: Floats, most_patients: float = math.inf
) -> Measured:
    """A metric with an interval from resamples, worked out on the scale from its lowest to its highest value.

    Args:
        auc: Of the label.
        metric: Which metric.
        value: Its value.
        resampled: Its value in each resample ``(resamples,)``.
        most_patients: On how many patients it rests at most, beyond what the classes allow.
    """
    if value is None:
        return Measured(None, not_given("not_estimable"), None)
    span = metric.highest - metric.lowest
    share, shares = (value - metric.lowest) / span, (resampled - metric.lowest) / span
    patients, effective = int(min(auc.patients, most_patients)), min(auc.effective_patients, most_patients)
    around = resampled_interval(share, shares, patients, effective)
    if around.interval is None:
        return Measured(value, around, None)
    low, high = logit_limits(share, NORMAL_QUANTILE * standard_error(shares, patients))
    term = Term(value, span * (share - low), span * (high - share), degrees_of_freedom(effective), auc.weights)
    return Measured(value, Estimated([metric.lowest + span * end for end in around.interval], None), term)
