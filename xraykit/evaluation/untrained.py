"""Labels that a training part teaches nothing about: their outputs are noise, whatever the network answers."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.metrics import Floats


def untrained_labels(training_targets: npt.ArrayLike, labels: Sequence[str]) -> dict[str, str]:
    """The labels without a positive or without a negative in the training part.

    The weights of the loss are 0 for their only class, so that nothing moves their outputs; without weights the
    outputs move to one constant. Neither distinguishes one radiograph from another.

    Args:
        training_targets: ``(n, L)`` what the training learns from: 1, 0 or NaN = unknown; a soft target counts as
            positive above 0.5 and as negative below.
        labels: Names of the L columns.

    Returns:
        Name of each such label to the reason, as a sentence.
    """
    y = np.asarray(training_targets, np.float64).reshape(-1, len(labels))
    reasons = {}
    for label, column in zip(labels, y.T, strict=True):
        positives, negatives = (int(np.count_nonzero(column_is)) for column_is in (column > 0.5, column < 0.5))
        if not positives or not negatives:
            reasons[label] = (
                f"Not trained: the training part has {positives:,} positive and {negatives:,} negative radiographs of "
                f"it, and both are needed."
            )
    return reasons


def masked_targets(targets: npt.ArrayLike, labels: Sequence[str], untrained: Collection[str]) -> Floats:
    """A copy of the targets ``(n, L)`` in which those of untrained labels are unknown, so that nothing is scored."""
    y = np.array(targets, np.float64).reshape(-1, len(labels))
    y[:, [label in untrained for label in labels]] = np.nan
    return y
