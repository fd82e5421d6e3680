"""The record in a bundle of what its network was trained on, and whether other radiographs meet it again."""

import os
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.bundle.contents import TrainedOnRecord, read_about
from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.manifest import check_listed
from xraykit.data import PARTS_USED, MetBefore, Radiographs, Usual
from xraykit.errors import ContaminationError, ModelError
from xraykit.system import counted

_ARRAYS = ("patients", "patient_parts", "files", "signatures", "parts")
_NAMED = 5
_MOST_BYTES = 1 << 30
_DAMAGED = (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)


@dataclass(frozen=True)
class TrainedOn:
    """What a network was trained on, its start weights included.

    Attributes:
        records: One for each training that led to the weights, the last one first.
        complete: False where weights were trained earlier and nothing is recorded of that.
    """

    records: tuple[MetBefore, ...]
    complete: bool = True

    def after(self, earlier: "TrainedOn | None") -> "TrainedOn":
        """With what the start weights were trained on; None: that is not recorded."""
        if earlier is None:
            return TrainedOn(self.records, complete=False)
        return TrainedOn(self.records + earlier.records, self.complete and earlier.complete)

    @classmethod
    def together(cls, members: "Sequence[TrainedOn | None]") -> "TrainedOn | None":
        """What an ensemble was trained on: a patient of any member counts.

        Args:
            members: Of each member; None: nothing is recorded of it, so that the whole is not complete.

        Returns:
            None where nothing is recorded of any member.
        """
        known = [each for each in members if each is not None]
        if not known:
            return None
        records = tuple(record for each in known for record in each.records)
        return cls(records, len(known) == len(members) and all(each.complete for each in known))

    def about(self) -> dict[str, Any]:
        """What ``model.json`` says of it."""
        return {
            "complete": self.complete,
            "records": [
                {
                    "salt": each.salt.hex(),
                    "iterations": each.iterations,
                    "patients": len(each.patients),
                    "radiographs": len(each.files),
                    "without_patients": list(each.without_patients),
                }
                for each in self.records
            ],
        }

    def write(self, path: Path) -> None:
        """Write the hashes, as arrays of numpy."""
        arrays: dict[str, Any] = {}
        for number, each in enumerate(self.records):
            arrays |= {f"{number}.{name}": getattr(each, name) for name in _ARRAYS}
            arrays |= {f"{number}.mean": each.usual.mean, f"{number}.deviation": each.usual.deviation}
        np.savez(path, **arrays)


def read_trained_on(bundle: BundleFolder) -> TrainedOn | None:
    """The record of a bundle; None in those of earlier versions.

    Raises:
        ModelError: it is damaged.
    """
    record = read_about(bundle)[1].trained_on
    if record is None:
        return None
    if record.records:
        check_listed(bundle, bundle.trained_on)
    try:
        return TrainedOn(tuple(_read(bundle.trained_on, record)), record.complete)
    except _DAMAGED as error:
        raise ModelError(
            f"{bundle.trained_on} cannot be read: {error}. Expected: the record of what the network was trained on. "
            f"Copy the bundle again from its source."
        ) from error


def _read(path: Path, record: TrainedOnRecord) -> list[MetBefore]:
    if not record.records:
        return []
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > _MOST_BYTES:
        raise ValueError(f"it unpacks to {size:,} bytes")
    with np.load(path, allow_pickle=False) as arrays:
        return [
            MetBefore(
                salt=bytes.fromhex(each.salt),
                iterations=each.iterations,
                usual=Usual(arrays[f"{number}.mean"], arrays[f"{number}.deviation"]),
                without_patients=tuple(each.without_patients),
                **{name: arrays[f"{number}.{name}"] for name in _ARRAYS},
            ).checked()
            for number, each in enumerate(record.records)
        ]


@dataclass(frozen=True)
class Contamination:
    """Whether radiographs were met before, in the training of a network.

    Attributes:
        recorded: Whether the network has a record; earlier versions wrote none.
        complete: Whether it goes back to weights that were trained on nothing.
        radiographs: Number of radiographs that were looked up.
        met: Of them, those that were met in any of these ways.
        same_patient: Those of a patient of the training or validation part.
        same_file: Those whose file is one of theirs.
        same_picture: Those that show a picture of theirs, perhaps stored in another way; None: not looked up.
        patients: Number of patients that were met.
        in_train: Of ``met``, those that were met in the training part.
        without_patients: The sources of the radiographs that do not name patients, so that only files and pictures of
            theirs were looked up.
        trained_without_patients: The same of the sources that the network was trained on.
        examples: The first few names, for messages alone.
    """

    recorded: bool
    complete: bool = True
    radiographs: int = 0
    met: int = 0
    same_patient: int = 0
    same_file: int = 0
    same_picture: int | None = None
    patients: int = 0
    in_train: int = 0
    without_patients: list[str] = field(default_factory=list)
    trained_without_patients: list[str] = field(default_factory=list)
    examples: tuple[str, ...] = ()

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold, without names."""
        return {name: value for name, value in asdict(self).items() if name != "examples"}


def contamination(trained_on: TrainedOn | None, radiographs: Radiographs) -> Contamination:
    """Look radiographs up in the record of a network.

    Args:
        trained_on: Of the bundle; see :func:`read_trained_on`.
        radiographs: With ids and hashes of files, and frequencies where pictures were decoded.
    """
    total, without = len(radiographs.images), list(radiographs.without_patients)
    if trained_on is None:
        return Contamination(recorded=False, complete=False, radiographs=total, without_patients=without)
    found = None
    for record in trained_on.records:
        meeting = record.look_up(radiographs, os.cpu_count())
        found = meeting if found is None else found.together(meeting)
    if found is None:
        return Contamination(True, trained_on.complete, total, without_patients=without)
    met = np.flatnonzero(found.met).tolist()
    train = PARTS_USED.index("train")
    in_train = (found.patient == train) | (found.file == train) | (found.picture == train)
    patients = [""] * total if radiographs.patients is None else radiographs.patients
    pairs = {(radiographs.collections[row], patients[row]) for row in met if patients[row]}
    return Contamination(
        recorded=True,
        complete=trained_on.complete,
        radiographs=total,
        met=len(met),
        same_patient=int((found.patient >= 0).sum()),
        same_file=int((found.file >= 0).sum()),
        same_picture=None if radiographs.frequencies is None else int((found.picture >= 0).sum()),
        patients=len(pairs),
        in_train=int(in_train.sum()),
        without_patients=without,
        trained_without_patients=list(
            dict.fromkeys(name for record in trained_on.records for name in record.without_patients)
        ),
        examples=tuple(radiographs.images[row] for row in met[:_NAMED]),
    )


def describe_contamination(found: Contamination | Mapping[str, Any], of: str = "") -> str:
    """Sentences for a person: what was met before, and what cannot be known; blank if all is known and none was met."""
    values = found.as_values() if isinstance(found, Contamination) else found
    if not values["recorded"]:
        return (
            "Which patients the network was trained on is not recorded: an earlier version of xraykit wrote it, or "
            "another program. Whether it meets them here again is unknown."
        )
    unknown = "" if values["complete"] else " What its start weights were trained on is not recorded."
    unknown += _not_checked(values)
    if not values["met"]:
        return unknown.strip()
    ways = [f"{values['same_patient']:,} of the same patients", f"{values['same_file']:,} with the same file"]
    if values["same_picture"] is not None:
        ways.append(f"{values['same_picture']:,} with the same picture")
    all_of_them = counted(values["radiographs"], "radiograph") + (f" {of}" if of else "")
    return (
        f"{values['met']:,} of {all_of_them} were met in the training of the network: {', '.join(ways)}; "
        f"{values['in_train']:,} in its training part, the others in its validation part.{unknown}"
    )


def _not_checked(values: Mapping[str, Any]) -> str:
    """Of which sources no patient can be recognised; earlier versions recorded none."""
    here, trained = values.get("without_patients") or (), values.get("trained_without_patients") or ()
    sentences = [
        f" Patients of {', '.join(names)} are not named{where}: only files and pictures were compared, and whether the "
        f"network meets {whom} is unknown."
        for names, where, whom in (
            (here, "", "them again"),
            (trained, " in its training data", "them here again"),
        )
        if names
    ]
    return "".join(sentences)


def check_contamination(found: Contamination, of: str, remedy: str) -> None:
    """Refuse radiographs that the network has met before.

    Args:
        found: See :func:`contamination`.
        of: What they are of, such as ``of the test part``; may be blank.
        remedy: What to do, as sentences.

    Raises:
        ContaminationError: some were met.
    """
    if found.met:
        named: Sequence[str] = found.examples
        more = ", ..." if found.met > len(named) else ""
        raise ContaminationError(
            f"{describe_contamination(found, of)} Metrics of these are too good. Such as: {', '.join(named)}{more}. "
            f"{remedy}"
        )
