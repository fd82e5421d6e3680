"""The table of predictions: what the model said of each radiograph beside what is known of it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xraykit.data import Catalog


def prediction_table(catalog: Catalog, part: str, probabilities: np.ndarray) -> pd.DataFrame:
    """One row per radiograph.

    Args:
        catalog: ``n`` radiographs with ``L`` labels.
        part: Its part.
        probabilities: ``(n, L)``, 0–1.

    Returns:
        Columns ``image``, ``patient``, ``part``, then for each label ``LABEL`` (1, 0 or NaN) and
        ``LABEL_probability``.
    """
    table = catalog.table[["image", "patient"]].reset_index(drop=True).assign(part=part)
    columns = {}
    for index, label in enumerate(catalog.labels):
        columns[label] = catalog.table[label].to_numpy()
        columns[f"{label}_probability"] = probabilities[:, index]
    return pd.concat([table, pd.DataFrame(columns)], axis=1)


def of_part(predictions: pd.DataFrame, part: str, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets ``(n, L)``, probabilities ``(n, L)`` and patients ``(n,)`` of one part of the table."""
    rows = predictions[predictions["part"] == part]
    targets = rows[list(labels)].to_numpy(np.float64)
    probabilities = rows[[f"{label}_probability" for label in labels]].to_numpy(np.float64)
    return targets, probabilities, rows["patient"].to_numpy()
