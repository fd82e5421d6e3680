"""Smoothed training labels: ``training.label_smoothing``."""

import numpy as np


def smoothed(targets: np.ndarray, share: float) -> np.ndarray:
    """Targets nearer to one half (Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision").

    Args:
        targets: ``(n, L)`` float32 of the training part: 1, 0, between them (soft), or NaN = unknown.
        share: s from 0, below ½: 1 becomes 1 − s, 0 becomes s, and t becomes s + (1 − 2 s) t.

    Returns:
        ``(n, L)`` float32; unknown stays unknown. With 0 the targets themselves.
    """
    return targets if share == 0 else (share + (1 - 2 * share) * targets).astype(np.float32)
