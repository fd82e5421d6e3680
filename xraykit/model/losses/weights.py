"""Class weights, from the training part alone."""

import numpy as np

from xraykit.errors import DataError


def class_weights(targets: np.ndarray, times: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Weights that make positives and negatives of each label count the same in total.

    Args:
        targets: ``(n, L)`` targets of the **training part**: 1, 0, between them (soft), or NaN = unknown.
        times: ``(n,)`` how often each radiograph is drawn in an epoch, where sources are sampled by weights; left out,
            once each.

    Returns:
        Two ``(L,)`` float64 arrays: w⁺ = share of negatives, w⁻ = share of positives among the known labels; a soft
        target of 0.7 counts as 0.7 of a positive and 0.3 of a negative. A label with no known value at all gets 0
        and 0.

    Raises:
        DataError: there is no training radiograph at all.
    """
    if len(targets) == 0:
        raise DataError("Class weights come from the training part, which is empty. Check `data.split`.")
    known = ~np.isnan(targets)
    if times is None:
        count = np.maximum(known.sum(axis=0), 1)
        positives = np.where(known, targets, 0).sum(axis=0, dtype=np.float64) / count
    else:
        count = times @ known
        positives = times @ np.where(known, targets, 0).astype(np.float64) / np.where(count > 0, count, 1)
    return np.where(known.any(axis=0), 1 - positives, 0.0), positives
