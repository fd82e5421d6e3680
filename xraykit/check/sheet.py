"""The sample sheet: some radiographs of the training part as the network sees them, with labels and boxes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xraykit.data import Parts, PictureCheck
from xraykit.registry import Box, Boxes
from xraykit.report import draw_radiograph_sheet, save_figure

MOST = 20
_WITH_BOXES = 8
_NAMED = 4


def write_sheet(path: Path, parts: Parts, check: PictureCheck, boxes: Boxes, seed: int) -> None:
    """Write the sheet. It has no names of files, which may contain those of patients.

    Args:
        path: The PNG file; its folder is made.
        parts: All parts.
        check: The radiographs of the training part that were decoded.
        boxes: Of the collection; those of the chosen radiographs are drawn.
        seed: Of the choice.

    Raises:
        DataError: it cannot be written.
    """
    train = parts.catalog_of("train")
    row_of = {image: row for row, image in enumerate(train.table["image"])}
    targets = train.targets()[[row_of[image] for image in check.training]]
    boxes_of: dict[str, list[tuple[str, Box]]] = {}
    for (image, label), each in boxes.of.items():
        boxes_of.setdefault(image, []).extend((label, box) for box in each)
    chosen = choose(targets, [image in boxes_of for image in check.training], seed)
    pictures = np.stack([check.radiographs[index].picture for index in chosen])
    figure = draw_radiograph_sheet(
        pictures,
        [caption(parts.labels, targets[index]) for index in chosen],
        "Training radiographs as the network sees them",
        part="train",
        split=str(parts.split),
        boxes=[_in_pixels(boxes_of, check.training[index], pictures.shape[1]) for index in chosen],
    )
    save_figure(figure, path)


def choose(targets: np.ndarray, has_boxes: Sequence[bool], seed: int) -> list[int]:
    """Which of n radiographs are shown: some with boxes, a positive of each label, then any; in their order.

    Args:
        targets: ``(n, labels)`` 1, 0 or NaN.
        has_boxes: Of each radiograph.
        seed: Of the random choice.
    """
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(targets)).tolist()
    boxed = [index for index in order if has_boxes[index]][:_WITH_BOXES]
    chosen = dict.fromkeys(boxed)
    for column in targets.T:
        if not any(column[index] == 1 for index in chosen):
            chosen |= dict.fromkeys([index for index in order if column[index] == 1][:1])
    chosen |= dict.fromkeys(order)
    return sorted(list(chosen)[:MOST])


def caption(labels: Sequence[str], targets: np.ndarray) -> str:
    """The findings of a radiograph, or that it has none, or that none is known."""
    present = [label for label, value in zip(labels, targets, strict=True) if value == 1]
    if present:
        more = f" +{len(present) - _NAMED}" if len(present) > _NAMED else ""
        return ", ".join(present[:_NAMED]) + more
    return "unknown" if np.isnan(targets).all() else "none of the labels"


def _in_pixels(
    boxes_of: Mapping[str, Sequence[tuple[str, Box]]], image: str, side: int
) -> list[tuple[float, float, float, float]]:
    return [(x * side, y * side, w * side, h * side) for _, (x, y, w, h) in boxes_of.get(image, ())]
