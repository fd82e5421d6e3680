"""How many cases are called rightly and wrongly at a threshold: TP, FP, TN and FN, and shares of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from xraykit.evaluation.metrics import Booleans, Floats
from xraykit.evaluation.statistics.resampling import Codes, distinct
from xraykit.evaluation.statistics.shares import Share, share_of

Shares = Mapping[str, Share | None]


class Counts(NamedTuple):
    """Numbers of cases, arrays of one shape.

    Attributes:
        tp: True positives: positives that are called positive.
        fp: False positives: negatives that are called positive.
        tn: True negatives.
        fn: False negatives.
    """

    tp: Floats
    fp: Floats
    tn: Floats
    fn: Floats

    @property
    def positives(self) -> Floats:
        """Positives, however they are called."""
        return self.tp + self.fn

    @property
    def negatives(self) -> Floats:
        """Negatives, however they are called."""
        return self.tn + self.fp

    @classmethod
    def of(cls, positive: Booleans, called: Booleans) -> "Counts":
        """The counts of known cases ``(k,)``, as arrays without dimension."""
        cells = (positive & called, ~positive & called, ~positive & ~called, positive & ~called)
        return cls(*(np.asarray(np.count_nonzero(cell), np.float64) for cell in cells))


SHARES = ("sensitivity", "specificity", "precision", "npv", "jaccard")


def shares_at_threshold(
    y: Floats, p: Floats, threshold: float | None, codes: Codes, names: Sequence[str] = SHARES
) -> dict[str, Share | None]:
    """Sensitivity, specificity, precision, NPV and the Jaccard index, each with its effective number of cases.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        threshold: The operating point; None if there is none.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`.
        names: Which of ``SHARES`` are wanted.

    Returns:
        By name; ``jaccard`` is the share of true positives among the cases that are positive, called, or both. None
        where :func:`.at_threshold` has none.
    """
    positive, negative = y == 1, y == 0
    if threshold is None or not positive.any() or not negative.any():
        return dict.fromkeys(names)
    called, known = p >= threshold, positive | negative
    parts = {
        "sensitivity": (called & positive, positive),
        "specificity": (~called & negative, negative),
        "precision": (called & positive, called & known),
        "npv": (~called & negative, ~called & known),
        "jaccard": (called & positive, positive | (called & negative)),
    }
    return {name: share_of(*parts[name], codes) for name in names}


def patients_of_rarer_call(y: Floats, p: Floats, threshold: float | None, codes: Codes) -> int:
    """Number of patients with a known case above the threshold or with one below, whichever are fewer."""
    if threshold is None:
        return 0
    known, called = ~np.isnan(y), p >= threshold
    return min(distinct(codes[known & cases]) for cases in (called, ~called))
