"""Metrics by sex, age band, view position or any other column, and how far each group is from the rest.

A gap is the group's metric minus that of all other radiographs. The intervals of gaps of sensitivity
(:mod:`xraykit.evaluation.statistics.contrasts`) and of ROC AUC
(:mod:`xraykit.evaluation.statistics.roc_auc_intervals`) hold from two
patients on. A gap of ROC AUCs has a p value where both sides have ``ENOUGH_PATIENTS`` with and without the finding.

So many groups and labels are compared that some gaps leave 0 out by chance. So each gap has a p value, and all of a
report are adjusted together (:func:`adjust_gaps`): only what is left then is called a difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.decisions.threshold_metrics import thresholds_of
from xraykit.evaluation.metrics import Booleans, Floats, as_columns, check_finite, is_estimable, known_cases
from xraykit.evaluation.statistics.clustered_auc import ClusteredAuc, auc_of_ranks, ranks_of
from xraykit.evaluation.statistics.contrasts import difference_interval, difference_p_value
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS
from xraykit.evaluation.statistics.multiple import holm
from xraykit.evaluation.statistics.resampling import Codes, distinct, number_of_patients, patient_codes
from xraykit.evaluation.statistics.roc_auc_intervals import difference_interval as roc_auc_difference_interval
from xraykit.evaluation.statistics.roc_auc_intervals import difference_p_value as roc_auc_difference_p_value
from xraykit.evaluation.statistics.roc_auc_intervals import interval_of
from xraykit.evaluation.statistics.shares import Share, share_of

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
    all_targets: npt.ArrayLike | None = None,
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
        all_targets: Labels ``(n, L)`` to count, where those of untrained labels are masked in ``targets``.

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
    counted, _ = as_columns(y if all_targets is None else all_targets, p, len(labels))
    codes, cuts = patient_codes(patients, len(y)), thresholds_of(labels, thresholds)
    names, group = _numbered(_names(groups, len(y)))
    metrics: dict[str, dict[str, Any]] = {
        name: {
            "images": int(np.count_nonzero(group == number)),
            "patients": distinct(codes[group == number]),
            "labels": {},
        }
        for number, name in enumerate(names)
    }
    for at, label in enumerate(labels):
        cases = _Cases.of(y[:, at], p[:, at], ranked[:, at], cuts[at], codes)
        compared = _compared(cases, group[~np.isnan(y[:, at])], len(names), intervals)
        for number, values in enumerate(compared):
            of_group = counted[group == number, at]
            metrics[names[number]]["labels"][label] = {
                "positives": int(np.count_nonzero(of_group == 1)),
                "negatives": int(np.count_nonzero(of_group == 0)),
                **values,
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


def _numbered(names: npt.NDArray[np.object_]) -> tuple[list[str], Codes]:
    """The names in order, each once, and the number of each case's name ``(n,)``."""
    kinds = sorted(set(names.tolist()))
    number = {name: at for at, name in enumerate(kinds)}
    return kinds, np.array([number[name] for name in names], np.intp)


@dataclass(frozen=True)
class _Cases:
    """The known cases of a label, or some of them.

    Attributes:
        positive: Whether each is positive ``(k,)``.
        rank: Of its score among all cases ``(k,)``.
        called: Whether it is called positive ``(k,)``; None without a threshold.
        patient: Number of its patient ``(k,)``.
        patients: How many patients there are in all.
    """

    positive: Booleans
    rank: Codes
    called: Booleans | None
    patient: Codes
    patients: int

    @classmethod
    def of(cls, y: Floats, p: Floats, scores: Floats, threshold: float | None, codes: Codes) -> "_Cases":
        known = ~np.isnan(y)
        positive, score = known_cases(y, scores)
        called = None if threshold is None else p[known] >= threshold
        return cls(positive, ranks_of(score), called, codes[known], number_of_patients(codes))

    def only(self, cases: Booleans) -> "_Cases":
        at = np.flatnonzero(cases)
        called = None if self.called is None else self.called[at]
        return _Cases(self.positive[at], self.rank[at], called, self.patient[at], self.patients)

    def estimates(self) -> "_Estimates":
        if not is_estimable(self.positive):
            return _Estimates(None, None)
        return _Estimates(
            auc_of_ranks(self.positive, self.rank, self.patient, self.patients),
            None if self.called is None else share_of(self.called & self.positive, self.positive, self.patient),
        )


class _Estimates(NamedTuple):
    """What is compared; None where not estimable."""

    roc_auc: ClusteredAuc | None
    sensitivity: Share | None


def _compared(cases: _Cases, group: Codes, groups: int, intervals: bool) -> Iterator[dict[str, Any]]:
    """The metrics of each group ``0`` to ``groups − 1`` beside those of the rest; ``group`` is that of each case."""
    of_groups = [cases.only(group == number).estimates() for number in range(groups)]
    for number, of_group in enumerate(of_groups):
        # Of two groups, each is the rest of the other.
        of_rest = of_groups[1 - number] if groups == _MIRRORED else cases.only(group != number).estimates()
        yield {
            **_roc_auc(of_group.roc_auc, of_rest.roc_auc, intervals),
            **_sensitivity(of_group.sensitivity, of_rest.sensitivity, intervals),
        }


def _roc_auc(of_group: ClusteredAuc | None, of_rest: ClusteredAuc | None, intervals: bool) -> dict[str, Any]:
    both = (of_rest, of_group) if of_group and of_rest else None
    enough = both is not None and min(each.patients for each in both) >= ENOUGH_PATIENTS
    return {
        "roc_auc": of_group and of_group.auc,
        "roc_auc_interval": interval_of(of_group).interval if intervals else None,
        "roc_auc_gap": both and both[1].auc - both[0].auc,
        "roc_auc_gap_interval": roc_auc_difference_interval(*both).interval if both and intervals else None,
        "roc_auc_gap_p_value": roc_auc_difference_p_value(*both) if both and enough and intervals else None,
    }


def _sensitivity(of_group: Share | None, of_rest: Share | None, intervals: bool) -> dict[str, Any]:
    """Sensitivity and the false-negative rate, which is 1 − sensitivity."""
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
