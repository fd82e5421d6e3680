"""What the curves of a report are drawn from."""

import numpy as np
import numpy.typing as npt

from xraykit.evaluation import masked_targets
from xraykit.runs import FinishedRun


def scores_of(run: FinishedRun) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Targets ``(n, L)`` and logits ``(n, L)`` of the part that was scored; None if the run has no predictions.

    The targets of labels that were not trained are unknown: their outputs are noise, of which no curve is drawn.

    Raises:
        DataError: the table of predictions lacks a column.
    """
    if not run.files.predictions.is_file():
        return None
    scored = run.scored(run.summary.part)
    targets = masked_targets(np.asarray(scored.targets, np.float64), scored.labels, run.summary.untrained)
    return targets, np.asarray(scored.scores, np.float64)
