"""From the experiment's ``data`` section to the catalog of ChestMNIST."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from xraykit.config import Data, expand
from xraykit.data.catalog import Catalog
from xraykit.data.formats.chestmnist import ChestMnistSettings
from xraykit.data.formats.chestmnist.arrays import Arrays, open_arrays
from xraykit.data.formats.chestmnist.facts import FILES, HINTS, LABELS, PARTS
from xraykit.data.formats.chestmnist.unpacking import picture_name, unpack
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import below, data_root
from xraykit.errors import DataError
from xraykit.registry import unknown_name


def read_chestmnist(data: Data) -> Catalog:
    """Read ChestMNIST, whose pictures are first written as PNG files unless that was done before.

    The split is that of the file. As it names no patients, nobody can check that none is in two parts.

    Raises:
        DataError: There is no file, it is damaged, or the pictures cannot be written.
    """
    settings: ChestMnistSettings = data.settings
    _check(data)
    root = data_root(data.root, HINTS)
    arrays = open_arrays(array_file(root, settings, data.labels_file))
    labels = {part: arrays.labels(part) for part in PARTS}
    extents = {part: arrays.extent(part) for part in PARTS}
    _check_extents(arrays, labels, extents)
    folder = _folder(root, settings, extents["train"][1])
    unpack(arrays, folder)
    names = {part: [picture_name(part, number) for number in range(count)] for part, (count, _) in extents.items()}
    listed = [name for part in PARTS for name in names[part]]
    targets = np.concatenate([labels[part] for part in PARTS])
    listing = Listing(
        file=arrays.path,
        lines=range(1, len(listed) + 1),
        images=[f"{_stem(extents['train'][1])}/{name}" for name in listed],
        patients=None,
        targets={label: targets[:, LABELS.index(label)] for label in data.labels},
        sha256=_version(arrays),
    )
    places = dict(zip(listed, listing.images, strict=True))
    return listing.catalog(
        _paths(folder, listed),
        official={part: frozenset(places[name] for name in names[each]) for each, part in PARTS.items()},
        looked_in=[folder],
        hints=HINTS,
    )


def array_file(root: Path, settings: ChestMnistSettings, name: str | None) -> Path:
    """``data.labels_file``, the file of the wanted size, or that of the largest size.

    Raises:
        DataError: It does not exist.
    """
    if name is not None:
        candidates = [below(root, name, "data.labels_file")]
    else:
        sizes = [settings.size] if settings.size else sorted(FILES, reverse=True)
        candidates = [root / FILES[size] for size in sizes]
    for file in candidates:
        if file.is_file():
            return file
    raise DataError(
        f"There is no file {' or '.join(file.name for file in candidates)} in {root}. Check `data.root` and "
        f"`data.chestmnist.size`. {HINTS}"
    )


def _check(data: Data) -> None:
    for label in data.labels:
        if label not in LABELS:
            raise DataError(f"`data.labels`: {unknown_name('finding', label, LABELS)}")
    for key, value in (("columns", data.columns), ("images", data.images)):
        if value:
            raise DataError(
                f"`data.{key}` has no meaning for ChestMNIST, which is one file with pictures and labels alone. Leave "
                f"it out."
            )


def _check_extents(arrays: Arrays, labels: dict[str, np.ndarray], extents: dict[str, tuple[int, int]]) -> None:
    for part, (count, _) in extents.items():
        if count != len(labels[part]):
            raise DataError(
                f"{arrays.path}: {count:,} pictures in {part}_images, {len(labels[part]):,} rows in {part}_labels. "
                f"Expected: as many. Download it again. {HINTS}"
            )
    sides = {side for _, side in extents.values()}
    if len(sides) > 1:
        raise DataError(f"{arrays.path} has pictures of {sorted(sides)} pixels. Expected: one size. {HINTS}")


def _stem(side: int) -> str:
    return f"chestmnist_{side}"


def _folder(root: Path, settings: ChestMnistSettings, side: int) -> Path:
    if settings.unpacked is None:
        return root / _stem(side)
    return Path(os.path.abspath(root / expand(settings.unpacked)))


def _version(arrays: Arrays) -> str:
    """Hash of the checksums of all arrays, which the file's directory lists: several GB need not be read."""
    return hashlib.sha256(json.dumps(sorted(arrays.members.items())).encode()).hexdigest()


def _paths(folder: Path, names: list[str]) -> list[str | None]:
    there = {f"{part}/{entry.name}" for part in PARTS for entry in os.scandir(folder / part)}
    return [os.path.join(folder, name) if name in there else None for name in names]
