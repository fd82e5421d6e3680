"""What xraykit relies on in the JSON files of a run folder, whichever version wrote them."""

from typing import Any, ClassVar

from pydantic import ConfigDict

from xraykit.config import OUT_OF_FOLD, SplitRecord
from xraykit.runs.ensemble_contents import EnsembleFacts
from xraykit.system import FileRecord, Interval, Record


class PredictionsFile(Record):
    """Which ``predictions.csv`` the metrics were computed from."""

    rows: int
    sha256: str


class RunState(FileRecord):
    """``run.json``: what a stopped run needs to continue."""

    VERSION: ClassVar[int] = 1

    class Identity(Record):
        """What makes this run this one."""

        class Data(Record):
            """Its data."""

            fingerprint: str

        settings: dict[str, Any]
        data: Data
        plugins: dict[str, Any]

    class Pictures(Record):
        """What the picture files of all radiographs contain."""

        sha256: str
        unreadable: int
        unreadable_images: str

    class Trained(Record):
        """A member of an ensemble whose test part is still sealed."""

        epoch: int
        """The one whose weights were taken."""
        roc_auc: float
        """Macro ROC AUC of that epoch on the validation part."""
        predictions: PredictionsFile
        """Of the validation part, in ``validation.csv``."""

    class TrainingDevices(Record):
        """What the training was divided among, when it ended."""

        devices: int
        """Of all processes."""
        processes: int

    finished: bool | None = None
    pictures: Pictures | None = None
    tracking_run: str | None = None
    """Of MLflow."""
    search: str | None = None
    """Of a run with a search, `complete` once all trials have ended."""
    data_fingerprint: str | None = None
    """SHA-256 of labels, radiographs and parts."""
    identity: Identity | None = None
    winner: str | None = None
    reproduces: str | None = None
    """The folder of the run whose `experiment.yaml` this run ran."""
    """SHA-256 of the experiment with the values of the best trial."""
    trained: Trained | None = None
    training_devices: TrainingDevices | None = None
    """Null before the training has ended."""


class _Scores(Record):
    """Numbers are null where they cannot be computed; further metrics may follow."""

    model_config = ConfigDict(extra="allow")

    roc_auc: float | None
    roc_auc_interval: Interval | None = None
    average_precision: float | None = None
    average_precision_interval: Interval | None = None
    brier: float | None = None


class LabelMetrics(_Scores):
    """The metrics of one label. Intervals are 95 %, by patient."""

    model_config = ConfigDict(title="Label")

    class OperatingPoint(Record):
        """Where the threshold comes from."""

        rule: str | None = None

    positives: int
    negatives: int
    positive_patients: int | None = None
    negative_patients: int | None = None
    no_interval: dict[str, Any] | None = None
    """By metric: why it has no interval."""
    threshold: float | None
    """Least calibrated probability that is called positive."""
    sensitivity: float | None = None
    specificity: float | None = None
    operating_point: OperatingPoint | None = None
    calibrated: bool = True
    trained: bool = True
    """False: the training part has no positives or no negatives of the label, and it is not scored."""


class MacroMetrics(_Scores):
    """Means over the labels for which the metric exists."""

    model_config = ConfigDict(title="Macro means")

    not_estimable: list[str] | None = None
    """Labels without both positives and negatives."""
    few_cases: list[str] | None = None
    """Labels that rest on few patients."""


class StudyFacts(Record):
    """The search whose winner was trained."""

    test_part_met: int | None = None
    """How often winners of this study were scored on the test part."""


class ValidationScore(Record):
    """The best epoch on the validation part."""

    roc_auc: float | None


class _Calibration(Record):
    labels: dict[str, dict[str, Any]] | None = None


class OutOfFold(Record):
    """The metrics of the out-of-fold predictions, beside those of the held-out patients; further ones may follow."""

    model_config = ConfigDict(extra="allow")

    part: str
    in_sample: bool = True
    """As above; the decision rule of the ensemble was fitted on these predictions."""
    images: int
    patients: int | None = None
    macro: MacroMetrics
    labels: dict[str, LabelMetrics]


class MetricsRecord(FileRecord):
    """``metrics.json``: what a finished run reached on its test part."""

    VERSION: ClassVar[int] = 1

    part: str
    """The part that was scored."""
    in_sample: bool = False
    """Calibration and thresholds were fitted on this part, so that its metrics of probabilities and calls (Brier score,
    calibration, sensitivity, specificity and all that follow from them) are too good; ROC AUC and average precision
    are not affected."""
    split: SplitRecord
    images: int
    """Radiographs of the part."""
    patients: int | None = None
    macro: MacroMetrics
    macro_enough_cases: MacroMetrics | None = None
    """Without the labels that rest on few patients."""
    labels: dict[str, LabelMetrics]
    """In the order of the network's outputs."""
    validation: ValidationScore | None = None
    calibration: _Calibration | None = None
    shortcuts: dict[str, dict[str, Any]] | None = None
    sources: dict[str, Any] | None = None
    """Of a run on several collections: the metrics of each (`each`), and of each label (`labels`) the pooled ROC AUC
    beside the one within sources and the one of the source alone."""
    sources_why: str | None = None
    """Of several collections, why there are none."""
    localisation: dict[str, Any] | None = None
    subgroups: dict[str, Any] | None = None
    study: StudyFacts | None = None
    ensemble: EnsembleFacts | None = None
    """Null for a single network."""
    out_of_fold: OutOfFold | None = None
    """Of an ensemble of folds with held-out patients."""
    data_fingerprint: str | None = None
    """SHA-256 of labels, radiographs and parts."""
    fingerprints: dict[str, str | None] | None = None
    predictions: PredictionsFile | None = None

    @property
    def is_in_sample(self) -> bool:
        """Whether its decision rule was fitted on the part that was scored; of files without the mark, too."""
        return self.in_sample or self.part == OUT_OF_FOLD

    @property
    def untrained(self) -> list[str]:
        """The labels that were not trained."""
        return [label for label, metrics in self.labels.items() if not metrics.trained]

    @property
    def test_part_uses(self) -> int:
        """How often winners of this run's study, or the run itself, were scored on the test part."""
        return (self.study.test_part_met if self.study else None) or 1


class DataFacts(FileRecord):
    """``data.json``: counts of each part."""

    VERSION: ClassVar[int] = 1

    class Part(Record):
        """One part."""

        class Counts(Record):
            """Radiographs by what is known of a label."""

            positives: int
            negatives: int
            unknown: int

        images: int
        patients: int
        labels: dict[str, Counts]

    parts: dict[str, Part]
    missing_images: int | None = None
