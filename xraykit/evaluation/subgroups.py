"""Figures by sex, age band, view position or any other column, and how far each group is from the rest.

A gap is the group's figure minus that of all other radiographs. Both are resampled together, so that a patient with
radiographs in both counts in both. A group whose positives are all found shows no variation, so that the interval of
its gap is too narrow.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.bootstrap import FIGURES, resampled_figures, thresholds_of
from xraykit.evaluation.intervals import percentile_interval, share_interval
from xraykit.evaluation.metrics import Floats, as_columns, roc_auc
from xraykit.evaluation.resampling import Codes, patient_codes, patients_of_rarer_class
from xraykit.evaluation.threshold_figures import at_threshold

UNKNOWN = "unknown"
COMPARED = ("roc_auc", "sensitivity", "false_negative_rate")


def subgroup_figures(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    thresholds: Mapping[str, float | None],
    groups: npt.ArrayLike,
    resamples: int,
    seed: int,
    scores: npt.ArrayLike | None = None,
) -> dict[str, dict[str, Any]]:
    """ROC AUC, sensitivity and false-negative rate of each group, and the gap to the rest.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, finite.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        thresholds: Each label's operating point, by name; the same for all groups.
        groups: Each case's group ``(n,)``, such as F or M; None, NaN and "" count as ``unknown``.
        resamples: How often patients are drawn for the 95 % intervals; 0 for none.
        seed: Of the drawing.
        scores: What the cases are ranked by ``(n, L)``, such as logits; left out, the probabilities.

    Returns:
        Plain values that JSON can hold. For each group, sorted by name: numbers of ``images`` and ``patients`` and
        ``labels``, each with ``positives`` and ``negatives`` and, for each of ``roc_auc``, ``sensitivity`` and
        ``false_negative_rate`` (1 − sensitivity), the figure, its ``…_interval``, its ``…_gap`` and its
        ``…_gap_interval``. None where not estimable; an interval also where fewer than two patients have a positive
        or fewer than two a negative, in the group or (for the gap) in the rest.

    Raises:
        DataError: the arrays do not fit together, a label is not 1, 0 or NaN, or a label has no entry in thresholds.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    _, ranked = as_columns(y, p if scores is None else scores, len(labels))
    codes, cuts = patient_codes(patients, len(y)), thresholds_of(labels, thresholds)
    names = _names(groups, len(y))
    figures = {}
    for name in sorted(set(names.tolist())):
        inside = names == name
        compared = _compared(_only(y, inside), _only(y, ~inside), p, ranked, codes, cuts, resamples, seed)
        figures[name] = {
            "images": int(np.count_nonzero(inside)),
            "patients": len(np.unique(codes[inside])),
            "labels": dict(zip(labels, compared, strict=True)),
        }
    return figures


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
    resamples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """The figures of each label in the group, beside the rest."""
    values = _resampled(group, p, scores, codes, thresholds, resamples, seed)
    gaps = values - _resampled(rest, p, scores, codes, thresholds, resamples, seed)
    figures = [
        [_figures(y[:, at], p[:, at], scores[:, at], threshold) for y in (group, rest)]
        for at, threshold in enumerate(thresholds)
    ]
    return [
        _label(group[:, at], rest[:, at], codes, figures[at], values[:, at], gaps[:, at])
        for at in range(len(thresholds))
    ]


def _label(
    group: Floats,
    rest: Floats,
    codes: Codes,
    figures: Sequence[Mapping[str, float | None]],
    values: Floats,
    gaps: Floats,
) -> dict[str, Any]:
    mine, theirs = figures
    patients, others = patients_of_rarer_class(group, codes), patients_of_rarer_class(rest, codes)
    with_positives = len(np.unique(codes[group == 1]))
    label: dict[str, Any] = {
        "positives": int(np.count_nonzero(group == 1)),
        "negatives": int(np.count_nonzero(group == 0)),
    }
    for name, own, gap in zip(COMPARED, values, gaps, strict=True):
        figure, other = mine[name], theirs[name]
        label[name] = figure
        label[f"{name}_interval"] = (
            percentile_interval(own, patients) if name == "roc_auc" else share_interval(own, patients, with_positives)
        )
        label[f"{name}_gap"] = None if figure is None or other is None else figure - other
        label[f"{name}_gap_interval"] = percentile_interval(gap, min(patients, others))
    return label


def _figures(y: Floats, p: Floats, scores: Floats, threshold: float | None) -> dict[str, float | None]:
    sensitivity = at_threshold(y, p, threshold)["sensitivity"]
    missed = None if sensitivity is None else 1 - sensitivity
    return {"roc_auc": roc_auc(y, scores), "sensitivity": sensitivity, "false_negative_rate": missed}


def _resampled(
    y: Floats,
    p: Floats,
    scores: Floats,
    codes: Codes,
    thresholds: Sequence[float | None],
    resamples: int,
    seed: int,
) -> Floats:
    """``COMPARED`` in each resample ``(3, L, resamples)``."""
    values = resampled_figures(y, p, codes, thresholds, resamples, seed, scores)
    sensitivity = values[FIGURES.index("sensitivity")]
    return np.stack([values[FIGURES.index("roc_auc")], sensitivity, 1 - sensitivity])
