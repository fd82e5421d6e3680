"""Where model and label disagree most confidently."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from xraykit.errors import DataError

COLUMNS = ("image", "label", "given", "probability", "calibrated", "threshold", "surprise", "corrected", "remark")

RANKING = (
    "A radiograph is listed for a finding if the prediction at the operating point contradicts the given label. The "
    "surprise is minus the logarithm to base 2 of the predicted probability of the given label, in bits (1 bit: one "
    "half; 10 bits: one in a thousand); for a finding that is not calibrated it only ranks the radiographs. The list "
    "is filled in rounds, so that rare findings are included: first the most surprising label of each finding, given "
    "as present and given as absent, then the second of each, and so on; within a round, the most surprising first. "
    "Ties, as from isotonic calibration, are ordered by the logit."
)

_AGAINST = "against"  # how far the logit contradicts the label given
_LEAST = 1e-15  # so that a probability of 0 has a finite surprise


def disagreements(
    predictions: pd.DataFrame,
    thresholds: Mapping[str, float | None],
    labels: Sequence[str],
    limit: int,
    uncalibrated: Collection[str] = (),
    part: str = "test",
) -> pd.DataFrame:
    """The cases of one part where model and label disagree, in the order of ``RANKING``.

    Args:
        predictions: The table of predictions, with ``LABEL_probability`` (calibrated) and ``LABEL_logit``.
        thresholds: Each label's operating point, by name; a label without one (None) has no call and no cases.
        labels: The labels to look at.
        limit: Number of cases at most.
        uncalibrated: The labels whose probabilities are not calibrated, which are marked.
        part: ``test``, or ``out_of_fold`` of an ensemble without a test part.

    Returns:
        The columns ``COLUMNS``: ``given`` is 1 or 0, ``calibrated`` yes or no, ``surprise`` in bits; ``corrected`` and
        ``remark`` are blank, to be filled in. No patient's name or number. Unknown labels are not listed.

    Raises:
        DataError: a column is missing, or the limit is below 1.
    """
    if limit < 1:
        raise DataError(f"A worklist has at least one case. Received a limit of {limit}. Give 1 or more.")
    scored = predictions[predictions["part"] == part] if "part" in predictions else predictions
    tables = [_of_label(scored, label, thresholds[label], label in uncalibrated) for label in labels]
    cases = pd.concat([_nothing(), *[table for table in tables if len(table)]], ignore_index=True)
    # Equal ones by name, so that the same run gives the same list.
    order = [False, False, True, True]
    cases = cases.sort_values(["surprise", _AGAINST, "label", "image"], ascending=order, kind="stable")
    rounds = cases.groupby(["label", "given"], sort=False).cumcount()
    chosen = cases.iloc[np.argsort(rounds.to_numpy(), kind="stable")[:limit]]
    return chosen.drop(columns=_AGAINST).reset_index(drop=True)


def _of_label(predictions: pd.DataFrame, label: str, threshold: float | None, uncalibrated: bool) -> pd.DataFrame:
    absent = [name for name in ("image", "part", label, f"{label}_probability") if name not in predictions]
    if absent:
        raise DataError(
            f"The table of predictions lacks {', '.join(absent)}. Expected: image, part, and LABEL and "
            f"LABEL_probability for each label. Use the predictions.csv of a run."
        )
    if threshold is None:
        return _nothing()
    rows = predictions[predictions[label].notna()]
    given, p = rows[label].to_numpy(np.float64), rows[f"{label}_probability"].to_numpy(np.float64)
    chance = np.where(given == 1, p, 1 - p)
    # Tables of older runs have no logits.
    logit = rows[f"{label}_logit"].to_numpy(np.float64) if f"{label}_logit" in rows else p
    table = pd.DataFrame(
        {
            "image": rows["image"].to_numpy(object),
            "label": label,
            "given": given.astype(int),
            "probability": p,
            "calibrated": "no" if uncalibrated else "yes",
            "threshold": float(threshold),
            "surprise": -np.log2(np.maximum(chance, _LEAST)),
            "corrected": "",
            "remark": "",
            _AGAINST: np.where(given == 1, -logit, logit),
        }
    )
    return table.iloc[np.flatnonzero((p >= threshold) != (given == 1))]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in (*COLUMNS, _AGAINST)}).astype({"image": str, "label": str, "given": int})
