"""The table of predictions: a row per picture."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xraykit.bundle.inputs import OpenedPicture
from xraykit.evaluation import DecisionRule
from xraykit.input_check import Screen


def prediction_table(
    opened: Sequence[OpenedPicture],
    probabilities: np.ndarray,
    decision_rule: DecisionRule,
    screen: Screen,
    *,
    spreads: np.ndarray | None = None,
    precision: str | None = None,
) -> pd.DataFrame:
    """The rows of :meth:`.Classifier.predict`, which lists the columns.

    Args:
        opened: The ``n`` pictures.
        probabilities: ``(n, L)``; NaN for pictures that cannot be read and labels that were not trained.
        decision_rule: Of the ``L`` labels.
        screen: The input check.
        spreads: ``(n, L)``, how far the members of an ensemble are apart.
        precision: A column of that name, where there is one.
    """
    calls = np.where(np.isnan(probabilities), np.nan, decision_rule.calls(probabilities))
    columns: dict[str, Any] = {"image": _texts(_readable(each.name) for each in opened)}
    for index, label in enumerate(decision_rule.labels):
        columns[f"{label}_probability"] = probabilities[:, index]
        columns[f"{label}_call"] = pd.arrays.BooleanArray(calls[:, index] == 1, np.isnan(calls[:, index]))
        if spreads is not None:
            columns[f"{label}_spread"] = spreads[:, index]
    columns["uncalibrated"] = _texts([";".join(decision_rule.uncalibrated)] * len(opened))
    columns["untrained"] = _texts([";".join(decision_rule.untrained)] * len(opened))
    columns["label_notes"] = _texts([" ".join(decision_rule.notes)] * len(opened))
    flags = [() if each.radiograph is None else screen.flags(each.radiograph) for each in opened]
    columns["flags"] = _texts(";".join(flag.name for flag in some) for some in flags)
    columns["flag_reasons"] = _texts(" ".join(flag.reason for flag in some) for some in flags)
    columns["error"] = _texts(_readable(each.error) for each in opened)
    if precision is not None:
        columns["precision"] = _texts([precision] * len(opened))
    return pd.DataFrame(columns)


def _texts(values: Iterable[str]) -> Any:
    return pd.array(list(values), dtype="str")


def _readable(text: str) -> str:
    """A file name may contain bytes that are not text, which a table cannot contain."""
    return text.encode("utf-8", "backslashreplace").decode()
