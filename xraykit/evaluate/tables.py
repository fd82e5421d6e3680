"""The table of predictions of an external validation."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from xraykit.data import Catalog, names_with_ids, new_salt, with_hashed_patients
from xraykit.errors import DataError
from xraykit.evaluate.matching import SharedLabels
from xraykit.evaluate.scoring import ScoredPictures
from xraykit.evaluation import DecisionRule
from xraykit.system import counted

ABOUT = ("image", "patient", "part", "sex", "age", "view")
CHECKED, FLAGS = "input_check", "flags"
FLAGGED, NOT_FLAGGED = "flagged", "not flagged"

logger = logging.getLogger(__name__)


def evaluation_table(
    catalog: Catalog, part: str, scored: ScoredPictures, rule: DecisionRule, labels: SharedLabels
) -> pd.DataFrame:
    """One row per radiograph that could be read, as in the ``predictions.csv`` of a run.

    Args:
        catalog: The collection.
        part: What the metrics are of.
        scored: The network's outputs for the catalog's radiographs.
        rule: The network's decision rule, as it is.
        labels: Which label of the collection is which of the network's.

    Returns:
        Columns ``image``, ``patient``, ``part``, ``sex``, ``age``, ``view``, the catalog's further columns,
        ``input_check`` (flagged, or not), ``flags`` (names joined by ``;``), then for each label of the network
        ``LABEL`` (1, 0 or NaN; NaN throughout where the collection does not annotate it), ``LABEL_logit`` and
        ``LABEL_probability``.

    Raises:
        DataError: a further column has the name of another one.
    """
    _check_names(catalog, rule)
    rows = catalog.table.iloc[scored.rows].reset_index(drop=True)
    probabilities = rule.probabilities(scored.logits)
    columns: dict[str, Any] = {name: rows[name] if name != "part" else part for name in (*ABOUT, *catalog.columns)}
    columns[CHECKED] = [FLAGGED if each else NOT_FLAGGED for each in scored.flags]
    columns[FLAGS] = [each or np.nan for each in scored.flags]
    for at, label in enumerate(rule.labels):
        other = labels.pairs.get(label)
        columns[label] = np.full(len(rows), np.nan) if other is None else rows[other].to_numpy(np.float64)
        columns[f"{label}_logit"] = scored.logits[:, at]
        columns[f"{label}_probability"] = probabilities[:, at]
    return pd.DataFrame(columns)


def without_ids(table: pd.DataFrame) -> pd.DataFrame:
    """The table with hashes of the patients' ids, of which nobody keeps the salt."""
    named = names_with_ids(table["image"], table["patient"])
    if named:
        logger.warning(
            "data.patient_ids is hash, but the file names of %s contain the id of their patient. The tables of the "
            "evaluation name the files, so that these ids are in them all the same.",
            counted(named, "radiograph"),
        )
    return with_hashed_patients(table, new_salt())


def unreadable_table(catalog: Catalog, scored: ScoredPictures) -> pd.DataFrame:
    """``image`` and ``reason`` of each radiograph that could not be read."""
    images = catalog.table["image"].to_numpy(object)
    return pd.DataFrame({"image": [images[row] for row in scored.broken], "reason": list(scored.broken.values())})


def _check_names(catalog: Catalog, rule: DecisionRule) -> None:
    own = {CHECKED, FLAGS, *(f"{label}{end}" for label in rule.labels for end in ("", "_logit", "_probability"))}
    taken = [name for name in catalog.columns if name in own]
    if taken:
        raise DataError(
            f"`data.columns` names {', '.join(taken)}, which is a column of the table of predictions. Leave it out, or "
            f"rename it in the label file."
        )
