"""Mixed pairs of training radiographs: ``training.mixup``."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, eq=False)
class Mixup:
    """What each draw of an epoch is mixed with (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization").

    Pairs are drawn for the whole epoch, so that they depend neither on the size of the batches nor on what was read
    before.

    Attributes:
        partner: ``(n,)`` int, the row that is mixed into each draw.
        share: ``(n,)`` float32 from 0 to 1, the share of the draw itself; the partner has the rest.
    """

    partner: np.ndarray
    share: np.ndarray

    @classmethod
    def of_epoch(cls, order: np.ndarray, strength: float, generator: np.random.Generator) -> "Mixup":
        """The pairs of an epoch: each draw gets another draw as its partner, and is a partner once.

        Args:
            order: ``(n,)`` int, the rows of the epoch.
            strength: Shares are from Beta(strength, strength).
            generator: Of the random numbers.
        """
        partner = generator.permutation(order)
        return cls(partner, generator.beta(strength, strength, len(order)).astype(np.float32))


def mixed_targets(own: np.ndarray, partner: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Targets of draws mixed with those of their partners.

    Args:
        own: ``(n, L)`` float32; NaN = unknown.
        partner: The same of the partners.
        share: ``(n,)`` float32, the share of ``own``.

    Returns:
        ``(n, L)`` float32; unknown where that of either is. What both have in common stays exactly.
    """
    both: np.ndarray = partner + share[:, None] * (own - partner)
    return both


def mixed_pictures(own: np.ndarray, partner: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Pictures of draws mixed with those of their partners, in whole grey levels.

    Args:
        own: ``(n, S, S)`` uint8.
        partner: The same of the partners.
        share: ``(n,)`` float32, the share of ``own``.

    Returns:
        ``(n, S, S)`` uint8, rounded.
    """
    both = np.empty_like(own)
    # NumPy would take thirty times as long, for its temporary arrays in float32.
    for first, second, part, result in zip(own, partner, share.tolist(), both, strict=True):
        cv2.addWeighted(first, part, second, 1 - part, 0, dst=result)
    return both
