"""Training, validation and test part, divided by patient."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from xraykit.config import SOURCE, Split
from xraykit.data.catalog import Catalog
from xraykit.data.stratify import divide_groups
from xraykit.errors import DataError, PatientOverlapError
from xraykit.system import counted

PARTS = ("train", "validation", "test")
HELD_OUT = "held out"
"""The part of radiographs that are in no fold, while the network of one fold is trained; nobody can ask for it."""


def split_patients(catalog: Catalog, split: Split, seed: int, lists: str = "") -> np.ndarray:
    """Name the part of each radiograph.

    ``official``: the test list is the test part; where the data come without a validation list, the patients of the
    training list are divided into training and validation by ``validation / (train + validation)``. ``patient``: all
    patients are divided by the three shares. Both keep label frequencies alike in the parts as far as whole patients
    allow; unknown labels count as absent. The result depends on the seed, the patients and their labels, not on the
    order of the rows.

    Args:
        catalog: The radiographs.
        split: Method, shares and perhaps a seed of its own.
        seed: The experiment's seed, used where ``split`` has none.
        lists: What the official split is read from, for the message that it is missing.

    Returns:
        ``(n,)`` str, one of :data:`PARTS` for each row.

    Raises:
        DataError: The official lists are not there or do not name a radiograph, or a part is empty.
        PatientOverlapError: A patient is in both official lists.
    """
    if catalog.official is not None if catalog.sources else split.method == "official":
        parts = _official(catalog, split, _seed(split, seed), lists)
    else:
        parts = np.empty(len(catalog), dtype="<U10")
        divide_rows(catalog, np.arange(len(catalog)), parts, split, PARTS, _seed(split, seed))
    _check_not_empty(parts, catalog, split)
    return parts


def hold_out(catalog: Catalog, share: float, seed: int) -> np.ndarray:
    """Draw a share of a catalog's patients, label frequencies alike as in :func:`split_patients`.

    Args:
        catalog: The radiographs.
        share: Of them, 0 or more and below 1.
        seed: Of the drawing, which is another one than that of the parts.

    Returns:
        ``(n,)`` bool: whether each radiograph is one of a drawn patient.
    """
    if not share:
        return np.zeros(len(catalog), bool)
    chosen = divided_patients(catalog, np.arange(len(catalog)), [1 - share, share], f"{seed}, held out")
    return np.asarray(chosen == 1)


def check_disjoint(patients: pd.Series | np.ndarray, parts: np.ndarray) -> None:
    """Check that no patient is in two parts.

    Args:
        patients: ``(n,)`` patient of each radiograph.
        parts: ``(n,)`` part of each radiograph.

    Raises:
        PatientOverlapError: Some are; the message names the first five and their parts.
    """
    pairs = pd.DataFrame({"patient": np.asarray(patients), "part": np.asarray(parts)}).drop_duplicates()
    shared = pairs[pairs["patient"].duplicated(keep=False)]
    if shared.empty:
        return
    of_each = shared.groupby("patient")["part"].agg(lambda names: " and ".join(sorted(names)))
    named = "; ".join(f"{patient} in {where}" for patient, where in of_each.head(5).items())
    raise PatientOverlapError(
        f"In more than one part: {counted(len(of_each), 'patient')}: {named}{'; ...' if len(of_each) > 5 else ''}. "
        f"Expected: each patient in one part, or the test part measures memory. Use `data.split.method=patient`, or "
        f"correct the lists or the label file."
    )


def _seed(split: Split, seed: int) -> int:
    return seed if split.seed is None else split.seed


def _official(catalog: Catalog, split: Split, seed: int, lists: str) -> np.ndarray:
    if catalog.official is None:
        raise DataError(
            f"`data.split.method` is official, but the data come without their official split ({lists}). Put it into "
            f"`data.root`, or use `data.split.method=patient`."
            if lists
            else "`data.split.method` is official, but this collection has no official split. Use "
            "`data.split.method=patient`."
        )
    _check_lists(catalog)
    names = catalog.table["image"]
    where = {part: names.isin(listed).to_numpy() for part, listed in catalog.official.items()}
    neither = names[~np.any(list(where.values()), axis=0)]
    if len(neither):
        raise DataError(
            f"In neither official list: {len(neither):,} of {counted(len(names), 'radiograph')}, such as "
            f"{neither.iloc[0]}. "
            f"Expected: each in one. Complete the lists, or use `data.split.method=patient`."
        )
    none = np.zeros(len(names), dtype=bool)
    validation, undivided = where.get("validation", none), where.get("undivided", none)
    of_list = np.select([where["test"], validation], ["the test list", "the validation list"], "the training list")
    check_disjoint(catalog.table["patient"][~undivided], of_list[~undivided])
    parts = np.select([where["test"], validation], ["test", "validation"], "train").astype("<U10")
    if "validation" not in where or catalog.sources:
        # Who is in a training list of which nothing is taken for validation stays there with all radiographs.
        trained = _same_patients(catalog, where.get("train", none))
        divide_rows(catalog, np.flatnonzero(where["train_val"] & ~trained), parts, split, PARTS[:2], seed)
    _divide_rest(catalog, undivided, parts, split, seed)
    return parts


def _divide_rest(catalog: Catalog, undivided: np.ndarray, parts: np.ndarray, split: Split, seed: int) -> None:
    """Divide the patients of sources without lists; those who are in a list of another source go with it."""
    patients = catalog.table["patient"].to_numpy(object)
    part_of = dict(zip(patients[~undivided], parts[~undivided], strict=True))
    known = np.array([patient in part_of for patient in patients]) & undivided
    parts[known] = [part_of[patient] for patient in patients[known]]
    divide_rows(catalog, np.flatnonzero(undivided & ~known), parts, split, PARTS, seed)


def _same_patients(catalog: Catalog, rows: np.ndarray) -> np.ndarray:
    """Whether each radiograph is of a patient of the given rows."""
    patients = catalog.table["patient"]
    return np.asarray(patients.isin(patients[rows]))


def _check_lists(catalog: Catalog) -> None:
    for source in catalog.sources:
        if source.missing_lists is not None:
            raise DataError(
                f"`data.split.method` is official, but the source {source.name!r} comes without its official split "
                f"({source.missing_lists}). Put it into its root, or give `split_method: patient` in its entry of "
                f"data.sources."
            )


def divide_rows(
    catalog: Catalog, rows: np.ndarray, parts: np.ndarray, split: Split, names: tuple[str, ...], seed: int | str
) -> None:
    """Divide the patients of some rows by the shares of their parts, and write the parts' names into ``parts``."""
    if not len(rows):
        return
    shares = np.array([getattr(split, name) for name in names])
    parts[rows] = np.array(names)[divided_patients(catalog, rows, (shares / shares.sum()).tolist(), seed)]


def divided_patients(catalog: Catalog, rows: np.ndarray, shares: Sequence[float], seed: int | str) -> np.ndarray:
    """The place of each row's patient among the shares, ``(rows,)`` int; label frequencies are alike in all.

    Args:
        catalog: The radiographs.
        rows: Numbers of those to divide.
        shares: Of the radiographs, each above 0.
        seed: Of the order in which patients of equal size are placed.
    """
    patients, of_row = np.unique(catalog.table["patient"].to_numpy(dtype=str)[rows], return_inverse=True)
    items = np.column_stack([np.ones(len(rows)), catalog.targets()[rows] == 1, _of_sources(catalog, rows)])
    counts = np.column_stack([np.bincount(of_row, column, len(patients)) for column in items.T]).astype(int)
    order = _shuffled(patients, seed)
    chosen = np.empty(len(patients), dtype=int)
    chosen[order] = divide_groups(counts[order], shares)
    return np.asarray(chosen[of_row])


def _of_sources(catalog: Catalog, rows: np.ndarray) -> np.ndarray:
    """Whether each row is of each source ``(rows, sources)``, so that each part has its share of all."""
    names = [source.name for source in catalog.sources]
    column = catalog.table[SOURCE].to_numpy(object)[rows] if names else np.empty(len(rows), object)
    return np.asarray(column[:, None] == np.array(names, object)[None, :], dtype=bool).reshape(len(rows), len(names))


def _shuffled(patients: np.ndarray, seed: int | str) -> np.ndarray:
    """Positions of the patients in an order drawn by hashing, which no release of a library can change."""
    keys = [hashlib.sha256(f"{seed}:{patient}".encode()).digest() for patient in patients]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__))


def _check_not_empty(parts: np.ndarray, catalog: Catalog, split: Split) -> None:
    empty = [name for name in PARTS if not (parts == name).any()]
    if not empty:
        return
    remedy = "Use `data.split.method=patient`, or add" if split.method == "official" else "Raise its share, or add"
    raise DataError(
        f"The {empty[0]} part is empty: {counted(len(catalog), 'radiograph')} of "
        f"{counted(catalog.table['patient'].nunique(), 'patient')} "
        f"leave none for it. Expected: at least one radiograph in each part. {remedy} radiographs."
    )
