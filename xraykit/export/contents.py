"""The content of an export's JSON files, typed. Nothing heavy is imported here."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from xraykit.config import SplitRecord, ViewsName
from xraykit.errors import ModelError
from xraykit.system import FileRecord, Interval, Record, read_record

FORMULA = (
    "For each label in the order of `labels`: x = the network's logit. calibration.method 'isotonic': p = linear "
    "interpolation of `heights` over `knots` at x, level outside. All other methods: p = 1 / (1 + exp(-(slope * x + "
    "intercept))). The call is positive if p >= threshold, in float64; a label whose threshold is null has no call, "
    "and a label with `trained` false has no probability."
)
"""How the logits of an exported network become probabilities and calls; in ``decision_rule.json`` as ``formula``."""


class SourceBundle(Record):
    """The bundle that was exported."""

    network_sha256: str | None = None
    """Of the network's file, or over those of an ensemble's members, as in the bundle's ``model.json``."""
    model_json_sha256: str
    """Of the bundle's ``model.json``."""
    decision_rule_sha256: str
    """Of the bundle's ``decision_rule.json``."""
    xraykit: str | None = None
    """Version that wrote it."""
    backbone: str | None = None
    members: int = Field(ge=1)
    """Networks in it; the exported network contains them all."""
    test_time_augmentation: ViewsName = "none"
    """Views of each picture, which the exported network computes and averages."""
    recalibrated: bool = False
    """Whether its calibration and thresholds were fitted again on a local sample."""


class Verification(Record):
    """The exported network in its runtime against the bundle, on pictures that both computed."""

    phantoms: int
    """Simulated radiographs, besides the golden picture."""
    measure: Literal["largest", "share_of_deviation"]
    """Which difference of logits is limited: the largest, as a share of 1 + the size of the logit in the bundle; or, in
    int8, the root mean square, as a share of the standard deviation of the bundle's logits between pictures."""
    tolerance: float
    """The difference allowed in this measure."""
    difference: float
    """The difference found in this measure."""
    largest_logit_difference: float
    largest_probability_difference: float
    calls_changed: int
    """Calls, over all pictures and labels, that are not those of the bundle."""
    calls: int
    """Calls in all."""
    golden_logit_difference: float
    """The largest, of the golden picture, from the logits stored in the bundle."""
    example_checked: bool
    """Whether ``example.py`` was run on the golden picture and printed these probabilities and calls."""


class LabelLoss(Record):
    """A label's ROC AUC before and after the quantisation."""

    roc_auc: list[float | None] = Field(min_length=2, max_length=2)
    """Of the bundle, and of the int8 export."""
    roc_auc_difference: float | None = None
    """Export minus bundle: below 0 is a loss."""
    roc_auc_difference_interval: Interval | None = None
    """95 %, by patient."""


class Quantisation(Record):
    """How a network was quantised to 8-bit integers, and what that costs."""

    calibrated_on: str
    """The pictures from which ranges were taken, in words; never those of the test part."""
    calibration_pictures: int
    measured_on: str
    """The radiographs of the ROC AUCs, in words."""
    part: Literal["validation", "sample"]
    """Of the run's data, or a table that the user named."""
    split: SplitRecord | None = None
    """How the run's data were divided."""
    images: int
    patients: int
    patients_known: bool
    resamples: int
    macro: LabelLoss
    """Mean over the labels."""
    labels: dict[str, LabelLoss]
    largest_probability_difference: float
    """On these radiographs."""
    calls_changed: int
    calls: int


class ExportRecord(FileRecord):
    """``export.json``: what was exported, from which bundle, and how it was verified."""

    VERSION: ClassVar[int] = 1

    format: str
    """``onnx``, ``litert``, ``savedmodel`` or ``openvino``."""
    precision: Literal["float32", "int8"]
    network: str
    """Name of the network's file or folder."""
    input: str
    """Name, shape, type and range of what the network takes."""
    output: str
    """What it gives."""
    labels: list[str] = Field(min_length=1)
    """In the order of the outputs."""
    image_size: int
    """Side of the pictures in pixels."""
    bit_depth: int | None = None
    """Of 16-bit pictures that do not declare their depth; null: the brightest pixel decides."""
    source: SourceBundle
    verification: Verification
    quantisation: Quantisation | None = None
    """Null in float32."""
    licence: str | None = None
    intended_use: str | None = None
    xraykit: str
    versions: dict[str, str]
    """Of Keras, the runtime and the converters that wrote and checked it."""
    sha256: dict[str, str]
    """Of each other file in the folder."""


def read_export(folder: Path) -> tuple[dict[str, Any], ExportRecord]:
    """The content of an export's ``export.json``, whole and typed.

    Raises:
        ModelError: it cannot be read.
    """
    remedy = "Export the bundle again."
    return read_record(folder / "export.json", ExportRecord, "the record of an export", remedy=remedy, kind=ModelError)
