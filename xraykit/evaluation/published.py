"""Published figures, for the splits they were measured on: never to be printed beside a figure of another split."""

from collections.abc import Sequence
from typing import Any

from xraykit.labels import FINDINGS

OFFICIAL_TEST_IMAGES = 25_596
"""Radiographs of NIH's test_list.txt."""

# ROC AUC per label, in the order of FINDINGS' names.
_WANG = {
    **{"Atelectasis": 0.700, "Cardiomegaly": 0.810, "Effusion": 0.759, "Infiltration": 0.661, "Mass": 0.693},
    **{"Nodule": 0.669, "Pneumonia": 0.658, "Pneumothorax": 0.799, "Consolidation": 0.703, "Edema": 0.805},
    **{"Emphysema": 0.833, "Fibrosis": 0.786, "Pleural_Thickening": 0.684, "Hernia": 0.872},
}


def published_figures(split: str, labels: Sequence[str], images: int) -> tuple[list[dict[str, Any]], str | None]:
    """Published ROC AUCs of the same test part.

    Args:
        split: How the parts came about, as :func:`xraykit.data.describe_split` says it.
        labels: The labels that were learnt.
        images: Radiographs of the test part.

    Returns:
        The figures, each ``name``, ``split``, ``labels`` (label to ROC AUC) and ``macro`` (of all 14, None if not
        all were learnt); and why there are none, as a sentence, or None.
    """
    # A split that was changed afterwards, as by a review of labels, is stamped after a semicolon.
    if not split.startswith("official NIH") or ";" in split:
        return (
            [],
            f"Published figures of NIH's official split are not shown: this run has another split ({split}).",
        )
    if images != OFFICIAL_TEST_IMAGES:
        return [], (
            f"Published figures are of all {OFFICIAL_TEST_IMAGES:,} radiographs of NIH's test list; this run's test "
            f"part has {images:,} of them, so that a comparison would mislead."
        )
    shared = {label: _WANG[label] for label in labels if label in _WANG}
    macro = 0.745 if set(labels) == set(FINDINGS) else None
    name = "Wang et al., CVPR 2017 (the data set's own paper)"
    return [{"name": name, "split": "official NIH", "labels": shared, "macro": macro}], None
