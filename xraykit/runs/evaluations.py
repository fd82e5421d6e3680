"""External validations on disk: what a run's network reached on another collection, and the one reader of them."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from xraykit.bundle import BundleFolder, read_about
from xraykit.config import expand
from xraykit.errors import DataError, ModelError
from xraykit.runs.contents import LabelMetrics, MetricsRecord
from xraykit.runs.finished import FinishedRun
from xraykit.runs.folder import RunFolder
from xraykit.system import Interval, Record, checked, read_json, with_interval

if TYPE_CHECKING:
    from typing import Self

    from xraykit.evaluation import DecisionRule

_WHAT = "the metrics of an external validation"
_REMEDY = "Restore it from a copy, or evaluate the network again with python -m xraykit.evaluate."


class CalibrationInTheLarge(Record):
    """Observed against expected, calibration intercept and slope of a label. Intervals are 95 %, by patient."""

    cases: int
    """Radiographs for which the label is known."""
    observed: float | None
    """Share of positives."""
    observed_interval: Interval | None = None
    expected: float | None
    """Mean probability."""
    observed_expected: float | None
    """Their ratio; below 1 the probabilities are too high."""
    observed_expected_interval: Interval | None = None
    intercept: float | None
    """Below 0 the probabilities are too high."""
    intercept_interval: Interval | None = None
    slope: float | None
    """Below 1 the probabilities are too extreme."""
    slope_interval: Interval | None = None
    reasons: dict[str, str] = Field(default_factory=dict)
    """Why intercept or slope is missing."""


class SharedLabels(Record):
    """Which labels network and collection have in common."""

    shared: dict[str, str]
    """The network's label to that of the collection."""
    only_model: list[str]
    """Labels of the network that the collection does not annotate: nothing is known of them here."""
    only_collection: list[str]
    """Labels of the collection that the network does not know."""


class InputCheck(Record):
    """How many radiographs differ from those of the training part."""

    class Reason(Record):
        """One way in which they differ."""

        radiographs: int
        share: float

    radiographs: int
    flagged: int
    share: float
    share_interval: Interval | None = None
    """95 %, by patient."""
    by_reason: dict[str, Reason]
    """A radiograph may have several."""


class Network(Record):
    """Which network was evaluated."""

    run: str
    """NAME/TIMESTAMP of its run, or the name of the folder of its bundle."""
    sha256: str
    """Of its file."""
    labels: list[str]
    """In the order of its outputs."""
    data_fingerprint: str | None = None
    """Of the data that it was trained on."""
    decision_rule: dict[str, Any]
    """Calibrations and thresholds, as they were applied."""


class Collection(Record):
    """Which radiographs the network was evaluated on."""

    format: str
    label_file: str
    label_file_sha256: str
    radiographs: int
    """Those read, which the metrics are of, and those that cannot be read."""
    patients: int
    patients_known: bool = True
    unreadable: int
    """Radiographs whose file is broken; they are left out."""
    missing_images: int = 0
    """Rows without a file; they are left out."""


class Internal(Record):
    """The run's own test part, for comparison."""

    part: str
    split: str
    images: int
    patients: int | None = None
    labels: dict[str, LabelMetrics]
    calibration_in_the_large: dict[str, CalibrationInTheLarge] | None = None
    """None where the run has no table of predictions."""


class Common(Record):
    """Mean metrics over the same findings on both sides."""

    model_config = ConfigDict(extra="allow")

    labels: list[str]
    """Those with enough patients on both sides, or with a ROC AUC if none has."""
    enough_cases: bool
    """Whether they have enough patients with and without the finding."""
    internal: dict[str, Any] | None
    external: dict[str, Any]
    difference: dict[str, Any] | None


class EvaluationFacts(Record):
    """What makes the metrics those of an external validation."""

    name: str
    network: Network
    collection: Collection
    labels: SharedLabels
    input_check: InputCheck
    calibration_in_the_large: dict[str, CalibrationInTheLarge]
    internal: Internal | None
    internal_why: str | None = None
    """Why there are no internal metrics."""
    differences: dict[str, dict[str, Any]]
    """External minus internal, by label."""
    common: Common
    overlap: dict[str, Any] | None = None
    contamination: dict[str, Any] | None = None
    """Radiographs that the network met in its training; see :class:`xraykit.bundle.Contamination`."""
    """What the radiographs have in common with those of the run."""
    warnings: list[str] = Field(default_factory=list)
    """The most important first."""


class EvaluationRecord(MetricsRecord):
    """``metrics.json`` of an external validation; the metrics are those of a run, of the labels in common."""

    evaluation: EvaluationFacts


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
                f"RUN/evaluations/NAME, as the last line of python -m xraykit.evaluate names it."
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
        sha256 = read_about(found)[1].sha256.get(found.model.name)
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
