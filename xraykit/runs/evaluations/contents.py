"""The content of ``metrics.json`` of an external validation, typed."""

from typing import Any

from pydantic import ConfigDict, Field

from xraykit.runs.contents import LabelMetrics, MetricsRecord
from xraykit.system import Interval, Record


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
    """What the radiographs have in common with those of the run."""
    contamination: dict[str, Any] | None = None
    """Radiographs that the network met in its training; see :class:`xraykit.bundle.Contamination`."""
    warnings: list[str] = Field(default_factory=list)
    """The most important first."""


class EvaluationRecord(MetricsRecord):
    """``metrics.json`` of an external validation; the metrics are those of a run, of the labels in common."""

    evaluation: EvaluationFacts
