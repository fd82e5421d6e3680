"""The model beside a baseline that sees no picture: only sex, age and view position."""

from typing import Any

import numpy as np
import pandas as pd

from xraykit.data import Catalog
from xraykit.evaluation import DecisionRule, Metadata, Predictions, metadata_baseline
from xraykit.evaluation.predictions.assess import Terms
from xraykit.evaluation.predictions.table import of_part


def shortcuts(
    training: Catalog, predictions: pd.DataFrame, decision_rule: DecisionRule, terms: Terms
) -> dict[str, Any]:
    """What :func:`xraykit.evaluation.metadata_baseline` says of the test part.

    Args:
        training: The training part.
        predictions: The table of predictions.
        decision_rule: How its logits are read.
        terms: Resamples and seed.
    """
    rows = predictions[predictions["part"] == "test"]
    targets, logits, patients = of_part(predictions, "test", decision_rule.labels)
    said = Predictions(rows["image"].tolist(), patients, list(decision_rule.labels), targets, logits)
    return metadata_baseline(
        _metadata(training.table),
        training.targets(),
        _metadata(rows),
        said,
        terms.resamples,
        terms.seed,
        decision_rule.untrained,
    )


def _metadata(table: pd.DataFrame) -> Metadata:
    return Metadata(table["sex"].to_numpy(object), table["age"].to_numpy(np.float64), table["view"].to_numpy(object))
