"""The model beside a baseline that sees no picture: only sex, age, view position and, of several, the source."""

from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import SOURCE
from xraykit.data import Catalog
from xraykit.evaluation import DecisionRule, Metadata, Predictions, metadata_baseline
from xraykit.evaluation.predictions.table import of_part


def shortcuts(
    training: Catalog, predictions: pd.DataFrame, decision_rule: DecisionRule, *, resamples: int, seed: int
) -> dict[str, Any]:
    """The test part's :func:`xraykit.evaluation.metadata_baseline`.

    Args:
        training: The training part.
        predictions: The table of predictions.
        decision_rule: Names the labels that were not trained.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of the bootstrap.
    """
    rows = predictions[predictions["part"] == "test"]
    targets, logits, patients = of_part(predictions, "test", decision_rule.labels)
    scored = Predictions(rows["image"].tolist(), patients, list(decision_rule.labels), targets, logits)
    return metadata_baseline(
        _metadata(training.table, training),
        training.targets(),
        _metadata(rows, training),
        scored,
        resamples,
        seed,
        decision_rule.untrained,
    )


def _metadata(table: pd.DataFrame, training: Catalog) -> Metadata:
    return Metadata(
        table["sex"].to_numpy(object),
        table["age"].to_numpy(np.float64),
        table["view"].to_numpy(object),
        table[SOURCE].to_numpy(object) if training.sources else None,
    )
