"""How much better a second model ranks the radiographs of one label, with interval and p value over patients."""

from dataclasses import dataclass, replace

import numpy as np

from xraykit.evaluation.label_intervals import Measured, mean_of
from xraykit.evaluation.metrics import Floats, average_precision
from xraykit.evaluation.statistics.clustered_auc import ClusteredAuc, clustered_auc, correlations
from xraykit.evaluation.statistics.contrasts import distances
from xraykit.evaluation.statistics.intervals import (
    ENOUGH_PATIENTS,
    NORMAL_QUANTILE,
    Estimated,
    NoInterval,
    degrees_of_freedom,
    not_given,
    resampled_interval,
    standard_error,
)
from xraykit.evaluation.statistics.mean_intervals import Term, resampled_correlations
from xraykit.evaluation.statistics.resampling import Codes
from xraykit.evaluation.statistics.roc_auc_intervals import difference_interval, difference_p_value, difference_term


@dataclass(frozen=True)
class PairedLabel:
    """Second model minus first model on one label.

    Attributes:
        roc_auc: Both ROC AUCs with their components by patient; None where not estimable.
        average_precision: Both, None where not estimable.
        differences: ``roc_auc`` and ``average_precision``, second minus first.
        resampled: The difference of the average precisions in each resample ``(resamples,)``.
        p_value: Two-sided, of equal ROC AUCs, before any adjustment; None without one.
        no_p_value: Why there is none.
    """

    roc_auc: tuple[ClusteredAuc, ClusteredAuc] | None
    average_precision: tuple[float | None, float | None]
    differences: dict[str, Measured]
    resampled: Floats
    p_value: float | None
    no_p_value: NoInterval | None


def paired_label(
    y: Floats, scores: tuple[Floats, Floats], codes: Codes, resampled: tuple[Floats, Floats]
) -> PairedLabel:
    """Compare two models on one label.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        scores: Of the first and of the second model ``(n,)`` each, finite.
        codes: Each case's patient ``(n,)``.
        resampled: Average precision of both models in each resample ``(resamples,)``; without resamples, no intervals.
    """
    first, second = (clustered_auc(y, each, codes) for each in scores)
    difference = resampled[1] - resampled[0]
    if first is None or second is None:
        nothing = Measured(None, not_given("not_estimable"), None)
        differences = {"roc_auc": nothing, "average_precision": nothing}
        return PairedLabel(None, (None, None), differences, difference, None, "not_estimable")
    precisions = (average_precision(y, scores[0]), average_precision(y, scores[1]))
    differences = {
        "roc_auc": _roc_auc(first, second, bool(len(difference))),
        "average_precision": _average_precision(first, precisions, resampled),
    }
    enough = first.patients >= ENOUGH_PATIENTS
    p_value = difference_p_value(first, second) if enough else None
    why: NoInterval | None = None if p_value is not None else "no_variation" if enough else "few_patients"
    return PairedLabel((first, second), precisions, differences, difference, p_value, why)


def mean_difference(name: str, labels: list[PairedLabel]) -> Estimated:
    """95 % interval of the mean of a difference over the labels that have it, or why there is none."""

    def together(known: list[int]) -> Floats:
        if name == "average_precision":
            return resampled_correlations(np.array([labels[at].resampled for at in known]))
        return correlations([_gain(*pair) for at in known if (pair := labels[at].roc_auc)])

    return mean_of([label.differences[name] for label in labels], together, -1, 1)


def _gain(first: ClusteredAuc, second: ClusteredAuc) -> ClusteredAuc:
    """The difference as if it were a ROC AUC: its components are the differences of the components."""
    return replace(
        second,
        auc=second.auc - first.auc,
        of_positives=second.of_positives - first.of_positives,
        of_negatives=second.of_negatives - first.of_negatives,
    )


def _roc_auc(first: ClusteredAuc, second: ClusteredAuc, wanted: bool) -> Measured:
    value, around = second.auc - first.auc, difference_interval(first, second)
    if not wanted:
        return Measured(value, not_given("no_resamples"), None)
    return Measured(value, around, difference_term(first, second) if around.interval else None)


def _average_precision(
    auc: ClusteredAuc, values: tuple[float | None, float | None], resampled: tuple[Floats, Floats]
) -> Measured:
    first, second = values
    if first is None or second is None:
        return Measured(None, not_given("not_estimable"), None)
    one, other = (
        resampled_interval(value, each, auc.patients, auc.effective_patients)
        for value, each in zip((first, second), resampled, strict=True)
    )
    if one.interval is None or other.interval is None:
        return Measured(second - first, Estimated(None, one.reason or other.reason), None)
    if np.array_equal(*resampled, equal_nan=True):
        below, above = 0.0, 0.0
    else:
        alike = float(resampled_correlations(np.array(resampled))[0, 1])
        below, above = distances((first, one.interval), (second, other.interval), alike)
    half = NORMAL_QUANTILE * standard_error(resampled[1] - resampled[0], auc.patients)
    term = Term(second - first, half, half, degrees_of_freedom(auc.effective_patients), auc.weights)
    interval = [max(-1.0, second - first - below), min(1.0, second - first + above)]
    return Measured(second - first, Estimated(interval, None), term)
