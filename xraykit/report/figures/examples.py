"""Which test radiographs are shown with their heat maps: what the model got right and wrong, most confident first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

KINDS = ("true_positive", "false_positive", "true_negative", "false_negative", "unknown")


@dataclass(frozen=True)
class Look:
    """One heat map to draw: a radiograph and a label.

    Attributes:
        image: File name of the radiograph.
        label: The finding.
        kind: One of ``KINDS``; ``unknown`` where the label has no operating point or the truth is not known.
        probability: What the model says, 0–1.
        threshold: The label's operating point; None if it has none.
        truth: Whether the finding is there; None if unknown.
        calibrated: Whether the probability is.
    """

    image: str
    label: str
    kind: str
    probability: float
    threshold: float | None
    truth: bool | None
    calibrated: bool = True


def choose_looks(
    predictions: pd.DataFrame,
    reading_thresholds: Mapping[str, float | None],
    labels: Sequence[str],
    per_kind: int,
    uncalibrated: Collection[str] = (),
) -> list[Look]:
    """Choose, for each label, the test radiographs that the model was surest of, rightly and wrongly.

    The surest call is that with the highest logit, the surest clearance that with the lowest: isotonic calibration
    gives many radiographs one probability. Of equals the one that stands first. Radiographs of ``unknown`` kind are
    chosen only for a label that has no others.

    Args:
        predictions: The table of predictions; its test part is used.
        reading_thresholds: Each label's operating point, None where it has none.
        labels: The findings.
        per_kind: At most this many radiographs of each kind per label.
        uncalibrated: The findings whose probabilities are not calibrated, which are marked.

    Returns:
        By label, then by kind in the order of ``KINDS``, then by confidence.
    """
    test = predictions[predictions["part"] == "test"]
    looks = [look for label in labels for look in _of_label(test, label, reading_thresholds[label], per_kind)]
    return [replace(look, calibrated=look.label not in uncalibrated) for look in looks]


def _of_label(test: pd.DataFrame, label: str, threshold: float | None, per_kind: int) -> list[Look]:
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
    looks = []
    for kind, members in groups.items():
        rows = np.flatnonzero(members)
        surest = score[rows] if kind.endswith("negative") else -score[rows]
        for row in rows[np.argsort(surest, kind="stable")][:per_kind]:
            shown = None if np.isnan(truth[row]) else bool(truth[row])
            looks.append(Look(images[row], label, kind, float(p[row]), threshold, shown))
    return looks
