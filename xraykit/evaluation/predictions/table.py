"""The table of predictions: the outputs of the model for each radiograph beside its labels and metadata."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xraykit.data import Catalog
from xraykit.errors import DataError
from xraykit.evaluation import DecisionRule, logits_of

ABOUT = ("image", "patient", "part", "sex", "age", "view")


def prediction_table(catalog: Catalog, part: str, logits: np.ndarray) -> pd.DataFrame:
    """One row per radiograph, not yet read: without probabilities.

    Args:
        catalog: ``n`` radiographs with ``L`` labels.
        part: Its part.
        logits: ``(n, L)``.

    Returns:
        Columns ``image``, ``patient``, ``part``, ``sex``, ``age``, ``view``, the catalog's further columns, then for
        each label ``LABEL`` (1, 0 or NaN) and ``LABEL_logit``.
    """
    table = catalog.table.reset_index(drop=True).assign(part=part)[[*ABOUT, *catalog.columns]]
    columns = {}
    for index, label in enumerate(catalog.labels):
        columns[label] = catalog.table[label].to_numpy()
        columns[f"{label}_logit"] = np.asarray(logits, np.float64)[:, index]
    return pd.concat([table, pd.DataFrame(columns)], axis=1)


def with_probabilities(predictions: pd.DataFrame, decision_rule: DecisionRule) -> pd.DataFrame:
    """The table with ``LABEL_probability`` of each label as a decision rule gives it, right after its logit."""
    _, logits, _ = of_part(predictions, None, decision_rule.labels)
    probabilities = decision_rule.probabilities(logits)
    read = predictions.drop(columns=[f"{label}_probability" for label in decision_rule.labels], errors="ignore")
    for index, label in enumerate(decision_rule.labels):
        after = int(np.flatnonzero(read.columns == f"{label}_logit")[0]) + 1
        read.insert(after, f"{label}_probability", probabilities[:, index])
    return read


def of_part(
    predictions: pd.DataFrame, part: str | None, labels: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets ``(n, L)``, logits ``(n, L)`` and patients ``(n,)`` of one part of the table, or of all.

    A table of an older run has probabilities alone; their logits are taken.

    Raises:
        DataError: a label or its logits are not in the table.
    """
    rows = predictions if part is None else predictions[predictions["part"] == part]
    absent = [
        label
        for label in labels
        if label not in rows or not {f"{label}_logit", f"{label}_probability"} & set(rows.columns)
    ]
    if absent:
        raise DataError(
            f"The table of predictions lacks {', '.join(absent)}. Expected: for each label the columns LABEL and "
            f"LABEL_logit. Received: {', '.join(map(str, rows.columns[:12]))}. Use the predictions.csv of a run."
        )
    logits = [
        rows[f"{label}_logit"].to_numpy(np.float64)
        if f"{label}_logit" in rows
        else logits_of(rows[f"{label}_probability"].to_numpy(np.float64))
        for label in labels
    ]
    return rows[list(labels)].to_numpy(np.float64), np.stack(logits, axis=1), rows["patient"].to_numpy()
