"""Folds: the patients outside the held-out part, divided for cross-validation.

Each of these patients is in exactly one fold, with all radiographs. The network of fold i is tested on fold i and sees
nothing of it before: its validation part, by which epoch, calibration and thresholds are chosen, is taken from the
patients of the other folds.
"""

import numpy as np

from xraykit.config import Split
from xraykit.data.catalog import Catalog
from xraykit.data.splits import HELD_OUT, PARTS, divide_rows, divided_patients, split_patients
from xraykit.errors import DataError
from xraykit.system import counted


def folds_of(catalog: Catalog, split: Split, seed: int, lists: str = "") -> np.ndarray:
    """The fold of each radiograph ``(n,)`` int, 0 … ``split.folds`` - 1; -1 for those that are held out.

    Held out is the test part of an experiment with the same seed and shares whose ``data.split.method`` is ``patient``
    (``held_out: share``) or ``official`` (``held_out: official``). Label frequencies are alike in all folds as far as
    whole patients allow. The result depends on the seed, the patients and their labels, not on the order of the rows.

    Args:
        catalog: The radiographs.
        split: With the method ``folds``.
        seed: The experiment's seed, used where ``split`` has none.
        lists: What the official split is read from, for the message that it is missing.

    Raises:
        DataError: the official lists are not there, or a fold is empty.
        PatientOverlapError: a patient is in both official lists.
    """
    folds = np.full(len(catalog), -1)
    if split.held_out == "none":
        rows = np.arange(len(catalog))
    else:
        ordinary = split.model_copy(update={"method": split.dividing_method})
        rows = np.flatnonzero(split_patients(catalog, ordinary, seed, lists) != "test")
    patients = catalog.table["patient"].iloc[rows].nunique()
    if patients < split.folds:
        raise DataError(
            f"{counted(patients, 'patient')} cannot be divided into {split.folds} folds (data.split.folds). Expected: "
            f"at least one patient in each fold. Use fewer folds, or add radiographs."
        )
    folds[rows] = divided_patients(catalog, rows, [1 / split.folds] * split.folds, f"{_seed(split, seed)}, folds")
    return folds


def split_folds(catalog: Catalog, split: Split, seed: int, lists: str = "") -> np.ndarray:
    """Name the part of each radiograph.

    With ``split.fold`` the parts of the network of that fold: the fold is its test part, and of the other folds
    ``validation / (train + validation)`` its validation part. Without it those of all networks together: all folds are
    what they are trained on, the held-out patients their test part, and there is no validation part.

    Args:
        catalog: The radiographs.
        split: With the method ``folds``.
        seed: See :func:`folds_of`.
        lists: See :func:`folds_of`.

    Returns:
        ``(n,)`` str, one of :data:`.PARTS` or, of held-out radiographs while one fold is trained, :data:`.HELD_OUT`.

    Raises:
        DataError: see :func:`folds_of`; or a part is empty.
        PatientOverlapError: a patient is in both official lists.
    """
    folds = folds_of(catalog, split, seed, lists)
    empty = sorted(set(range(split.folds)) - set(folds.tolist()))
    if empty:
        raise DataError(
            f"Fold {empty[0]} of {split.folds} is empty: {counted(len(catalog), 'radiograph')} leave none for it. Use "
            f"fewer data.split.folds, or add radiographs."
        )
    if split.fold is None:
        return np.where(folds < 0, "test", "train").astype("<U10")
    parts = np.full(len(catalog), HELD_OUT, dtype="<U10")
    others = np.flatnonzero((folds >= 0) & (folds != split.fold))
    parts[folds == split.fold] = "test"
    divide_rows(catalog, others, parts, split, PARTS[:2], f"{_seed(split, seed)}, fold {split.fold}")
    for name in PARTS[:2]:
        if not (parts == name).any():
            raise DataError(
                f"The {name} part of fold {split.fold} is empty: the other folds have "
                f"{counted(len(others), 'radiograph')}. Expected: at least one radiograph in each part. Use a larger "
                f"data.split.{name}, or add radiographs."
            )
    return parts


def _seed(split: Split, seed: int) -> int:
    return seed if split.seed is None else split.seed
