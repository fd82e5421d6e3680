"""The content of a bundle's JSON files, read and checked. Nothing heavy is imported here."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field

from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.manifest import check_listed
from xraykit.config import MOST_MEGAPIXELS, SplitRecord
from xraykit.errors import DataError, ModelError
from xraykit.system import FileRecord, Record, read_json, read_record

if TYPE_CHECKING:
    from xraykit.evaluation import DecisionRule

T = TypeVar("T")

REMEDY = "Copy it again from its source."


class Preprocessing(Record):
    """What is done to a picture before the network."""

    size: int = Field(ge=16, le=1024)
    """Side in pixels."""
    max_megapixels: float = Field(gt=0, le=MOST_MEGAPIXELS)
    """Pictures with more pixels are refused."""
    reader_version: int
    """Of xraykit's reader of pictures; another one yields other pixels."""
    normalisation: str | None = None
    bit_depth: int | None = Field(None, ge=8, le=16)
    """Of 16-bit pictures that do not declare their depth; null if the training part had none, or of earlier versions:
    then the brightest pixel decides for each picture."""


class Golden(Record):
    """The results of the simulated radiograph ``golden.png``, by which a changed network is noticed."""

    logits: list[float]
    probabilities: list[float | None] | None = None
    calls: list[bool | None] | None = None


class TrainedOnRecord(Record):
    """What the network was trained on, as salted hashes in ``trained_on.npz``."""

    class Training(Record):
        """One training that led to the weights."""

        salt: str
        """In hexadecimal; drawn at random."""
        iterations: int = Field(ge=1, le=100_000)
        """Of PBKDF2, for the ids of patients."""
        patients: int
        """Of training and validation part."""
        radiographs: int
        """Of training and validation part."""
        without_patients: list[str] = Field(default_factory=list)
        """The sources that do not name patients, or the format of the one collection: of these, only files and
        pictures are recorded."""

    complete: bool
    """False: nothing is recorded of what the start weights were trained on."""
    records: list[Training]
    """The last training first, then those of its start weights."""


class TrainedSource(Record):
    """A collection that the network was trained on."""

    name: str
    """Of the source; of one collection alone, its format."""
    format: str
    label_file_sha256: str
    """Of its label files."""
    licence: bool
    """Whether ``LICENSE.md`` contains its terms; false: xraykit does not know them."""


class ModelRecord(FileRecord):
    """``model.json``: what belongs to a network."""

    model_config = ConfigDict(extra="allow")
    VERSION: ClassVar[int] = 1

    labels: list[str] = Field(min_length=1)
    """In the order of the outputs."""
    preprocessing: Preprocessing
    golden: Golden
    sha256: dict[str, str]
    """Checksum of the network's file."""
    screen: dict[str, Any]
    """What training pictures look like, for the input check."""
    split: SplitRecord | None = None
    data_fingerprint: str | None = None
    """SHA-256 of labels, radiographs and parts."""
    fingerprints: dict[str, str | None] | None = None
    sources: list[TrainedSource] = Field(default_factory=list)
    """The collections that it was trained on; earlier versions named none."""
    backbone: str | None = None
    precision: str | None = None
    initial_weights: str | None = None
    plugins: list[str] = Field(default_factory=list)
    """Of the experiment; a bundle never imports them by itself."""
    xraykit: str | None = None
    keras: str | None = None
    licence: str | None = None
    intended_use: str | None = None
    recalibration: dict[str, Any] | None = None
    trained_on: TrainedOnRecord | None = None
    """Earlier versions recorded nothing."""
    manifest: str | None = None
    """Name of the file with the checksums; earlier versions wrote none."""


def read_about(folder: BundleFolder) -> tuple[dict[str, Any], ModelRecord]:
    """The content of ``model.json``, whole and typed.

    Raises:
        ModelError: it cannot be read.
    """
    return read_record(folder.about, ModelRecord, "what belongs to a network", remedy=REMEDY, kind=ModelError)


def read_decision_rule(folder: BundleFolder, *, listed: bool = False) -> "DecisionRule":
    """The content of ``decision_rule.json``.

    Args:
        folder: The bundle.
        listed: Compare the file with its checksum in the manifest first.

    Raises:
        ModelError: it cannot be read, or was changed.
    """
    from xraykit.evaluation import DecisionRule

    if listed:
        check_listed(folder, folder.decision_rule)
    values = read_json(folder.decision_rule, "a decision rule", remedy=REMEDY, kind=ModelError)
    return parsed(folder.decision_rule, lambda: DecisionRule.from_values(values))


def parsed(path: Path, read: Callable[[], T]) -> T:
    """What is read from the content of a file; whatever is wrong with it is reported with the name of the file."""
    try:
        return read()
    except DataError as error:
        named = str(error) if str(path) in str(error) else f"{path} is not as expected: {error}"
        raise ModelError(named) from error
    except (ArithmeticError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not as expected: {type(error).__name__}: {error} {REMEDY}") from error
