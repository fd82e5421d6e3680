"""What a network was trained on, as salted hashes: whether a radiograph or a patient is met again can be asked later.

Patients are recognised by their id within a collection, and pictures by the hash of their file or, stored in another
way, by their signature (:mod:`.signatures`). The record contains no id, no name and no picture. A hash of an id is made
slow on purpose (PBKDF2), but ids are few: whoever has the record and guesses the ids of a collection can find out which
of them were used. docs/leakage.md says so.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from xraykit.config import Data
from xraykit.data.catalog import Catalog
from xraykit.data.leakage.near_duplicates import alike
from xraykit.data.leakage.signatures import LENGTH, Usual, unit
from xraykit.registry import FORMATS

ITERATIONS = 1000
SAME_PICTURE = 0.95
"""Least correlation of signatures that makes two pictures the same; ``benchmarks/near_duplicates.py`` measures it."""

PARTS_USED = ("train", "validation")
_BYTES = 16
_LONGEST_SALT = 64  # of BLAKE2b
_LEVELS, _RANGE = 7, 2.5


@dataclass(frozen=True, eq=False)
class Radiographs:
    """Radiographs to be recorded, or to be looked up.

    Attributes:
        images: ``n`` names.
        patients: ``n`` ids, blank where a source does not name patients; None where nobody does.
        collections: ``n`` names of the collections whose ids they are.
        files: ``n`` SHA-256 of the files, the first 32 digits; blank if unknown.
        frequencies: ``(n, 143)``, see :func:`.frequencies`; None: not known.
        without_patients: Names of the sources that do not name patients, or the format of the one collection.
    """

    images: Sequence[str]
    patients: Sequence[str] | None
    collections: Sequence[str]
    files: Sequence[str]
    frequencies: np.ndarray | None = None
    without_patients: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        data: Data,
        images: Sequence[str],
        patients: Sequence[str],
        files: Sequence[str],
        without_patients: Sequence[str] = (),
    ) -> "Radiographs":
        """Radiographs of a catalog, as their own collections name them.

        Args:
            data: The section that names the collection, or several.
            images: Names in the catalog.
            patients: Ids in the catalog.
            files: See the attribute.
            without_patients: See :func:`without_patients`; the ids of these sources are left out.
        """
        ids = _own_ids(data, images, patients, set(without_patients))
        named = ids if any(ids) else None
        return cls(images, named, _collections_of(data, images), files, without_patients=tuple(without_patients))

    def take(self, rows: np.ndarray) -> "Radiographs":
        """Those of some rows."""

        def some(values: Sequence[str]) -> list[str]:
            return [values[row] for row in rows]

        return Radiographs(
            some(self.images),
            None if self.patients is None else some(self.patients),
            some(self.collections),
            some(self.files),
            None if self.frequencies is None else self.frequencies[rows],
            self.without_patients,
        )


def without_patients(data: Data, catalog: Catalog) -> tuple[str, ...]:
    """The sources that do not name patients, by name; of one collection alone, its format."""
    if catalog.sources:
        return tuple(source.name for source in catalog.sources if not source.patients_known)
    return () if catalog.patients_known else (data.format,)


def _collections_of(data: Data, images: Sequence[str]) -> list[str]:
    """The data format of each radiograph; of several sources, that of the source that its name begins with."""
    formats = {source.name: source.format for source in data.sources}
    return [formats[image.partition("/")[0]] if formats else data.format for image in images]


def _own_ids(data: Data, images: Sequence[str], patients: Sequence[str], without: Set[str]) -> list[str]:
    """The ids as their collection has them, without the register that several sources put before them."""
    if not data.sources:
        return [""] * len(patients) if without else list(patients)
    return [
        "" if image.partition("/")[0] in without else patient.partition(":")[2]
        for image, patient in zip(images, patients, strict=True)
    ]


def is_one_collection(name: str) -> bool:
    """Whether all data of this format are of one collection, so that equal ids are one patient."""
    return name in FORMATS and FORMATS.get(name).generality == 0 and not FORMATS.get(name).writes_data


@dataclass(frozen=True, eq=False)
class MetBefore:
    """The record of the radiographs that a network learned from.

    Attributes:
        salt: 16 bytes, drawn at random for this record.
        iterations: Of the slow hash of patients.
        patients: ``(p, 16)`` uint8, sorted hashes.
        patient_parts: ``(p,)`` uint8, place in :data:`PARTS_USED`.
        files: ``(f, 16)`` uint8, hashes of file contents.
        signatures: ``(f, 72)`` uint8, two numbers of 4 bits in each.
        parts: ``(f,)`` uint8, place in :data:`PARTS_USED`.
        usual: What the signatures are compared to.
        without_patients: The sources whose patients are not recorded, as they do not name any.
    """

    salt: bytes
    iterations: int
    patients: np.ndarray
    patient_parts: np.ndarray
    files: np.ndarray
    signatures: np.ndarray
    parts: np.ndarray
    usual: Usual
    without_patients: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[tuple[str, Radiographs]], workers: int | None = None) -> "MetBefore":
        """The record of the radiographs of the training and the validation part, with their frequencies."""
        salt = os.urandom(16)
        usual = Usual.of(np.concatenate([_known(each) for _, each in parts]))
        found: dict[bytes, int] = {}
        files, signatures, places = [], [], []
        for name, each in parts:
            place = PARTS_USED.index(name)
            for digest in _patients(each, salt, ITERATIONS, workers).values():
                found.setdefault(digest, place)
            files += [_file(digest, salt) for digest in each.files]
            signatures.append(_packed(usual.signatures(_known(each))))
            places += [place] * len(each.files)
        ordered = sorted(found)
        return cls(
            salt,
            ITERATIONS,
            _rows(ordered, _BYTES),
            np.array([found[digest] for digest in ordered], np.uint8),
            _rows(files, _BYTES),
            np.concatenate(signatures),
            np.array(places, np.uint8),
            usual,
            tuple(dict.fromkeys(name for _, each in parts for name in each.without_patients)),
        )

    def checked(self) -> "MetBefore":
        """Itself, if its arrays fit together; a stranger's file may contain any.

        Raises:
            ValueError: They do not.
        """
        if not 1 <= len(self.salt) <= _LONGEST_SALT:
            raise ValueError(f"its salt has {len(self.salt)} bytes")
        patients, files = len(np.atleast_1d(self.patients)), len(np.atleast_1d(self.files))
        hashes: dict[str, tuple[int, ...]] = {
            "patients": (patients, _BYTES),
            "patient_parts": (patients,),
            "files": (files, _BYTES),
            "signatures": (files, (LENGTH + 1) // 2),
            "parts": (files,),
        }
        for name, shape in hashes.items():
            values: np.ndarray = getattr(self, name)
            if values.shape != shape or values.dtype != np.uint8:
                raise ValueError(f"{name} is {values.shape} {values.dtype}, and not {shape} uint8")
        for name in ("patient_parts", "parts"):
            if max(getattr(self, name), default=0) >= len(PARTS_USED):
                raise ValueError(f"{name} names a part that does not exist")
        for name in ("mean", "deviation"):
            values = getattr(self.usual, name)
            if values.shape != (LENGTH,) or values.dtype.kind != "f" or not np.isfinite(values).all():
                raise ValueError(f"{name} is {values.shape} {values.dtype}, and not {LENGTH} finite numbers")
        return self

    def look_up(self, radiographs: Radiographs, workers: int | None = None) -> "Meeting":
        """Which radiographs are of a recorded patient, have a recorded file, or show a recorded picture.

        Equal ids in data that may be of any collection, such as tables, count only where pictures show that it is the
        same one: patient 7 of two hospitals are two people.
        """
        n = len(radiographs.images)
        file_parts = dict(zip(map(bytes, self.files), self.parts.tolist(), strict=True))
        file = np.array(
            [file_parts.get(_file(digest, self.salt), -1) if digest else -1 for digest in radiographs.files], np.int64
        ).reshape(n)
        picture = np.full(n, -1)
        if radiographs.frequencies is not None:
            ones = unit(_unpacked(_packed(self.usual.signatures(radiographs.frequencies))))
            for one, other in alike(ones, unit(_unpacked(self.signatures)), SAME_PICTURE):
                picture[one] = self.parts[other]
        return Meeting(self._patients(radiographs, (file >= 0) | (picture >= 0), workers), file, picture)

    def _patients(self, radiographs: Radiographs, same_picture: np.ndarray, workers: int | None) -> np.ndarray:
        shown = {each for each, met in zip(radiographs.collections, same_picture, strict=True) if met}
        found = np.full(len(radiographs.images), -1)
        if radiographs.patients is None or not len(self.patients):
            return found
        comparable = {each for each in set(radiographs.collections) if each in shown or is_one_collection(each)}
        pairs = zip(radiographs.collections, radiographs.patients, strict=True)
        rows = np.flatnonzero([bool(patient) and each in comparable for each, patient in pairs])
        part_of = dict(zip(map(bytes, self.patients), self.patient_parts.tolist(), strict=True))
        some = radiographs.take(rows)
        hashes = _patients(some, self.salt, self.iterations, workers)
        keys = zip(some.collections, some.patients or (), strict=True)
        found[rows] = [part_of.get(hashes[key], -1) for key in keys]
        return found


@dataclass(frozen=True, eq=False)
class Meeting:
    """How radiographs were met before; of each the place in :data:`PARTS_USED`, -1 if it was not.

    Attributes:
        patient: ``(n,)`` by their patient.
        file: ``(n,)`` by their file.
        picture: ``(n,)`` by their signature.
    """

    patient: np.ndarray
    file: np.ndarray
    picture: np.ndarray

    @property
    def met(self) -> np.ndarray:
        """``(n,)`` bool: in any way."""
        return (self.patient >= 0) | (self.file >= 0) | (self.picture >= 0)

    def together(self, other: "Meeting") -> "Meeting":
        """With what another record knows: whoever was in the training part of one of them was trained on."""
        return Meeting(
            _earliest(self.patient, other.patient),
            _earliest(self.file, other.file),
            _earliest(self.picture, other.picture),
        )


def _earliest(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The earlier of two places in :data:`PARTS_USED`, where -1 is none."""
    return np.where(places < 0, others, np.where(others < 0, places, np.minimum(places, others)))


def _patients(
    radiographs: Radiographs, salt: bytes, iterations: int, workers: int | None
) -> dict[tuple[str, str], bytes]:
    """The hash of each patient, by collection and id; blank ids are none."""
    pairs = zip(radiographs.collections, radiographs.patients or (), strict=False)
    keys = sorted({(collection, patient) for collection, patient in pairs if patient})

    def slow(key: tuple[str, str]) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", "\0".join(key).encode(), salt, iterations, _BYTES)

    return dict(zip(keys, _mapped(slow, keys, workers), strict=True))


def _mapped(
    function: Callable[[tuple[str, str]], bytes], keys: Sequence[tuple[str, str]], workers: int | None
) -> list[bytes]:
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        return list(pool.map(function, keys))


def _file(digest: str, salt: bytes) -> bytes:
    return hashlib.blake2b(digest.encode(), key=salt, digest_size=_BYTES).digest()


def _known(radiographs: Radiographs) -> np.ndarray:
    found = radiographs.frequencies
    return np.zeros((len(radiographs.images), LENGTH), np.float32) if found is None else found


def _rows(digests: Iterable[bytes], width: int) -> np.ndarray:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, width).copy()


def _packed(signatures: np.ndarray) -> np.ndarray:
    """From ``(n, 143)`` to 4 bits for each number."""
    levels = np.clip(np.rint(signatures / _RANGE * _LEVELS), -_LEVELS, _LEVELS).astype(np.int8) + _LEVELS
    padded = np.pad(levels.astype(np.uint8), ((0, 0), (0, 1)), constant_values=_LEVELS)
    return np.asarray(padded[:, ::2] << 4 | padded[:, 1::2], np.uint8)


def _unpacked(packed: np.ndarray) -> np.ndarray:
    both = np.stack([packed >> 4, packed & 15], axis=2).reshape(len(packed), -1)
    return both[:, :LENGTH].astype(np.float32) - _LEVELS
