"""What is reported of labels that were not trained: their counts and the reason, and no metric."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from xraykit.evaluation.evaluate import counts_of
from xraykit.evaluation.statistics.resampling import Codes

COUNTS = ("positives", "negatives", "positive_patients", "negative_patients")


def mark_untrained(metrics: dict[str, Any], targets: np.ndarray, codes: Codes, untrained: Mapping[str, str]) -> None:
    """Add ``trained`` and ``not_trained_reason`` to each label, and ``not_trained`` to the macro means.

    Args:
        metrics: What :func:`xraykit.evaluation.evaluate` gave for targets in which those of untrained labels are
            masked; changed in place: untrained labels get the counts of the targets that are not.
        targets: Labels ``(n, L)``, none masked.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.patient_codes`.
        untrained: Label to reason.
    """
    for at, (label, values) in enumerate(metrics["labels"].items()):
        values |= {"trained": label not in untrained, "not_trained_reason": untrained.get(label)}
        if label in untrained:
            values |= counts_of(targets[:, at], codes)
    for macro in filter(None, (metrics["macro"], metrics.get("macro_enough_cases"))):
        macro["not_trained"] = list(untrained)
        macro["not_estimable"] = [label for label in macro["not_estimable"] if label not in untrained]


def with_true_counts(
    labels: Mapping[str, dict[str, Any]], counted: Mapping[str, Mapping[str, Any]], untrained: Mapping[str, str]
) -> None:
    """Put the true counts of untrained labels in place of those of their masked targets."""
    for label in untrained:
        labels[label] |= {name: counted[label][name] for name in COUNTS if name in labels[label]}
