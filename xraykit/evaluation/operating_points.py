"""Operating points: the threshold from which on a label is called positive, and what it yields.

A threshold is chosen on the validation part and applied to the test part. Nothing here chooses and scores in one go.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.metrics import as_columns, is_estimable, known_cases, tie_ends


def youden_threshold(y: npt.ArrayLike, p: npt.ArrayLike) -> float | None:
    """The threshold with the largest sensitivity + specificity − 1 (Youden, Cancer 1950;3:32–35).

    A case is called positive if its score is at least the threshold. Candidates are the scores themselves, so that
    the threshold is finite. Of several equally good ones the highest is taken: it makes the fewest positive calls.

    Args:
        y: Labels ``(n,)`` of the validation part: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.

    Returns:
        One of the scores, or None where not estimable.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return None
    order = np.argsort(-score, kind="stable")
    candidates = score[order]
    last_of_tie = tie_ends(candidates)
    true_positives = np.cumsum(positive[order], dtype=np.int64)[last_of_tie]
    false_positives = last_of_tie + 1 - true_positives
    # Youden's index times positives times negatives: whole numbers, so that equal ones are equal.
    positives = int(true_positives[-1])
    index = true_positives * int(false_positives[-1]) - false_positives * positives
    return float(candidates[last_of_tie[np.argmax(index)]])


def operating_points(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, labels: Sequence[str]
) -> dict[str, float | None]:
    """Each label's threshold after Youden; see :func:`youden_threshold`.

    Args:
        targets: Labels ``(n, L)`` of the validation part: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        labels: Names of the L columns.

    Returns:
        Name of the label to its threshold, in the given order; None where not estimable.

    Raises:
        DataError: the shapes differ, or a label is not 1, 0 or NaN.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    return {label: youden_threshold(y[:, column], p[:, column]) for column, label in enumerate(labels)}


def at_threshold(y: npt.ArrayLike, p: npt.ArrayLike, threshold: float | None) -> dict[str, float | None]:
    """Sensitivity, specificity, precision and F1 when cases with a score of at least ``threshold`` are called positive.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        threshold: The operating point; None if there is none.

    Returns:
        ``sensitivity``, ``specificity``, ``precision`` and ``f1``, each 0–1. All None without a threshold, without
        positives or without negatives; ``precision`` None without a positive call.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if threshold is None or not is_estimable(positive):
        return dict.fromkeys(("sensitivity", "specificity", "precision", "f1"))
    called = score >= threshold
    true_positives = int(np.count_nonzero(called & positive))
    calls, positives = int(np.count_nonzero(called)), int(np.count_nonzero(positive))
    negatives = len(positive) - positives
    return {
        "sensitivity": true_positives / positives,
        "specificity": (negatives - (calls - true_positives)) / negatives,
        "precision": true_positives / calls if calls else None,
        "f1": 2 * true_positives / (calls + positives),
    }
