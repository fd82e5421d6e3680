"""The worklist in the run folder: a table to fill in, and a page to view."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xraykit.runs import RunFolder
from xraykit.worklist.ranking import disagreements

if TYPE_CHECKING:
    from xraykit.evaluation import DecisionRule

LIMIT = 60
"""Cases of a worklist: an hour or two of a radiologist's time."""

Pictures = Callable[[str, list[str]], np.ndarray]


def write_worklist(
    folder: RunFolder,
    predictions: pd.DataFrame,
    decision_rule: "DecisionRule",
    pictures: Pictures | None,
    *,
    split: str,
    limit: int = LIMIT,
    part: str = "test",
) -> pd.DataFrame:
    """Write ``worklist.csv`` and ``worklist.html``.

    Args:
        folder: Where they go.
        predictions: The table of predictions, with calibrated probabilities.
        decision_rule: The operating points; its labels are covered.
        pictures: From a part and names of radiographs, each once, to their pictures ``(n, S, S)`` uint8; None if they
            are not available: then there is a table but no page.
        split: How the data were divided; shown on the page.
        limit: Number of cases at most.
        part: Whose cases: ``test``, or ``out_of_fold`` of an ensemble without a test part.

    Returns:
        The cases, as in ``worklist.csv``; see :func:`.disagreements`.

    Raises:
        DataError: a column is missing, or the files cannot be written.
    """
    cases = disagreements(
        predictions, decision_rule.thresholds, decision_rule.labels, limit, decision_rule.uncalibrated, part
    )
    folder.write_table(folder.worklist, cases)
    if pictures is not None:
        # Only the page needs Jinja2 and OpenCV.
        from xraykit.worklist.page import worklist_page

        images = list(dict.fromkeys(cases["image"]))
        shown = pictures(part, images) if images else np.zeros((0, 1, 1), np.uint8)
        missing = not_covered(decision_rule)
        page = worklist_page(cases, dict(zip(images, shown, strict=True)), split, missing)
        folder.write_text(folder.worklist_page, page)
    return cases


def not_covered(decision_rule: "DecisionRule") -> list[str]:
    """The labels without an operating point: they have no calls, and no call contradicts the label given."""
    return [label for label, threshold in decision_rule.thresholds.items() if threshold is None]
