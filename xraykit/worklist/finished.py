"""What a finished run left behind, read again from its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.manifest import check_listed
from xraykit.config import Rule, SplitRecord
from xraykit.errors import DataError
from xraykit.runs.folder import RunFolder
from xraykit.runs.predictions import read_predictions
from xraykit.system.json_files import read_json

if TYPE_CHECKING:
    from xraykit.evaluation import DecisionRule


@dataclass(frozen=True)
class FinishedRun:
    """A run's results.

    Attributes:
        folder: Where they are.
        metrics: What ``metrics.json`` holds.
        predictions: The table of predictions.
        decision_rule: How its logits are read.
    """

    folder: RunFolder
    metrics: dict[str, Any]
    predictions: pd.DataFrame
    decision_rule: "DecisionRule"

    @property
    def split(self) -> SplitRecord:
        """How the parts came about."""
        return SplitRecord.read(self.metrics["split"])


def finished_run(path: Path) -> FinishedRun:
    """Read a run's results; of an older run, without ``decision_rule.json``, the thresholds alone are known.

    Raises:
        DataError: this is no folder of a finished run.
        ModelError: its ``decision_rule.json`` was changed since it was written.
    """
    folder = RunFolder(path)
    try:
        metrics = folder.read_metrics()
        predictions = read_predictions(folder.predictions, metrics)
        saved = _saved_decision_rule(folder)
        return FinishedRun(folder, metrics, predictions, _decision_rule(saved, metrics))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} cannot be read as a run: {type(error).__name__}: {error}. Expected: the folder of a finished run, "
            f"with {folder.metrics.name} and {folder.predictions.name}, as the last line of python -m xraykit.run "
            f"names it."
        ) from error


def _saved_decision_rule(folder: RunFolder) -> dict[str, Any] | None:
    if not folder.decision_rule.is_file():
        return None
    check_listed(BundleFolder(folder.bundle), folder.decision_rule)
    return read_json(folder.decision_rule, "how logits are read")


def _decision_rule(saved: dict[str, Any] | None, metrics: dict[str, Any]) -> "DecisionRule":
    # Here only, as it takes a second: that a folder is no run is told before.
    from xraykit.evaluation import Calibration, DecisionRule, OperatingPoint

    if saved is not None:
        return DecisionRule.from_values(saved)
    labels = metrics["labels"]
    points = {label: OperatingPoint(Rule("youden"), figures["threshold"]) for label, figures in labels.items()}
    return DecisionRule(dict.fromkeys(labels, Calibration()), points, "validation")
