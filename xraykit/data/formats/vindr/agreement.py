"""One box from those that several readers drew around the same finding."""

from collections.abc import Sequence

import numpy as np

from xraykit.registry import Box

OVERLAP = 0.4
"""Intersection over union above which two boxes are of one finding.

The VinBigData Chest X-ray Abnormalities Detection competition on this collection scores "the standard PASCAL VOC 2010
mean Average Precision (mAP) at IoU > 0.4" (https://www.kaggle.com/c/vinbigdata-chest-xray-abnormalities-detection).
"""


def agreed_boxes(drawn: Sequence[tuple[str, Box]], least: int) -> list[Box]:
    """The boxes that enough readers drew.

    Largest first, a box joins the group that it overlaps most with, unless its reader is in it already or the overlap
    with the group's mean is not above :data:`OVERLAP`; else it begins a group.

    Args:
        drawn: Reader and box, of one finding on one radiograph.
        least: Number of readers that a group needs.

    Returns:
        Of each group the mean of its edges.
    """
    groups: list[list[tuple[str, Box]]] = []
    for reader, box in sorted(drawn, key=lambda each: (-each[1][2] * each[1][3], each)):
        near = [(overlap(box, _mean(group)), group) for group in groups if reader not in {other for other, _ in group}]
        best, group = max(near, key=lambda each: each[0], default=(0.0, []))
        if best > OVERLAP:
            group.append((reader, box))
        else:
            groups.append([(reader, box)])
    return [_mean(group) for group in groups if len(group) >= least]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def _mean(group: Sequence[tuple[str, Box]]) -> Box:
    left, top, width, height = np.mean([box for _, box in group], axis=0).tolist()
    return left, top, width, height
