"""Mixed pairs of training radiographs: ``training.mixup``."""

from dataclasses import dataclass

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


def mixed(own: np.ndarray, partner: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Pictures or labels of draws mixed with those of their partners.

    Args:
        own: ``(n, ...)`` float32; a label may be NaN = unknown.
        partner: The same of the partners.
        share: ``(n,)`` float32.

    Returns:
        ``(n, ...)`` float32; a label is unknown where that of either is. What both have in common stays exactly.
    """
    shares = share.reshape(-1, *[1] * (own.ndim - 1))
    both: np.ndarray = partner + shares * (own - partner)
    return both
