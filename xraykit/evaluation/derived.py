"""Figures that follow from sensitivity and specificity: likelihood ratios, and predictive values elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.bootstrap import FIGURES, resampled_figures, thresholds_of
from xraykit.evaluation.intervals import percentile_interval
from xraykit.evaluation.metrics import Floats, as_columns
from xraykit.evaluation.resampling import patient_codes, patients_of_rarer_class
from xraykit.evaluation.threshold_figures import LIKELIHOOD_RATIOS, at_threshold, from_counts, predictive_values

_PREDICTIVE = ("precision", "npv")


def derived_figures(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: Sequence[str],
    thresholds: Mapping[str, float | None],
    prevalence: Mapping[str, float],
    resamples: int,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Intervals of the likelihood ratios, and predictive values at the prevalence of the reader's own hospital.

    A resample without false or without true negative calls has an infinite ratio, or none; it is left out.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        patients: Each case's patient ``(n,)``.
        labels: Names of the L columns.
        thresholds: Each label's operating point, by name.
        prevalence: Share of positives elsewhere, by label, above 0 and below 1; a label without one gets no values.
        resamples: How often patients are drawn for the 95 % intervals; 0 for none.
        seed: Of the drawing.

    Returns:
        For each label ``likelihood_ratio_positive_interval``, ``likelihood_ratio_negative_interval`` and ``reader``:
        None, or ``prevalence``, ``precision`` and ``npv`` there (:func:`.predictive_values`), each with its
        ``…_interval``.

    Raises:
        DataError: the arrays do not fit together, or a prevalence is not above 0 and below 1.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    codes, cuts = patient_codes(patients, len(y)), thresholds_of(labels, thresholds)
    values = resampled_figures(y, p, codes, cuts, resamples, seed)
    found, cleared = values[FIGURES.index("sensitivity")], values[FIGURES.index("specificity")]
    numbers = [patients_of_rarer_class(column, codes) for column in y.T]
    figures: dict[str, dict[str, Any]] = {}
    for at, label in enumerate(labels):
        ratios = _at(found[at], cleared[at], 0.5)
        intervals = {f"{name}_interval": percentile_interval(ratios[name], numbers[at]) for name in LIKELIHOOD_RATIOS}
        figures[label] = {**intervals, "reader": None}
        if label in prevalence:
            mine = at_threshold(y[:, at], p[:, at], cuts[at])
            there = predictive_values(mine["sensitivity"], mine["specificity"], prevalence[label])
            resampled = _at(found[at], cleared[at], prevalence[label])
            around = {f"{name}_interval": percentile_interval(resampled[name], numbers[at]) for name in _PREDICTIVE}
            figures[label]["reader"] = {"prevalence": prevalence[label], **there, **around}
    return figures


def _at(sensitivity: Floats, specificity: Floats, prevalence: float) -> dict[str, Floats]:
    """Figures at a prevalence, from sensitivities and specificities ``(resamples,)``; likelihood ratios have none."""
    healthy = 1 - prevalence
    return from_counts(
        sensitivity * prevalence, (1 - specificity) * healthy, np.full_like(sensitivity, prevalence), healthy
    )
