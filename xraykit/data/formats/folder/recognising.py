"""What of a folder can be read as class folders, for ``python -m xraykit.init``; no picture is opened."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.config import plain_name
from xraykit.data.formats.folder import HINTS, FolderSettings
from xraykit.data.formats.folder.arrangement import Place, arrange
from xraykit.data.formats.folder.classes import NEGATIVE
from xraykit.data.formats.folder.patients import patients_of
from xraykit.data.formats.folder.scanning import Scan, scan
from xraykit.data.reading.picture_files import data_root
from xraykit.errors import DataError
from xraykit.registry import Recognised

if TYPE_CHECKING:
    from xraykit.config import Data

_MOST_CLASSES = 40
_FEW = 0.02
"""A validation folder with a smaller share of the pictures is proposed to become part of the training."""
_NOT_A_CLASS = re.compile(r"\d+|p(atient)?_?\d+|s(tudy)?_?\d+|.*(train|test)_images", re.IGNORECASE)
_TABLES = (".csv", ".tsv", ".xlsx", ".csv.gz", ".npz")
_TUBERCULOSIS = re.compile(r"(MCU|CHN)CXR_\d+_[01]\.\w+", re.IGNORECASE)


def recognise_folder(root: Path) -> Recognised | None:
    """Class folders, or the names of Montgomery and Shenzhen; None for anything else.

    A folder with a table of labels is not proposed unless one of its folders is a negative class such as ``NORMAL``.
    """
    found = scan(root)
    if not found.pictures:
        return None
    if all(_TUBERCULOSIS.fullmatch(picture.name) for picture in found.pictures):
        return _tuberculosis(found)
    places = arrange(
        dict.fromkeys(picture.folders for picture in found.pictures), lambda name: plain_name(name) in NEGATIVE
    )
    folders = (places[picture.folders].folder for picture in found.pictures)
    classes = Counter(folder for folder in folders if folder)
    negative = [name for name in classes if plain_name(name) in NEGATIVE]
    tables = any(entry.name.lower().endswith(_TABLES) for entry in root.iterdir())
    unlikely = len(classes) > _MOST_CLASSES or any(map(_NOT_A_CLASS.fullmatch, classes)) or (tables and not negative)
    if not classes or unlikely or (len(classes) < 2 and not negative):
        return None
    labels = list(dict.fromkeys(name for name in classes if plain_name(name) not in NEGATIVE))
    listed = ", ".join(f"{name} ({count:,})" for name, count in classes.items())
    missing = [] if labels else ["a class folder besides the negative one"]
    data = {"labels": labels, **_split(found, places)}
    return Recognised(f"class folders {listed}", data, tuple(missing))


def found_values(data: "Data") -> Mapping[str, Any]:
    """Values of ``data`` that an experiment leaves out: its labels, and how patients are divided.

    The labels are those of ``data.folder.classes``, else the class folders that are not negative.

    Returns:
        Path to value, such as ``{"labels": ("PNEUMONIA",), "split.method": "official"}``.

    Raises:
        DataError: There is no such folder, or it has no class folders that can be distinguished from others.
    """
    root = data_root(data.root, HINTS)
    recognised = recognise_folder(root)
    settings: FolderSettings = data.settings
    labels = data.labels or tuple(settings.classes) or tuple(recognised.data["labels"] if recognised else ())
    unused = {plain_name(name) for name in (*settings.negative, *settings.leave_out)}
    labels = tuple(label for label in labels if data.labels or plain_name(label) not in unused)
    if not labels:
        raise DataError(f"{data.root} has no class folders that are recognised. Name them in `data.labels`. {HINTS}")
    return {"labels": labels, "split.method": "official" if _has_split(root) else "patient"}


def _has_split(root: Path) -> bool:
    """Whether there are folders of a training and a test part, even if a patient is in both, which is refused."""
    found = scan(root)
    places = arrange(
        dict.fromkeys(picture.folders for picture in found.pictures), lambda name: plain_name(name) in NEGATIVE
    )
    return {"train_val", "test"} <= {place.part for place in places.values()}


def _split(found: Scan, places: dict[tuple[str, ...], Place]) -> dict[str, Any]:
    """The official split where it can be used as it is, else one by patient."""
    parts = Counter(places[each.folders].part for each in found.pictures if places[each.folders].folder)
    if None in parts or not parts["train_val"] or not parts["test"] or _overlap(found, places):
        return {"split": {"method": "patient"}}
    few = 0 < parts["validation"] < _FEW * parts.total()
    return {"split": {"method": "official"}, **({"folder": {"validation_into_training": True}} if few else {})}


def _overlap(found: Scan, places: dict[tuple[str, ...], Place]) -> bool:
    """Whether a known patient is in two parts."""
    try:
        patients = patients_of([picture.name for picture in found.pictures], None)
    except DataError:
        return False
    if patients is None:
        return False
    pairs = {(patient, places[picture.folders].part) for patient, picture in zip(patients, found.pictures, strict=True)}
    return len(pairs) > len({patient for patient, _ in pairs})


def _tuberculosis(found: Scan) -> Recognised:
    with_it = sum(picture.name.rpartition(".")[0].endswith("1") for picture in found.pictures)
    settings = {"label_pattern": r"_([01])\.\w+$", "classes": {"Tuberculosis": "1"}, "negative": ["0"]}
    return Recognised(
        f"names of Montgomery or Shenzhen, {with_it:,} of {len(found.pictures):,} with tuberculosis",
        {"labels": ["Tuberculosis"], "split": {"method": "patient"}, "folder": settings},
    )


def _places(found: Scan) -> dict[tuple[str, ...], Place]:
    """The places of the folders, where no class is known but the usual negative ones."""
    folders = dict.fromkeys(picture.folders for picture in found.pictures)
    return arrange(folders, lambda name: plain_name(name) in NEGATIVE)
