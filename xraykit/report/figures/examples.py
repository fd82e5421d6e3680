"""Example radiographs of the test part for heat maps: true and false calls, the most confident first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

KINDS = ("true_positive", "false_positive", "true_negative", "false_negative", "unknown")


@dataclass(frozen=True)
class Example:
    """One heat map to draw: a radiograph and a label.

    Attributes:
        image: File name of the radiograph.
        label: The finding.
        kind: One of ``KINDS``; ``unknown`` where the label has no operating point or the truth is not known.
        probability: Of the finding, 0–1.
        threshold: The label's operating point; None if it has none.
        truth: Whether the finding is present; None if unknown.
        calibrated: Whether the probability is.
    """

    image: str
    label: str
    kind: str
    probability: float
    threshold: float | None
    truth: bool | None
    calibrated: bool = True


def choose_examples(
    predictions: pd.DataFrame,
    thresholds: Mapping[str, float | None],
    labels: Sequence[str],
    per_kind: int,
    uncalibrated: Collection[str] = (),
) -> list[Example]:
    """Choose, for each label, the test radiographs with the most confident predictions, right and wrong.

    The most confident positive has the highest logit, the most confident negative the lowest; probabilities are not
    used, because isotonic calibration gives many radiographs the same one. Ties keep the order of the table.
    Radiographs of ``unknown`` kind are chosen only for a label that has no others.

    Args:
        predictions: The table of predictions; its test part is used.
        thresholds: Each label's operating point, None where it has none.
        labels: The findings.
        per_kind: At most this many radiographs of each kind per label.
        uncalibrated: The findings whose probabilities are not calibrated, which are marked.

    Returns:
        By label, then by kind in the order of ``KINDS``, then by confidence.
    """
    test = predictions[predictions["part"] == "test"]
    examples = [example for label in labels for example in _of_label(test, label, thresholds[label], per_kind)]
    return [replace(example, calibrated=example.label not in uncalibrated) for example in examples]


def _of_label(test: pd.DataFrame, label: str, threshold: float | None, per_kind: int) -> list[Example]:
    truth = test[label].to_numpy(np.float64)
    p = test[f"{label}_probability"].to_numpy(np.float64)
    score = test[f"{label}_logit"].to_numpy(np.float64) if f"{label}_logit" in test else p
    called = np.full(len(p), False) if threshold is None else p >= threshold
    known = ~np.isnan(truth) & (threshold is not None)
    groups = {
        "true_positive": known & (truth == 1) & called,
        "false_positive": known & (truth == 0) & called,
        "true_negative": known & (truth == 0) & ~called,
        "false_negative": known & (truth == 1) & ~called,
        "unknown": np.full(len(p), not known.any()),
    }
    images = test["image"].astype(str).to_numpy()
    examples = []
    for kind, members in groups.items():
        rows = np.flatnonzero(members)
        surest = score[rows] if kind.endswith("negative") else -score[rows]
        for row in rows[np.argsort(surest, kind="stable")][:per_kind]:
            shown = None if np.isnan(truth[row]) else bool(truth[row])
            examples.append(Example(images[row], label, kind, float(p[row]), threshold, shown))
    return examples
