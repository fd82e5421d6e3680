"""The content of a bundle's JSON files, read and checked. Nothing heavy is imported here."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, model_validator

from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.manifest import check_listed
from xraykit.config import MOST_MEGAPIXELS, SplitRecord, ViewsName
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
    test_time_augmentation: ViewsName = "none"
    """The views over which the logits are averaged; earlier versions had none."""


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


class MemberRecord(Record):
    """One network of an ensemble."""

    file: str = Field(pattern=r"^members/[1-9][0-9]*/model\.keras$")
    """Of its network, relative to the bundle; its own decision rule is ``decision_rule.json`` beside it."""
    sha256: str
    """Checksum of the network's file."""
    golden_logits: list[float]
    """Its raw logits of the golden picture."""
    seed: int | None = None
    """``training.seed`` of its training."""
    fold: int | None = None
    """The fold that it did not learn from, from 0 on; null if all members were trained on the same patients."""
    backbone: str | None = None
    precision: str | None = None
    initial_weights: str | None = None
    data_fingerprint: str | None = None
    """SHA-256 of labels, radiographs and parts of its training."""


class ModelRecord(FileRecord):
    """``model.json``: what belongs to a network, or to an ensemble of networks."""

    model_config = ConfigDict(extra="allow")
    VERSION: ClassVar[int] = 2
    PLAIN: ClassVar[int] = 1
    """Version that is written where earlier xraykit reads the bundle rightly: one network and one view."""

    labels: list[str] = Field(min_length=1)
    """In the order of the outputs."""
    preprocessing: Preprocessing
    golden: Golden
    sha256: dict[str, str]
    """Checksum of the network's file, or of those of an ensemble's members."""
    members: list[MemberRecord] = Field(default_factory=list)
    """The networks of an ensemble in their order; empty where the bundle has one network."""
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

    @model_validator(mode="after")
    def _members_are_listed_once(self) -> "ModelRecord":
        files = [member.file for member in self.members]
        if len(files) == 1 or files != [f"members/{number}/model.keras" for number in range(1, len(files) + 1)]:
            raise ValueError(f"members must be 2 or more, numbered from 1 on. Received: {', '.join(files)}")
        if self.members and self.sha256 != {member.file: member.sha256 for member in self.members}:
            raise ValueError("sha256 differs from the checksums of the members")
        return self

    @property
    def network_sha256(self) -> str | None:
        """What identifies the weights: the SHA-256 of the network's file, or over those of an ensemble's members."""
        if not self.members:
            return self.sha256.get("model.keras")
        return hashlib.sha256("".join(member.sha256 for member in self.members).encode()).hexdigest()


def read_about(folder: BundleFolder) -> tuple[dict[str, Any], ModelRecord]:
    """The content of ``model.json``, whole and typed.

    Raises:
        ModelError: it cannot be read.
    """
    return read_record(folder.about, ModelRecord, "what belongs to a network", remedy=REMEDY, kind=ModelError)


def read_decision_rule(
    folder: BundleFolder, *, listed: bool = False, member: MemberRecord | None = None
) -> "DecisionRule":
    """The content of ``decision_rule.json``.

    Args:
        folder: The bundle.
        listed: Compare the file with its checksum in the manifest first.
        member: Of an ensemble: read its own decision rule, not that of the whole.

    Raises:
        ModelError: it cannot be read, or was changed.
    """
    from xraykit.evaluation import DecisionRule

    file = folder.decision_rule if member is None else folder.decision_rule_of(folder.path / member.file)
    if listed:
        check_listed(folder, file)
    values = read_json(file, "a decision rule", remedy=REMEDY, kind=ModelError)
    return parsed(file, lambda: DecisionRule.from_values(values))


def parsed(path: Path, read: Callable[[], T]) -> T:
    """What is read from the content of a file; whatever is wrong with it is reported with the name of the file."""
    try:
        return read()
    except DataError as error:
        named = str(error) if str(path) in str(error) else f"{path} is not as expected: {error}"
        raise ModelError(named) from error
    except (ArithmeticError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not as expected: {type(error).__name__}: {error} {REMEDY}") from error
