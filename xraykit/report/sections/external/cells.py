"""What the sections of an external validation have in common."""

from collections.abc import Mapping
from typing import Any

from xraykit.report.blocks import Cell
from xraykit.report.wording import between, signed
from xraykit.runs import FinishedEvaluation


def difference_cell(difference: Mapping[str, Any], name: str) -> Cell:
    """External minus internal of a metric, and its 95 % interval."""
    return Cell(signed(difference[f"{name}_difference"]), interval=between(difference[f"{name}_difference_interval"]))


def fitted_on(evaluation: FinishedEvaluation) -> str:
    """What calibration and thresholds of the network were fitted on."""
    return str(evaluation.facts.network.decision_rule["fitted_on"])
