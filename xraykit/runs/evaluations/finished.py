"""The one reader of external validations: what a run's network reached on another collection."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.bundle import BundleFolder, read_about
from xraykit.config import expand
from xraykit.errors import DataError, ModelError
from xraykit.runs.evaluations.contents import EvaluationFacts, EvaluationRecord
from xraykit.runs.finished import FinishedRun
from xraykit.runs.folder import RunFolder
from xraykit.system import checked, read_json, with_interval

if TYPE_CHECKING:
    from typing import Self

    from xraykit.evaluation import DecisionRule

_WHAT = "the metrics of an external validation"
_REMEDY = "Restore it from a copy, or evaluate the network again with xraykit evaluate."


class FinishedEvaluation(FinishedRun):
    """An external validation: a network applied to another collection without fitting anything.

    It has the metrics and predictions of a run, of the labels that network and collection have in common.
    """

    @classmethod
    def open(cls, path: str | Path) -> "Self":
        """The evaluation in a folder.

        Raises:
            DataError: the folder is not that of an evaluation, or its ``metrics.json`` is damaged.
        """
        files = RunFolder(expand(path))
        if not is_evaluation(files.path):
            raise DataError(
                f"{files.path} is not the folder of an external validation. Expected: a folder such as "
                f"RUN/evaluations/NAME, as the last line of xraykit evaluate names it."
            )
        metrics = read_json(files.metrics, _WHAT, remedy=_REMEDY)
        return cls(files.path, metrics)

    def _display(self) -> dict[str, str]:
        common = self.facts.common.external
        return {
            "folder": str(self.folder),
            "network": self.facts.network.run,
            "radiographs": f"{self.metrics['images']}",
            "labels": ", ".join(self.labels),
            "mean ROC AUC": with_interval(common.get("roc_auc"), common.get("roc_auc_interval")),
        }

    @cached_property
    def record(self) -> EvaluationRecord:
        """The content of ``metrics.json``, typed."""
        return checked(self.metrics, EvaluationRecord, self.files.metrics, _WHAT, remedy=_REMEDY)

    @property
    def facts(self) -> EvaluationFacts:
        """What makes the metrics those of an external validation."""
        return self.record.evaluation

    @property
    def title(self) -> str:
        """Network and collection."""
        return f"{self.facts.network.run} on {self.facts.name}"

    @property
    def short_path(self) -> str:
        """``NAME/TIMESTAMP/evaluations/COLLECTION``, or the folder alone if it is elsewhere."""
        return f"{self.facts.network.run}/evaluations/{self.facts.name}"

    def decision_rule(self) -> "DecisionRule":
        """How logits became probabilities and calls, of all labels of the network."""
        from xraykit.evaluation import DecisionRule

        return DecisionRule.from_values(self.facts.network.decision_rule)

    def data_facts(self) -> dict[str, Any] | None:
        """None: an evaluation has no parts of its own."""
        return None

    def network(self, path: str | Path | None = None) -> BundleFolder:
        """Where the network is that was evaluated.

        Args:
            path: Its run or bundle; left out, the folder two levels up, as in ``RUN/evaluations/NAME``.

        Raises:
            ModelError: there is none, or it is another one.
        """
        place = self.folder.resolve().parents[1] if path is None else expand(path)
        try:
            found = BundleFolder.find(place)
        except ModelError as error:
            if path is not None:
                raise
            raise ModelError(
                f"The network of {self.folder} is not in {place}, where RUN/evaluations/NAME would have it. Expected: "
                f"the run or bundle as the first argument and the evaluation as the second."
            ) from error
        sha256 = read_about(found)[1].network_sha256
        if sha256 != self.facts.network.sha256:
            raise ModelError(
                f"{self.folder} was made with another network than that of {found.path}. SHA-256 expected: "
                f"{self.facts.network.sha256}, received: {sha256}. Give the run {self.facts.network.run}."
            )
        return found


def is_evaluation(path: Path) -> bool:
    """Whether a folder contains an external validation.

    Raises:
        DataError: its ``metrics.json`` is damaged.
    """
    file = RunFolder(path).metrics
    return file.is_file() and isinstance(read_json(file, _WHAT, remedy=_REMEDY).get("evaluation"), Mapping)


def open_finished(path: str | Path) -> FinishedRun:
    """The finished run, or the external validation, in a folder.

    Raises:
        DataError: the folder is neither, or its ``metrics.json`` is damaged.
    """
    folder = expand(path)
    return FinishedEvaluation.open(folder) if is_evaluation(folder) else FinishedRun.open(folder)
