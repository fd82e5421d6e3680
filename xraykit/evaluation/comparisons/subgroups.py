"""Metrics by sex, age band, view position or any other column, and how far each group is from the rest.

A gap is the group's metric minus that of all other radiographs. The intervals of gaps of sensitivity
(:mod:`xraykit.evaluation.statistics.contrasts`) and of ROC AUC
(:mod:`xraykit.evaluation.statistics.roc_auc_intervals`) hold from two
patients on. A gap of ROC AUCs has a p value where both sides have ``ENOUGH_PATIENTS`` with and without the finding.

So many groups and labels are compared that some gaps leave 0 out by chance. So each gap has a p value, and all of a
report are adjusted together (:func:`adjust_gaps`): only what is left then is called a difference.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.counts import shares_at_threshold
from xraykit.evaluation.decisions.threshold_metrics import thresholds_of
from xraykit.evaluation.metrics import Floats, as_columns, check_finite
from xraykit.evaluation.statistics.clustered_auc import clustered_auc
from xraykit.evaluation.statistics.contrasts import difference_interval, difference_p_value
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS
from xraykit.evaluation.statistics.multiple import holm
from xraykit.evaluation.statistics.resampling import Codes, patient_codes
from xraykit.evaluation.statistics.roc_auc_intervals import difference_interval as roc_auc_difference_interval
from xraykit.evaluation.statistics.roc_auc_intervals import difference_p_value as roc_auc_difference_p_value
from xraykit.evaluation.statistics.roc_auc_intervals import interval_of
from xraykit.evaluation.statistics.shares import Share

UNKNOWN = "unknown"
_MIRRORED = 2  # groups whose gaps are mirror images
COMPARED = ("roc_auc", "sensitivity", "false_negative_rate")


def subgroup_metrics(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    thresholds: Mapping[str, float | None],
    groups: npt.ArrayLike,
    scores: npt.ArrayLike | None = None,
    *,
    intervals: bool = True,
) -> dict[str, dict[str, Any]]:
    """ROC AUC, sensitivity and false-negative rate of each group, and the gap to the rest.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, finite.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        thresholds: Each label's operating point, by name; the same for all groups.
        groups: Each case's group ``(n,)``, such as F or M; None, NaN and "" count as ``unknown``.
        scores: What the cases are ranked by ``(n, L)``, such as logits; left out, the probabilities.
        intervals: Whether 95 % intervals and p values are wanted.

    Returns:
        Plain values that JSON can hold. For each group, sorted by name: numbers of ``images`` and ``patients`` and
        ``labels``, each with ``positives`` and ``negatives`` and, for each of ``roc_auc``, ``sensitivity`` and
        ``false_negative_rate`` (1 − sensitivity), the metric, its ``…_interval``, its ``…_gap``, its
        ``…_gap_interval`` (95 %, for this gap alone) and its ``…_gap_p_value`` (of no gap; :func:`adjust_gaps`
        considers how many there are). None where not estimable; an interval also where fewer than two patients have a
        positive, in the group or (for the gap) in the rest; of ROC AUC, also with a negative. A p value of a gap of ROC
        AUCs is None where they are fewer than ``ENOUGH_PATIENTS``.

    Raises:
        DataError: the arrays do not fit together, a label is not 1, 0 or NaN, or a label has no entry in thresholds.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    check_finite(p)
    _, ranked = as_columns(y, p if scores is None else scores, len(labels))
    codes, cuts = patient_codes(patients, len(y)), thresholds_of(labels, thresholds)
    names = _names(groups, len(y))
    metrics = {}
    for name in sorted(set(names.tolist())):
        inside = names == name
        compared = _compared(_only(y, inside), _only(y, ~inside), p, ranked, codes, cuts, intervals)
        metrics[name] = {
            "images": int(np.count_nonzero(inside)),
            "patients": len(np.unique(codes[inside])),
            "labels": dict(zip(labels, compared, strict=True)),
        }
    return metrics


def age_bands(ages: npt.ArrayLike, bounds: Sequence[float] = (18, 40, 60, 80)) -> npt.NDArray[np.object_]:
    """The age band of each case as a name that sorts by age, such as ``18-39`` or ``80+``.

    Args:
        ages: Years ``(n,)``, NaN = unknown.
        bounds: Rising first years of each band but the youngest.

    Returns:
        Names ``(n,)``; ``unknown`` for NaN.
    """
    years, firsts = np.asarray(ages, np.float64), [0, *bounds]
    ends = [f"{first:02g}-{following - 1:02g}" for first, following in zip(firsts, bounds, strict=False)]
    names = np.array([*ends, f"{firsts[-1]:g}+"], object)[np.searchsorted(bounds, years, side="right")]
    names[np.isnan(years)] = UNKNOWN
    return names


def _names(groups: npt.ArrayLike, cases: int) -> npt.NDArray[np.object_]:
    values = np.asarray(groups, object)
    if values.shape != (cases,):
        raise DataError(
            f"Each case needs its group: an array of shape ({cases},). Received: {values.shape}. Give one value for "
            "each radiograph that was predicted, in the same order."
        )
    # NaN alone differs from itself.
    missing = [value is None or value != value or not str(value).strip() for value in values]
    names = [UNKNOWN if lacks else str(value).strip() for lacks, value in zip(missing, values, strict=True)]
    return np.array(names, object)


def _only(y: Floats, cases: npt.NDArray[np.bool_]) -> Floats:
    """Labels ``(n, L)`` of some of the cases, those of the others unknown."""
    return np.where(cases[:, None], y, np.nan)


def _compared(
    group: Floats,
    rest: Floats,
    p: Floats,
    scores: Floats,
    codes: Codes,
    thresholds: Sequence[float | None],
    intervals: bool,
) -> list[dict[str, Any]]:
    """The metrics of each label in the group, beside the rest."""
    return [
        {
            "positives": int(np.count_nonzero(group[:, at] == 1)),
            "negatives": int(np.count_nonzero(group[:, at] == 0)),
            **_roc_auc(group[:, at], rest[:, at], scores[:, at], codes, intervals),
            **_sensitivity(group[:, at], rest[:, at], p[:, at], codes, threshold, intervals),
        }
        for at, threshold in enumerate(thresholds)
    ]


def _roc_auc(group: Floats, rest: Floats, scores: Floats, codes: Codes, intervals: bool) -> dict[str, Any]:
    of_group, of_rest = clustered_auc(group, scores, codes), clustered_auc(rest, scores, codes)
    both = (of_rest, of_group) if of_group and of_rest else None
    enough = both is not None and min(each.patients for each in both) >= ENOUGH_PATIENTS
    return {
        "roc_auc": of_group and of_group.auc,
        "roc_auc_interval": interval_of(of_group).interval if intervals else None,
        "roc_auc_gap": both and both[1].auc - both[0].auc,
        "roc_auc_gap_interval": roc_auc_difference_interval(*both).interval if both and intervals else None,
        "roc_auc_gap_p_value": roc_auc_difference_p_value(*both) if both and enough and intervals else None,
    }


def _sensitivity(
    group: Floats, rest: Floats, p: Floats, codes: Codes, threshold: float | None, intervals: bool
) -> dict[str, Any]:
    """Sensitivity and the false-negative rate, which is 1 − sensitivity."""
    of_group, of_rest = (shares_at_threshold(of, p, threshold, codes)["sensitivity"] for of in (group, rest))
    group_fnr, rest_fnr = of_group and of_group.complement(), of_rest and of_rest.complement()
    # A difference of false-negative rates is a difference of sensitivities with the opposite sign: one p value.
    p_value = difference_p_value(of_group, of_rest) if of_group and of_rest and intervals else None
    return {
        **_share("sensitivity", of_group, of_rest, intervals),
        **_share("false_negative_rate", group_fnr, rest_fnr, intervals),
        **{f"{name}_gap_p_value": p_value for name in ("sensitivity", "false_negative_rate")},
    }


def _share(name: str, of_group: Share | None, of_rest: Share | None, intervals: bool) -> dict[str, Any]:
    both = (of_group, of_rest) if of_group and of_rest else None
    return {
        name: of_group and of_group.value,
        f"{name}_interval": of_group.interval() if of_group and intervals else None,
        f"{name}_gap": both and both[0].value - both[1].value,
        f"{name}_gap_interval": difference_interval(*both) if both and intervals else None,
    }


def adjust_gaps(divided: Mapping[str, Mapping[str, Any]]) -> int:
    """Adjust the p values of all gaps of a report for how many there are, by Holm's method.

    Of two groups the gaps are mirror images, and so are those of sensitivity and false-negative rate: each counts once.
    If nothing differs anywhere, the smallest adjusted p value is below 0.05 in at most one report in 20.

    Args:
        divided: For each way to divide the part what :func:`subgroup_metrics` returns. Each label of each group gets
            ``…_gap_adjusted_p_value``, None where there is no p value.

    Returns:
        How many comparisons were made.
    """
    tests: dict[Any, float | None] = {}
    of_gap: list[tuple[dict[str, Any], str, Any]] = []
    for way, groups in divided.items():
        for group, metrics in groups.items():
            for label, each in metrics["labels"].items():
                for name in COMPARED:
                    key = way, "both" if len(groups) == _MIRRORED else group, label, name == "roc_auc"
                    tests.setdefault(key, each[f"{name}_gap_p_value"])
                    of_gap.append((each, f"{name}_gap_adjusted_p_value", key))
    adjusted = holm(tests)
    for each, name, key in of_gap:
        each[name] = adjusted[key]
    return sum(p is not None for p in tests.values())
