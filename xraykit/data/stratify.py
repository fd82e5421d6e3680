"""Dividing groups of labelled items into parts of given shares with like label frequencies.

Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-label Data", ECML PKDD 2011: the label with the
fewest items left is divided first, as it leaves least freedom. Adapted to groups, here patients, which bring several
items and labels at once: large groups are placed before small ones, and a group goes where it most reduces the sum
over parts and labels of (items still wanted)² / (items wanted at first × items in all), where the number of items
counts as one more label. The paper's rule, most items still wanted, would fill the largest part with the largest
groups, and leaves all labels but one out of account.
"""

from collections.abc import Sequence

import numpy as np


def divide_groups(counts: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Divide groups into parts.

    Args:
        counts: ``(G, 1 + L)`` int. For each group its number of items (at least 1), then its items of each label.
            Groups alike in size are placed in the order given, so shuffle them beforehand.
        shares: ``(P,)`` share of the items that each part is to have, each above 0.

    Returns:
        ``(G,)`` int, the part of each group, 0 … P-1.
    """
    total = counts.sum(axis=0)
    left = np.outer(shares, total).astype(float)
    weights = 1 / np.where(total > 0, left * total, np.inf)
    parts = np.full(len(counts), -1)
    while (parts < 0).any():
        column = _scarcest(counts[parts < 0])
        groups = np.flatnonzero((parts < 0) & (counts[:, column] > 0))
        for group in groups[np.argsort(-counts[groups, column], kind="stable")]:
            count = counts[group]
            gains = (count * (2 * left - count) * weights).sum(axis=1)  # left² - (left - count)², weighted
            part = int(gains.argmax())
            parts[group] = part
            left[part] -= count
    return parts


def _scarcest(counts: np.ndarray) -> int:
    """The column of the label with the fewest items but not none; column 0, all items, once no label is left."""
    items = counts[:, 1:].sum(axis=0)
    return 1 + int(np.where(items > 0, items, np.inf).argmin()) if items.any() else 0
