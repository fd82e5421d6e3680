"""The groups that a part is divided by, limited to a number that a person can read and a computer can resample."""

import logging
from collections import Counter

import numpy as np
import pandas as pd

from xraykit.config import MOST_GROUPS
from xraykit.evaluation import age_bands

logger = logging.getLogger(__name__)


def groups_of(rows: pd.DataFrame, name: str, first_years: tuple[int, ...]) -> np.ndarray:
    """The group of each radiograph ``(n,)``; NaN = unknown.

    Args:
        rows: Of the table of predictions.
        name: The column: ``age`` is divided into bands, others by their values.
        first_years: First year of each age band but the youngest.
    """
    if name == "age":
        return np.asarray(age_bands(rows["age"].to_numpy(np.float64), first_years))
    return pooled(rows[name].to_numpy(object), name)


def pooled(values: np.ndarray, name: str, most: int = MOST_GROUPS) -> np.ndarray:
    """Values ``(n,)`` of which the rare ones are put together where there are too many; their number is stated.

    Args:
        values: Texts, NaN = unknown, which is a group of its own.
        name: Of the column, for the log.
        most: Groups at most, without the unknown ones. Of equally frequent values the first in the alphabet is kept.
    """
    texts = [str(value).strip() if isinstance(value, str) else "" for value in values]
    counts = Counter(text for text in texts if text)
    if len(counts) <= most:
        return values
    kept = {text for text, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: most - 1]}
    rest = len(counts) - len(kept)
    logger.warning(
        "Subgroups by %s: it has %d values. The %d most frequent get metrics of their own, the other %d together.",
        name,
        len(counts),
        len(kept),
        rest,
    )
    other = f"other ({rest} values)"
    pooled_values = [other if text and text not in kept else value for text, value in zip(texts, values, strict=True)]
    return np.array(pooled_values, dtype=object)
