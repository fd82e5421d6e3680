"""Metrics that follow from sensitivity and specificity: likelihood ratios, and predictive values elsewhere."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from xraykit.evaluation.counts import shares_at_threshold
from xraykit.evaluation.decisions.threshold_metrics import predictive_values, thresholds_of
from xraykit.evaluation.metrics import as_columns, check_finite
from xraykit.evaluation.statistics.contrasts import ratio_interval
from xraykit.evaluation.statistics.resampling import patient_codes
from xraykit.evaluation.statistics.shares import Share

_Ends = tuple[float, float] | None
_NONE: tuple[_Ends, _Ends] = (None, None)


def derived_metrics(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    thresholds: Mapping[str, float | None],
    prevalence: Mapping[str, float],
    *,
    intervals: bool = True,
) -> dict[str, dict[str, Any]]:
    """Intervals of the likelihood ratios, and predictive values at the prevalence of the reader's own hospital.

    A likelihood ratio is a ratio of two shares of different cases, so its interval follows from those of sensitivity
    and specificity (:func:`xraykit.evaluation.statistics.contrasts.ratio_interval`). The odds of the finding after a
    call are those before it times the likelihood ratio (Bayes' theorem), so the interval of a predictive value follows
    from that of the ratio, with the same coverage. If 50 of 50 negatives are true negatives, PPV at a prevalence of 1 %
    is between about 0.1 and 1.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        thresholds: Each label's operating point, by name.
        prevalence: Share of positives elsewhere, by label, above 0 and below 1; a label without one gets no values.
        intervals: Whether 95 % intervals are wanted.

    Returns:
        For each label ``likelihood_ratio_positive_interval``, ``likelihood_ratio_negative_interval`` (95 %: None, or
        ``[low, high]``, where a high of None means that there is no upper end: the ratio may be infinite) and
        ``reader``: None, or ``prevalence``, ``precision`` and ``npv`` there (:func:`.predictive_values`), each with its
        ``…_interval``. All are None with fewer than two patients with a positive or fewer than two with a negative.

    Raises:
        DataError: the arrays do not fit together, or a prevalence is not above 0 and below 1.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    check_finite(p)
    codes, cuts = patient_codes(patients, len(y)), thresholds_of(labels, thresholds)
    metrics: dict[str, dict[str, Any]] = {}
    for label, of, at, cut in zip(labels, y.T, p.T, cuts, strict=True):
        shares = shares_at_threshold(of, at, cut, codes, ("sensitivity", "specificity"))
        positive, negative = _likelihood_ratios(shares["sensitivity"], shares["specificity"]) if intervals else _NONE
        metrics[label] = {
            "likelihood_ratio_positive_interval": _finite(positive),
            "likelihood_ratio_negative_interval": _finite(negative),
            "reader": None,
        }
        if label in prevalence:
            elsewhere = predictive_values(
                _value(shares["sensitivity"]), _value(shares["specificity"]), prevalence[label]
            )
            odds = prevalence[label] / (1 - prevalence[label])
            around = {
                "precision_interval": positive and [_share(odds * end) for end in positive],
                "npv_interval": negative and [1 - _share(odds * end) for end in reversed(negative)],
            }
            metrics[label]["reader"] = {"prevalence": prevalence[label], **elsewhere, **around}
    return metrics


def _likelihood_ratios(sensitivity: Share | None, specificity: Share | None) -> tuple[_Ends, _Ends]:
    """Ends of the positive and of the negative likelihood ratio."""
    if sensitivity is None or specificity is None:
        return None, None
    false_negative_rate, false_positive_rate = sensitivity.complement(), specificity.complement()
    return ratio_interval(sensitivity, false_positive_rate), ratio_interval(false_negative_rate, specificity)


def _value(share: Share | None) -> float | None:
    return None if share is None else share.value


def _share(odds: float) -> float:
    return 1.0 if math.isinf(odds) else odds / (1 + odds)


def _finite(ends: _Ends) -> list[float | None] | None:
    """Ends as JSON can hold them."""
    return None if ends is None else [None if math.isinf(end) else end for end in ends]
