"""From the cells of a report labeller to targets: 1 present, 0 absent, NaN unknown, and soft ones for the training."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xraykit.data.catalog import UnclearLabels
from xraykit.data.reading.uncertain import Policy, Smooth, UncertainLabels, policy_text
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table, shown_cell

UNCERTAIN, BLANK = -1.0, -2.0
_MEANING = {
    **dict.fromkeys(("1", "1.0"), 1.0),
    **dict.fromkeys(("0", "0.0", "-0.0"), 0.0),
    **dict.fromkeys(("-1", "-1.0"), UNCERTAIN),
    **dict.fromkeys(("", "nan", "NaN", "NA"), BLANK),
}


@dataclass(frozen=True, eq=False)
class LabellerTargets:
    """The labels of n radiographs.

    Attributes:
        targets: Label to ``(n,)``: 1, 0 or NaN.
        soft_targets: Label to ``(n,)`` values 0-1 or NaN that the training learns from, of labels where they differ.
        uncertain: Label to ``(n,)`` bool.
        blank: Label to ``(n,)`` bool.
        settings: What uncertain and blank cells mean.
    """

    targets: Mapping[str, np.ndarray]
    soft_targets: Mapping[str, np.ndarray]
    uncertain: Mapping[str, np.ndarray]
    blank: Mapping[str, np.ndarray]
    settings: UncertainLabels

    def unclear(self, used: np.ndarray) -> UnclearLabels:
        """What was blank or uncertain among the radiographs ``used`` ``(n,)`` bool."""
        uncertain = {label: int((rows & used).sum()) for label, rows in self.uncertain.items()}
        return UnclearLabels(
            blank=sum(int((rows & used).sum()) for rows in self.blank.values()),
            blank_as=self.settings.blank,
            uncertain={label: count for label, count in uncertain.items() if count},
            training={label: policy_text(self.settings.policy(label)) for label, count in uncertain.items() if count},
        )


def cells_of_label(table: Table, column: str) -> np.ndarray:
    """The cells of one label as ``(n,)`` numbers: 1, 0, :data:`UNCERTAIN` or :data:`BLANK`.

    Raises:
        DataError: a cell contains anything else; the message names its line.
    """
    cells = table.column(column)
    meaning = {cell: _MEANING.get(cell) for cell in set(cells)}
    wrong = [
        f"line {line}, column {column}: {shown_cell(cell)}"
        for line, cell in zip(table.lines, cells, strict=True)
        if meaning[cell] is None
    ]
    table.complain(wrong, "Expected in a cell of a label: 1.0 (present), 0.0 (absent), -1.0 (uncertain) or nothing.")
    return np.array([meaning[cell] for cell in cells], dtype=float)


def labeller_targets(
    cells: Mapping[str, np.ndarray], images: Sequence[str], settings: UncertainLabels
) -> LabellerTargets:
    """Targets from the numbers of :func:`cells_of_label`.

    Args:
        cells: Label to ``(n,)``; NaN where a radiograph has no cell of that label, so that it is unknown.
        images: Names of the n radiographs; soft targets are drawn by name, whatever the order of the rows is.
        settings: What uncertain and blank cells mean.

    Raises:
        DataError: ``uncertain_of`` names a label that is not among them.
    """
    targets, soft = {}, {}
    uncertain = {label: each == UNCERTAIN for label, each in cells.items()}
    blank = {label: each == BLANK for label, each in cells.items()}
    of_blank = 0.0 if settings.blank == "absent" else np.nan
    for label, each in cells.items():
        targets[label] = np.where(uncertain[label], np.nan, np.where(blank[label], of_blank, each))
        policy = settings.policy(label)
        if policy != "ignore" and uncertain[label].any():
            soft[label] = targets[label].copy()
            rows = np.flatnonzero(uncertain[label]).tolist()
            soft[label][rows] = [_trained_on(policy, images[row], label) for row in rows]
    return LabellerTargets(targets, soft, uncertain, blank, settings)


def check_policies(settings: UncertainLabels, labels: tuple[str, ...], key: str) -> None:
    """See that ``uncertain_of`` names labels that exist.

    Args:
        settings: Of the format.
        labels: All labels of the collection.
        key: Of the settings in the experiment, such as ``data.chexpert``.

    Raises:
        DataError: it names another one.
    """
    for label in settings.uncertain_of:
        if label not in labels:
            raise DataError(f"`{key}.uncertain_of`: {unknown_name('label', label, labels)}")


def _trained_on(policy: Policy, image: str, label: str) -> float:
    if isinstance(policy, Smooth):
        low, high = policy.smooth
        return low + (high - low) * _uniform(image, label)
    return 1.0 if policy == "ones" else 0.0


def _uniform(image: str, label: str) -> float:
    """A number of [0, 1) that depends on both names alone, in every run and on every machine."""
    digest = hashlib.sha256(f"{image}\0{label}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
