"""The data of a training: parts by patient, and their pictures out of one cache."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.config import OUT_OF_FOLD, Experiment, Training
from xraykit.data import (
    Batches,
    Duplicates,
    Parts,
    PictureCache,
    Rows,
    Sampling,
    Unreadable,
    check_duplicates,
    describe_duplicates,
    describe_left_out,
    find_duplicates,
    hold_out,
    load_parts,
    near_duplicates_in,
    near_groups,
    open_cache,
    same_pictures,
    smoothed,
    without_duplicates,
    without_unreadable,
)
from xraykit.errors import DataError
from xraykit.evaluation import is_estimable, known_cases, masked_targets, untrained_labels
from xraykit.training.met_before import check_start_weights

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """Parts by patient, and their pictures.

    Attributes:
        parts: Training and validation part, and the test part unless it is sealed.
        cache: Decoded pictures of all parts.
        duplicates: Pictures that occur under several names.
        near_duplicates: Pictures that are nearly the same, of several patients.
        unreadable: Radiographs that were left out, as their files cannot be read.
    """

    parts: Parts
    cache: PictureCache
    duplicates: Duplicates = field(default_factory=lambda: Duplicates("pictures"))
    near_duplicates: Duplicates = field(default_factory=lambda: Duplicates("near"))
    unreadable: tuple[Unreadable, ...] = ()

    @cached_property
    def contents(self) -> dict[str, Any]:
        """What the files of all radiographs contain, to be compared with later; JSON-able, the same sealed or not.

        A SHA-256 over the name of each radiograph and the hash of its file, and which of them cannot be read.
        """
        unreadable = sorted(each.image for each in self.unreadable)
        return {
            "sha256": self.cache.contents(),
            "unreadable": len(unreadable),
            "unreadable_images": hashlib.sha256(json.dumps(unreadable).encode()).hexdigest(),
        }

    @cached_property
    def untrained(self) -> dict[str, str]:
        """The labels that the training part cannot train, each with the reason."""
        return untrained_labels(self.parts.catalog_of("train").training_targets(), self.parts.labels)

    def batches(
        self, part: str, batch_size: int, shuffle_seed: int | None = None, rows: np.ndarray | None = None
    ) -> Batches:
        """Batches of one part, or of its ``rows`` ``(n,)`` bool; shuffled with a seed, else in the part's order."""
        catalog = self.parts.catalog_of(part)
        catalog = catalog if rows is None else catalog.take(rows)
        targets = catalog.training_targets() if part == "train" else catalog.targets()
        sampling = Sampling.of(catalog) if part == "train" and shuffle_seed is not None else None
        return Batches(self.cache, catalog.table["path"].tolist(), targets, batch_size, shuffle_seed, sampling)

    def learnt_targets(self, training: Training) -> np.ndarray:
        """Targets ``(n, L)`` of the training part, smoothed by ``training.label_smoothing``.

        Class weights are those of these targets: the share s of a positive in each negative would otherwise weigh as
        much as a positive, and outweigh the negatives of a rare finding.
        """
        return smoothed(self.parts.catalog_of("train").training_targets(), training.label_smoothing)

    def training_batches(self, training: Training, seed: int) -> Batches:
        """Shuffled batches of the training part as ``training`` draws, mixes and smooths them.

        Smoothed labels are in no other batches: epochs are compared, and everything is measured, with the labels.

        Args:
            training: Batch size, ``sampling``, ``mixup`` and ``label_smoothing`` are read from here.
            seed: Of order and pairs.
        """
        catalog = self.parts.catalog_of("train")
        return Batches(
            self.cache,
            catalog.table["path"].tolist(),
            self.learnt_targets(training),
            training.batch_size,
            seed,
            Sampling.of(catalog, training.sampling),
            training.mixup,
        )

    def held_out(self, share: float, seed: int) -> np.ndarray:
        """Rows ``(n,)`` bool of the validation part that influence no choice (``training.held_out_share``).

        Raises:
            DataError: none, or all, would be held out.
        """
        rows = hold_out(self.parts.catalog_of("validation"), share, seed)
        if share and (rows.all() or not rows.any()):
            raise DataError(
                f"The {len(rows)} radiographs of the validation part are of too few patients to hold {share:g} of them "
                f"out. Use more data, or set training.held_out_share to 0."
            )
        return rows

    def pictures(self, part: str, images: list[str]) -> np.ndarray:
        """Pictures of radiographs of one part, ``(n, S, S)`` uint8, in the order of ``images``.

        Those of out-of-fold predictions are what the networks of the other folds are trained on.
        """
        table = self.parts.catalog_of("train" if part == OUT_OF_FOLD else part).table.set_index("image")
        return self.cache.pictures(self.cache.rows(table.loc[images, "path"].tolist()))


def load_training_data(experiment: Experiment, parts: Parts | None = None) -> TrainingData:
    """Read the label file, divide the patients, and open (or build) the cache of pictures.

    Args:
        experiment: Its ``data`` section is read.
        parts: The parts, if they were loaded before; the label file is not read again. Left out, they are loaded with
            a sealed test part.

    Raises:
        BrokenImageError: files cannot be read, and ``data.unreadable`` is ``refuse``.
        ContaminationError: the start weights were trained on patients or pictures of the test part.
        DuplicatePictureError: a picture occurs in two parts under different names, and ``data.duplicates`` is
            ``refuse``.
        DataError: the data are invalid; see also :func:`check_trainable`.
    """
    data = experiment.data
    parts = parts or load_parts(data, experiment.split_seed, sealed_test=True)
    check_trainable(parts)
    folder = Path(data.cache) if data.cache else Path(experiment.output.root) / "cache"
    pictures = open_cache(
        parts.paths,
        data.image_size,
        folder,
        names=parts.division["image"],
        max_megapixels=data.max_megapixels,
        bit_depth=parts.bit_depth,
        unreadable=data.unreadable,
    )
    parts, unreadable = without_unreadable(parts, pictures.unreadable)
    if unreadable:
        _warn_once(describe_left_out(unreadable))
        check_trainable(parts)
    loaded = replace(_without_leakage(parts, pictures, data.duplicates), unreadable=unreadable)
    check_start_weights(experiment, loaded.parts, pictures)
    return loaded


def check_trainable(parts: Parts, choosing: np.ndarray | None = None) -> None:
    """Refuse data from which nothing can be learnt, or which do not allow epochs to be compared.

    Args:
        parts: Training and validation part are read.
        choosing: Rows ``(n,)`` bool of the validation part by which epochs are compared; left out, all.

    Raises:
        DataError: no label has both positives and negatives in the training part, or none of those that do has both
            in the validation part.
    """
    if parts.split.all_folds:
        # Each network of the ensemble has its own training and validation part, which are checked there.
        return
    train, targets = parts.catalog_of("train"), parts.catalog_of("validation").targets()
    untrained = untrained_labels(train.training_targets(), parts.labels)
    if len(untrained) == len(parts.labels):
        raise DataError(
            f"No label has both a positive and a negative among the {len(train)} radiographs of the training part, so "
            f"nothing can be learnt. Use more data, other data.labels, or a larger data.split.train."
        )
    targets = targets if choosing is None else targets[choosing]
    known = masked_targets(targets, parts.labels, untrained)
    if not any(is_estimable(known_cases(each, np.zeros(len(each)))[0]) for each in known.T):
        raise DataError(
            f"No label that can be trained has both a positive and a negative among the {len(targets)} radiographs of "
            f"the validation part, so epochs cannot be compared. Use more data, or a larger "
            f"data.split.validation."
        )


def _without_leakage(parts: Parts, pictures: PictureCache, policy: str) -> TrainingData:
    """Treat pictures that occur in several parts as ``data.duplicates`` says."""
    rows = pictures.rows(parts.paths).tolist()
    digests = [pictures.facts[row].digest for row in rows]
    same, near = same_pictures(digests), near_groups(parts, near_duplicates_in(pictures), rows, digests)
    found = find_duplicates(parts, same, "pictures"), find_duplicates(parts, near, "near")
    for each in found:
        check_duplicates(each, policy)
    if policy == "leave_out":
        found, parts = _left_out(parts, *found, same, near)
        check_trainable(parts)
    for each in found:
        if each.pictures:
            _warn_once(describe_duplicates(each))
    return TrainingData(parts, pictures, *found)


def _left_out(
    parts: Parts, same: Duplicates, near: Duplicates, same_rows: Sequence[Rows], near_rows: Sequence[Rows]
) -> tuple[tuple[Duplicates, Duplicates], Parts]:
    """The parts without copies, exact and near ones counted apart."""
    exact = without_duplicates(parts, same_rows)[1]
    reduced, both = without_duplicates(parts, [*same_rows, *near_rows])
    return (replace(same, left_out=exact), replace(near, left_out=both - exact)), reduced


@cache
def _warn_once(message: str) -> None:
    """The data are loaded before and after the test part is unsealed, and for each trial of a search."""
    logger.warning("%s", message)
