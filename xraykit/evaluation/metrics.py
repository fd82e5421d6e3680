"""Threshold-free metrics of one label, and their mean over labels.

Labels are 1, 0 or NaN = unknown; unknown cases are masked. ``None`` means *not estimable*: a metric that needs
positives and negatives does not exist without both, and is neither 0.5 nor 0 then.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError, NonFiniteLossError

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def known_cases(y: npt.ArrayLike, p: npt.ArrayLike) -> tuple[Booleans, Floats]:
    """The cases of one label that are known to be positive or negative.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite: probabilities, logits or any other number that rises with them.

    Returns:
        Whether each known case is positive ``(k,)``, and its score ``(k,)`` float64, in the given order.

    Raises:
        DataError: a label is something else, or there is not one score for each label.
        NonFiniteLossError: a score is NaN or infinite, be its label known or not.
    """
    labels, scores = np.asarray(y, np.float64), np.asarray(p, np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise DataError(
            f"Labels and scores of one label must be two arrays of one shape (n,). Received: labels {labels.shape}, "
            f"scores {scores.shape}. Give the column of one label."
        )
    known = ~np.isnan(labels)
    strange = labels[known & (labels != 0) & (labels != 1)]
    if strange.size:
        raise DataError(
            f"Labels must be 1, 0 or NaN (unknown). Received: {strange[0]:g} in {strange.size} of {labels.size} "
            "cases. Decide in the reader of the label file what such a value means."
        )
    check_finite(scores)
    return labels[known] == 1, scores[known]


def check_finite(scores: Floats) -> None:
    """Refuse scores of a network that has diverged.

    Raises:
        NonFiniteLossError: a score is NaN or infinite.
    """
    broken = scores.size - int(np.count_nonzero(np.isfinite(scores)))
    if broken:
        raise NonFiniteLossError(
            f"The scores must be finite numbers. Received: {broken} of {scores.size} that are NaN or infinite. The "
            "network has diverged: lower training.learning_rate."
        )


def is_estimable(positive: Booleans) -> bool:
    """Whether there are both positives and negatives among the known cases ``(k,)``."""
    return bool(positive.any()) and not bool(positive.all())


def tie_ends(falling: Floats) -> npt.NDArray[np.intp]:
    """Index of the last case of each distinct score, in scores ``(k,)`` sorted from high to low."""
    return np.flatnonzero(np.append(falling[1:] != falling[:-1], [True] * min(1, len(falling))))


def roc_auc(y: npt.ArrayLike, p: npt.ArrayLike) -> float | None:
    """Area under the ROC curve: the chance that a positive scores higher than a negative, ties counting half.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.

    Returns:
        0–1, or None where not estimable.

    Raises:
        DataError, NonFiniteLossError: see :func:`known_cases`.
    """
    # Scikit-learn is imported where it is used: it takes a second, which no training should wait for at its start.
    from sklearn.metrics import roc_auc_score

    positive, score = known_cases(y, p)
    return float(roc_auc_score(positive, score)) if is_estimable(positive) else None


def average_precision(y: npt.ArrayLike, p: npt.ArrayLike) -> float | None:
    """Mean of the precisions at each score, weighted by the step in recall (scikit-learn's definition).

    Without negatives it would be 1 for any model, so that it is not estimable.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.

    Returns:
        0–1, where chance is the prevalence; or None where not estimable.

    Raises:
        DataError, NonFiniteLossError: see :func:`known_cases`.
    """
    from sklearn.metrics import average_precision_score

    positive, score = known_cases(y, p)
    return float(average_precision_score(positive, score)) if is_estimable(positive) else None


def roc_points(y: npt.ArrayLike, p: npt.ArrayLike) -> tuple[Floats, Floats] | None:
    """Corners of the ROC curve from (0, 0) to (1, 1): 1 − specificity and sensitivity; None where not estimable.

    Raises:
        DataError, NonFiniteLossError: see :func:`known_cases`.
    """
    from sklearn.metrics import roc_curve

    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        return None
    false_positive_rate, true_positive_rate, _ = roc_curve(positive, score)
    return false_positive_rate, true_positive_rate


def macro(values: Iterable[float | None]) -> float | None:
    """Mean over the labels whose metric is estimable; None if there are none."""
    estimable = [value for value in values if value is not None]
    return float(np.mean(estimable)) if estimable else None


def macro_roc_auc(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float | None:
    """Mean ROC AUC over the estimable labels; what training is steered by, on the validation part.

    Args:
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        scores: Logits or probabilities ``(n, L)``, finite. Logits are the finer: a sigmoid in float32 makes ties.

    Returns:
        0–1, or None if no label is estimable.

    Raises:
        DataError: the shapes differ, or a label is something else.
        NonFiniteLossError: a score is NaN or infinite.
    """
    return macro(label_roc_aucs(targets, scores))


def label_roc_aucs(targets: npt.ArrayLike, scores: npt.ArrayLike) -> list[float | None]:
    """ROC AUC of each label, None where it is not estimable; for arguments and errors see :func:`macro_roc_auc`."""
    y, p = as_columns(targets, scores)
    check_finite(p)
    return [roc_auc(y[:, label], p[:, label]) for label in range(y.shape[1])]


def as_columns(targets: npt.ArrayLike, scores: npt.ArrayLike, labels: int | None = None) -> tuple[Floats, Floats]:
    """Labels and scores as two float64 arrays ``(n, L)``.

    Args:
        targets: Labels ``(n, L)``.
        scores: Scores ``(n, L)``.
        labels: L, where the caller knows it.

    Raises:
        DataError: the shapes differ, or there are not ``labels`` columns.
    """
    y, p = np.asarray(targets, np.float64), np.asarray(scores, np.float64)
    if y.ndim != 2 or y.shape != p.shape or labels not in (None, y.shape[1]):
        wanted = "L" if labels is None else labels
        raise DataError(
            f"Labels and scores must be two arrays of one shape (n, {wanted}), a column for each label. Received: "
            f"labels {y.shape}, scores {p.shape}. Check that the last partial batch was predicted too."
        )
    return y, p
