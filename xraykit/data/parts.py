"""From the experiment's ``data`` section to its training, validation and test part."""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from xraykit.config import SOURCE, Data, Source, SplitRecord
from xraykit.data.bit_depth import find_bit_depth
from xraykit.data.catalog import Catalog, check_names, hash_of_files
from xraykit.data.chosen import chosen_radiographs
from xraykit.data.folds import split_folds
from xraykit.data.header_facts import with_header_facts
from xraykit.data.mixing.merging import merged
from xraykit.data.mixing.official import mixed_record
from xraykit.data.splits import PARTS, check_disjoint, split_patients
from xraykit.errors import DataError, PatientOverlapError, SealedPartError
from xraykit.registry import FORMATS
from xraykit.system import counted


@dataclass(frozen=True, eq=False)
class Parts:
    """The radiographs of an experiment, divided by patient.

    Attributes:
        split: How they were divided.
        labels: The labels, in the order of the model's outputs.
        fingerprint: SHA-256 over the catalog's fingerprint and the part of each radiograph; sealed or not, it is
            the same.
        image_list_sha256: SHA-256 over the sorted file names of all radiographs.
        sizes: Number of radiographs of each part.
        catalogs: The catalog of each part that is not sealed; use :meth:`catalog_of`.
        division: The columns ``image``, ``patient`` and ``part``; use :meth:`assignments`. While the network of one
            fold is trained, the part of radiographs that are in no fold is ``held out``.
        paths: Of all radiographs, those of a sealed part too: one cache of pictures serves every split.
        bit_depth: Of 16-bit pictures that do not declare it: ``data.bit_depth``, or that of the training part; None
            where there are none. See :mod:`.bit_depth`.
    """

    split: SplitRecord
    labels: tuple[str, ...]
    fingerprint: str
    image_list_sha256: str
    sizes: Mapping[str, int]
    catalogs: Mapping[str, Catalog]
    division: pd.DataFrame
    paths: tuple[str, ...]
    bit_depth: int | None = None

    def catalog_of(self, part: str) -> Catalog:
        """The radiographs of ``train``, ``validation`` or ``test``.

        Raises:
            SealedPartError: The test part is asked for while it is sealed.
            DataError: There is no such part.
        """
        if part not in PARTS:
            raise DataError(f"There is no part {part!r}. Expected: {', '.join(PARTS)}.")
        if part not in self.catalogs:
            raise SealedPartError(
                f"The {part} part is sealed while hyperparameters are searched, so that no choice can depend on it. "
                f"Score trials on the validation part, and train the chosen values without a search to test them."
            )
        return self.catalogs[part]

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What these data are, wherever they are stored, to be compared with later; JSON-able, the same sealed or not.

        Of each part the number of radiographs and patients, and a SHA-256 over both names of each; of all the number of
        bytes of each picture file, which shows that one was replaced. The depth of 16-bit pictures, if they need one.
        """
        return {
            **({} if self.bit_depth is None else {"bit_depth": self.bit_depth}),
            "fingerprint": self.fingerprint,
            "label_file": self.catalogs["train"].label_file_sha256,
            "picture_sizes": picture_sizes(self.division["image"], self.paths),
            "parts": {
                name: {
                    "images": len(rows),
                    "patients": int(rows["patient"].nunique()),
                    "sha256": _sha256(sorted(zip(rows["image"], rows["patient"], strict=True))),
                }
                for name, rows in ((name, self.division[self.division["part"] == name]) for name in PARTS)
            },
        }

    def identity_now(self) -> dict[str, Any]:
        """:attr:`identity` with the label file hashed and the picture files measured again: without reading rows.

        Raises:
            DataError: One of these files cannot be read any more.
        """
        files = self.catalogs["train"].label_files
        try:
            return {
                **self.identity,
                "label_file": hash_of_files(files) if files else self.identity["label_file"],
                "picture_sizes": picture_sizes(self.division["image"], self.paths),
            }
        except OSError as error:
            raise DataError(
                f"{error.filename} was read when the run started and cannot be read now: {error.strerror}. Expected: "
                f"data that nobody changes during a run. Restore the file, then continue with --resume."
            ) from error

    def without(self, images: Collection[str]) -> "Parts":
        """The parts without some radiographs; the others stay where they are. The fingerprint is another one.

        Raises:
            DataError: A part would be empty.
        """
        gone = set(images)
        if not gone:
            return self
        kept = ~self.division["image"].isin(gone).to_numpy()
        division = self.division[kept].reset_index(drop=True)
        sizes = {name: int((division["part"] == name).sum()) for name in PARTS}
        empty = [name for name in PARTS if self.sizes[name] and not sizes[name]]
        if empty:
            raise DataError(
                f"Without the {counted(len(gone), 'radiograph')} left out, the {empty[0]} part is empty. Expected: at "
                f"least one radiograph in each part. Add radiographs, or see why so many were left out."
            )
        text = "\n".join([self.fingerprint, *sorted(self.division["image"][~kept])])
        return replace(
            self,
            fingerprint=hashlib.sha256(text.encode()).hexdigest(),
            sizes=sizes,
            catalogs={
                name: each.take(~each.table["image"].isin(gone).to_numpy()) for name, each in self.catalogs.items()
            },
            division=division,
            paths=tuple(path for path, keep in zip(self.paths, kept, strict=True) if keep),
        )

    def assignments(self) -> pd.DataFrame:
        """The columns ``image``, ``patient`` and ``part``, one row per radiograph; without labels."""
        return self.division.copy()


def read_catalog(data: Data) -> Catalog:
    """Read the label file and find the radiographs.

    Raises:
        RegistryError: The format is unknown.
        DataError: Label file or radiographs are invalid; see the format's reader.
    """
    check_names(data.columns, data.labels)
    if data.sources:
        return merged(data, [_read_source(data, source) for source in data.sources])
    with FORMATS.naming_plugin(data.format):
        try:
            catalog = FORMATS.get(data.format).read(data)
        except OSError as error:
            raise DataError(
                f"{error.filename or data.root} cannot be read: {error.strerror or error}. Expected: label files and "
                f"folders of pictures that this user may read. Check their permissions."
            ) from error
    if not isinstance(catalog, Catalog):
        raise DataError(
            f"The reader of the data format {data.format!r} must return an xraykit.data.catalog.Catalog. "
            f"Received: {type(catalog).__name__}."
        )
    return chosen_radiographs(with_header_facts(catalog), data.views or FORMATS.get(data.format).views, data.one_per)


def _read_source(data: Data, source: Source) -> Catalog:
    try:
        return read_catalog(data.alone(source))
    except DataError as error:
        raise type(error)(f"Source {source.name}: {error}") from error


@dataclass(frozen=True, eq=False)
class SealedData:
    """The radiographs of an experiment, of whose test part nobody sees the labels until it is unsealed.

    The label file is read once. Training, search and calibration receive :attr:`parts`, in which the test part has no
    catalog; the pipeline alone holds this object.

    Attributes:
        parts: All parts; the test part is sealed.
    """

    parts: Parts
    _test: Catalog

    def unsealed(self) -> Parts:
        """All parts with their labels, as they were read; see :meth:`Parts.identity_now` for the files meanwhile."""
        return replace(self.parts, catalogs={**self.parts.catalogs, "test": self._test})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.parts.split}, {self.parts.sizes})"


def load_sealed(data: Data, seed: int) -> SealedData:
    """Read the label file, find the radiographs and divide them by patient.

    Args:
        data: The experiment's ``data`` section.
        seed: The experiment's seed.

    Raises:
        RegistryError: The format is unknown.
        DataError: Label file, radiographs or split are invalid.
        PatientOverlapError: A patient would be in two parts.
    """
    catalog = read_catalog(data)
    lists = "" if data.sources else FORMATS.get(data.format).official
    with _naming_nobody(data):
        divide = split_folds if data.split.method == "folds" else split_patients
        parts = divide(catalog, data.split, seed, lists)
        check_disjoint(catalog.table["patient"], parts)
    division = catalog.table[["image", "patient"]].assign(part=parts)
    catalogs = {name: catalog.take(parts == name) for name in PARTS}
    test = catalogs.pop("test")
    sealed = Parts(
        split=_record(catalog, data, seed),
        labels=catalog.labels,
        fingerprint=_fingerprint(catalog, division),
        image_list_sha256=hashlib.sha256("\n".join(sorted(catalog.table["image"])).encode()).hexdigest(),
        sizes={name: int((parts == name).sum()) for name in PARTS},
        catalogs=catalogs,
        division=division,
        paths=tuple(catalog.table["path"]),
        bit_depth=data.bit_depth or _bit_depth(catalogs["train"], data),
    )
    return SealedData(sealed, test)


def _bit_depth(train: Catalog, data: Data) -> int | None:
    table = train.table.sort_values("image")
    if not train.sources:
        return find_bit_depth(table["path"].tolist(), data.max_megapixels)
    depths = {
        str(name): depth
        for name, rows in table.groupby(SOURCE)
        if (depth := find_bit_depth(rows["path"].tolist(), data.max_megapixels)) is not None
    }
    if len(set(depths.values())) > 1:
        found = ", ".join(f"{name} {depth} bits" for name, depth in depths.items())
        raise DataError(
            f"The sources have 16-bit pictures of different depths that their files do not declare: {found}. Read with "
            f"one depth, the pictures of one source would all be darker, and the network would recognise the source. "
            f"Expected: one depth. Write the pictures of one source again, or set `data.bit_depth` to read all with it."
        )
    return next(iter(depths.values()), None)


def _record(catalog: Catalog, data: Data, seed: int) -> SplitRecord:
    if data.sources:
        return mixed_record(catalog, data, seed)
    record = SplitRecord.of(data.split, seed, data.format)
    if record.method == "folds":
        return record.model_copy(update={"test_list": catalog.test_list or None}) if record.owner else record
    if record.method != "official":
        return record
    listed: dict[str, Any] = {"shares": {}} if "validation" in (catalog.official or {}) else {}
    return record.model_copy(update={**listed, "test_list": catalog.test_list or None})


@contextmanager
def _naming_nobody(data: Data) -> Iterator[None]:
    """Messages name patients only where the experiment keeps their ids."""
    try:
        yield
    except PatientOverlapError:
        if data.patient_ids == "keep":
            raise
        raise PatientOverlapError(
            "Patients are in more than one part. Expected: each patient in one part. Use `data.split.method=patient`, "
            "or correct the lists or the label file; with `data.patient_ids: keep` the message names some."
        ) from None


def load_parts(data: Data, seed: int, *, sealed_test: bool) -> Parts:
    """The parts of :func:`load_sealed`; with ``sealed_test`` without the labels of the test part, as in a search."""
    loaded = load_sealed(data, seed)
    return loaded.parts if sealed_test else loaded.unsealed()


def _fingerprint(catalog: Catalog, division: pd.DataFrame) -> str:
    pairs = sorted(zip(division["image"], division["part"], strict=True))
    return _sha256([catalog.fingerprint(), pairs])


def picture_sizes(images: Iterable[str], paths: Iterable[str]) -> str:
    """SHA-256 over the names of radiographs and the numbers of bytes of their files, in their order."""
    return _sha256([list(images), [os.path.getsize(path) for path in paths]])


def _sha256(values: Any) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
