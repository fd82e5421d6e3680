"""The data of one training: parts by patient, and their pictures out of one cache."""

import logging
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from xraykit.config import Experiment
from xraykit.data import Parts, PictureCache, load_parts, open_cache
from xraykit.data.batches import Batches
from xraykit.data.duplicates import (
    Duplicates,
    check_duplicates,
    describe_duplicates,
    find_duplicates,
    same_pictures,
    without_duplicates,
)
from xraykit.data.formats.nih_boxes import BOX_FILE, SIDE, read_boxes
from xraykit.data.splits import hold_out
from xraykit.errors import DataError
from xraykit.evaluation import macro_roc_auc, masked_targets, untrained_labels
from xraykit.input_check.training_pictures import OddPictures, find_odd_pictures

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """Parts by patient, and their pictures.

    Attributes:
        parts: Training, validation and, unless sealed, test part.
        cache: Decoded pictures of all parts.
        duplicates: The same pictures under several names.
    """

    parts: Parts
    cache: PictureCache
    duplicates: Duplicates = field(default_factory=lambda: Duplicates("pictures"))

    @cached_property
    def untrained(self) -> dict[str, str]:
        """The labels that the training part teaches nothing about, each with the reason."""
        return untrained_labels(self.parts.catalog_of("train").targets(), self.parts.labels)

    def batches(
        self, part: str, batch_size: int, shuffle_seed: int | None = None, rows: np.ndarray | None = None
    ) -> Batches:
        """Batches of one part, or of some of its rows ``(n,)`` bool, in its own order without a seed."""
        catalog = self.parts.catalog_of(part)
        catalog = catalog if rows is None else catalog.take(rows)
        return Batches(self.cache, catalog.table["path"].tolist(), catalog.targets(), batch_size, shuffle_seed)

    def held_out(self, share: float, seed: int) -> np.ndarray:
        """Rows ``(n,)`` bool of the validation part that have no say in any choice (``training.held_out_share``).

        Raises:
            DataError: none, or all, would be held out.
        """
        rows = hold_out(self.parts.catalog_of("validation"), share, seed)
        if share and (rows.all() or not rows.any()):
            raise DataError(
                f"The {len(rows)} radiographs of the validation part are of too few patients to hold {share:g} of them "
                f"out. Take more data, or set training.held_out_share to 0."
            )
        return rows

    def pictures(self, part: str, images: list[str]) -> np.ndarray:
        """Pictures of radiographs of one part, ``(n, S, S)`` uint8, in the order of ``images``."""
        table = self.parts.catalog_of(part).table.set_index("image")
        return self.cache.pictures(self.cache.rows(table.loc[images, "path"].tolist()))

    def odd_pictures(self) -> OddPictures:
        """The plainly odd ones among the training pictures; takes a tenth of a millisecond for each."""
        table = self.parts.catalog_of("train").table
        rows = self.cache.rows(table["path"].tolist())
        pictures = (self.cache.pictures(row[None])[0] for row in rows)
        facts = [self.cache.facts[row] for row in rows]
        sources = [(each.width, each.height, each.colourfulness) for each in facts]
        return find_odd_pictures(table["image"].tolist(), pictures, sources)


def load_boxes(experiment: Experiment) -> dict[tuple[str, str], list[tuple[float, float, float, float]]]:
    """The boxes that come with the data: image and label to x, y, width and height as shares of the side.

    Empty where the data come without a file of boxes.
    """
    root = Path(experiment.data.root)
    boxes: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    if (root / BOX_FILE).is_file():
        for image, label, *box in read_boxes(root).itertuples(index=False):
            x, y, w, h = (float(number) / SIDE for number in box)
            boxes.setdefault((image, label), []).append((x, y, w, h))
    return boxes


def load_material(experiment: Experiment, parts: Parts | None = None, *, sealed_test: bool) -> Material:
    """Read the label file, divide the patients, and open (or build) the cache of pictures.

    Args:
        experiment: Its ``data`` section is read.
        parts: If they were loaded before, sealed as asked; the label file is not read again.
        sealed_test: Leave the labels of the test part out; asking for them raises.

    Raises:
        DuplicatePictureError: a picture stands in two parts under different names, and ``data.duplicates`` is
            ``refuse``.
        DataError: the data are not as they must be, or no label of the validation part has both positives and
            negatives, so that no epoch could be compared with another.
    """
    data = experiment.data
    parts = parts or load_parts(data, experiment.split_seed, sealed_test=sealed_test)
    check_trainable(parts)
    folder = Path(data.cache) if data.cache else Path(experiment.output.root) / "cache"
    pictures = open_cache(list(parts.paths), data.image_size, folder, max_megapixels=data.max_megapixels)
    return _without_leakage(Material(parts, pictures), data.duplicates)


def check_trainable(parts: Parts, choosing: np.ndarray | None = None) -> None:
    """Refuse data from which nothing can be learnt, or of which no epoch can be compared with another.

    Args:
        parts: Training and validation part are looked at.
        choosing: Rows ``(n,)`` bool of the validation part by which epochs are compared; left out, all.

    Raises:
        DataError: no label has both positives and negatives in the training part, or none of those that do has both
            in the validation part.
    """
    train, targets = parts.catalog_of("train"), parts.catalog_of("validation").targets()
    untrained = untrained_labels(train.targets(), parts.labels)
    if len(untrained) == len(parts.labels):
        raise DataError(
            f"No label has both a positive and a negative among the {len(train)} radiographs of the training part, so "
            f"that nothing can be learnt. Take more data, other data.labels, or a larger data.split.train."
        )
    targets = targets if choosing is None else targets[choosing]
    known = masked_targets(targets, parts.labels, untrained)
    if macro_roc_auc(known, np.zeros(known.shape)) is None:
        raise DataError(
            f"No label that can be trained has both a positive and a negative among the {len(targets)} radiographs of "
            f"the validation part, so no epoch can be compared with another. Take more data, or a larger "
            f"data.split.validation."
        )


def _without_leakage(material: Material, policy: str) -> Material:
    """As ``data.duplicates`` wishes it for pictures that stand in several parts."""
    parts, pictures = material.parts, material.cache
    groups = same_pictures(pictures.facts[row].digest for row in pictures.rows(parts.paths))
    found = find_duplicates(parts, groups, "pictures")
    check_duplicates(found, policy)
    if policy == "leave_out":
        parts, left_out = without_duplicates(parts, groups)
        found = replace(found, left_out=left_out)
        check_trainable(parts)
    if found.pictures:
        _warn_once(describe_duplicates(found))
    return Material(parts, pictures, found)


@cache
def _warn_once(message: str) -> None:
    """The material is loaded before and after the test part is opened, and for each trial of a search."""
    logger.warning("%s", message)
