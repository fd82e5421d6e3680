"""Published figures, for the splits they were measured on: never to be printed beside a figure of another split."""

import hashlib
from collections.abc import Sequence
from typing import Any

from xraykit.config import SplitRecord
from xraykit.config.labels import FINDINGS

OFFICIAL_TEST_IMAGES = 25_596
"""Radiographs of NIH's test_list.txt."""

OFFICIAL_TEST_SHA256 = "38ca5ef7f756092946f57c1a59faca882ed589a1ab1f72590b45dc06c6d5e1cc"
"""SHA-256 of the sorted names in NIH's test_list.txt, one to a line, without a line break at the end."""

# ROC AUC per label, in the order of FINDINGS' names.
_WANG = {
    **{"Atelectasis": 0.700, "Cardiomegaly": 0.810, "Effusion": 0.759, "Infiltration": 0.661, "Mass": 0.693},
    **{"Nodule": 0.669, "Pneumonia": 0.658, "Pneumothorax": 0.799, "Consolidation": 0.703, "Edema": 0.805},
    **{"Emphysema": 0.833, "Fibrosis": 0.786, "Pleural_Thickening": 0.684, "Hernia": 0.872},
}


def published_figures(
    split: SplitRecord, labels: Sequence[str], images: Sequence[str]
) -> tuple[list[dict[str, Any]], str | None]:
    """Published ROC AUCs of the same test part.

    Args:
        split: How the parts came about.
        labels: The labels that were learnt.
        images: Names of the radiographs of the test part, which must be those of NIH's own list: a list of the same
            name and length may hold others.

    Returns:
        The figures, each ``name``, ``split``, ``labels`` (label to ROC AUC) and ``macro`` (of all 14, None if not
        all were learnt); and why there are none, as a sentence, or None.
    """
    if (split.method, split.owner) != ("official", "nih") or split.amended:
        return (
            [],
            f"Published figures of NIH's official split are not shown: this run has another split ({split}).",
        )
    if len(images) != OFFICIAL_TEST_IMAGES:
        return [], (
            f"Published figures are of all {OFFICIAL_TEST_IMAGES:,} radiographs of NIH's test list; this run's test "
            f"part has {len(images):,} radiographs, so that a comparison would mislead."
        )
    if hashlib.sha256("\n".join(sorted(images)).encode()).hexdigest() != OFFICIAL_TEST_SHA256:
        return [], (
            "Published figures are not shown: the test part has as many radiographs as NIH's test list, but not the "
            "same ones. The test_list.txt of this run is not NIH's."
        )
    shared = {label: _WANG[label] for label in labels if label in _WANG}
    macro = 0.745 if set(labels) == set(FINDINGS) else None
    name = "Wang et al., CVPR 2017 (the data set's own paper)"
    return [{"name": name, "split": "official NIH", "labels": shared, "macro": macro}], None
