"""What one label's figures are, how sure each is, and what each adds to a mean over labels.

Three kinds of intervals: the ROC AUC's (:mod:`.roc_auc_intervals`) and those of shares of cases and Brier scores
(:mod:`.shares`) need no resampling and hold from two patients on; the average precision is resampled
(:func:`.resampled_interval`) and has none with few patients.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xraykit.evaluation.calibration.reliability import brier_interval, brier_score
from xraykit.evaluation.decisions.threshold_metrics import SHARES, shares_at_threshold
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
from xraykit.evaluation.statistics.shares import Share

FIGURES = ("roc_auc", "average_precision", *SHARES, "brier")
"""What is scored of a label and averaged over labels."""


@dataclass(frozen=True)
class Measured:
    """One figure of one label.

    Attributes:
        value: The figure, None where not estimable.
        around: Its 95 % interval, or why there is none.
        term: What it adds to a mean over labels; None where it has no interval.
    """

    value: float | None
    around: Estimated
    term: Term | None


@dataclass(frozen=True)
class LabelEstimates:
    """All ``FIGURES`` of one label.

    Attributes:
        auc: The ROC AUC with its components by patient; None where not estimable.
        figures: By name.
    """

    auc: ClusteredAuc | None
    figures: Mapping[str, Measured]


def label_estimates(
    y: Floats, p: Floats, scores: Floats, threshold: float | None, codes: Codes, resampled: Floats
) -> LabelEstimates:
    """Figures and intervals of one label.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Probabilities ``(n,)``, finite.
        scores: What the cases are ranked by ``(n,)``, finite.
        threshold: The operating point; None if there is none.
        codes: Each case's patient ``(n,)``.
        resampled: Each of ``FIGURES`` in each resample ``(figures, resamples)``; without resamples, no intervals.
    """
    auc = clustered_auc(y, scores, codes)
    if auc is None:
        return LabelEstimates(None, dict.fromkeys(FIGURES, Measured(None, not_given("not_estimable"), None)))
    found = {"roc_auc": _ranked(auc), **_shares(auc, shares_at_threshold(y, p, threshold, codes))}
    precisions = resampled[FIGURES.index("average_precision")]
    found["average_precision"] = _resampled(auc, average_precision(y, scores), precisions)
    found["brier"] = _exact(auc, brier_score(y, p), brier_interval(y, p, codes))
    if not resampled.shape[1]:
        found = {name: _not_wanted(each) for name, each in found.items()}
    return LabelEstimates(auc, {name: found[name] for name in FIGURES})


def _not_wanted(measured: Measured) -> Measured:
    return measured if measured.value is None else Measured(measured.value, not_given("no_resamples"), None)


def mean_of(
    measured: Sequence[Measured], correlations: Callable[[list[int]], Floats], lowest: float, highest: float
) -> Estimated:
    """95 % interval of the mean over the labels that have a figure, or why there is none.

    Args:
        measured: The figure of each label.
        correlations: From the places of the labels that have it to the correlations between them.
        lowest: The least value that the mean can take.
        highest: The greatest.

    Returns:
        The interval; the reason of the first label that has the figure but no interval, as the mean is no surer.
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


def _shares(auc: ClusteredAuc, shares: Mapping[str, Share | None]) -> dict[str, Measured]:
    found = {name: _share(auc, share) for name, share in shares.items() if name != "jaccard"}
    jaccard = shares["jaccard"]
    # F1 is 2 J / (1 + J) with the Jaccard index J, and so are the ends of its interval.
    return {**found, "f1": _share(auc, jaccard, lambda share: 2 * share / (1 + share))}


def _share(auc: ClusteredAuc, share: Share | None, of: Callable[[float], float] = float) -> Measured:
    if share is None:
        return _exact(auc, None, None)
    ends = share.interval()
    return _exact(auc, of(share.value), None if ends is None else [of(end) for end in ends])


def _exact(auc: ClusteredAuc, value: float | None, interval: Interval) -> Measured:
    """A figure whose interval allows for the number of patients by itself."""
    if value is None or interval is None:
        return Measured(value, not_given("not_estimable" if value is None else "few_patients"), None)
    term = Term(value, value - interval[0], interval[1] - value, math.inf, auc.weights)
    return Measured(value, Estimated(interval, None), term)


def _resampled(auc: ClusteredAuc, value: float | None, resampled: Floats) -> Measured:
    if value is None:
        return Measured(None, not_given("not_estimable"), None)
    around = resampled_interval(value, resampled, auc.patients, auc.effective_patients)
    if around.interval is None:
        return Measured(value, around, None)
    low, high = logit_limits(value, NORMAL_QUANTILE * standard_error(resampled, auc.patients))
    degrees = degrees_of_freedom(auc.effective_patients)
    return Measured(value, around, Term(value, value - low, high - value, degrees, auc.weights))
